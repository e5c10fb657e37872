// content_source.hpp - where the content of a mail is read from: memory, a file, a stream, or anything else that derives.
#ifndef POSTRIDER_CONTENT_SOURCE_HPP
#define POSTRIDER_CONTENT_SOURCE_HPP

#include <postrider/content.hpp>
#include <postrider/errc.hpp>

#include <atomic>
#include <iosfwd>
#include <memory>
#include <string>

namespace postrider {

/// Where the content of a mail, header block and body, is read from. Mails may share one: each is sent from a `clone` of it.
class content_source {
public:
    virtual ~content_source() = default;

    /// What is to be known of it before MAIL: either it lies in memory (`mail_content::text`, which must stay until the mail
    /// is done), or it is `pulled`, and then `kind`, `utf8_header`, `repeatable`, `size` and `exact_size` say what it will
    /// be. Asked before each time that the mail is sent, and may read all of it. Not `ok`: nothing is sent, and `problem`
    /// says what is wrong, where, and what to do about it.
    [[nodiscard]] virtual errc describe(mail_content& to, std::string& problem) = 0;

    /// The next part of what is pulled; `first`: from its beginning. Its octets stay until the next call. See `content_part`.
    virtual content_part pull(bool first) noexcept = 0;

    /// Another reader of the same content, with a place of its own. May be asked while earlier ones are read, by other threads
    /// too. Null, as it is here: there can be none; then a second mail that is handed over while the first is not done is
    /// refused with `wrong_state`.
    virtual std::shared_ptr<content_source> clone() { return nullptr; }

    /// For who sends what has no clone: false, somebody does already.
    bool lease() noexcept { return !leased_.exchange(true); }
    void release() noexcept { leased_ = false; }

protected:
    content_source() = default;
    content_source(const content_source&) noexcept {}
    content_source& operator=(const content_source&) noexcept { return *this; }

private:
    std::atomic<bool> leased_{false};
};

/// A content that lies in memory. Line ends may be LF.
std::shared_ptr<content_source> text_content(std::string text);
/// A file, read as it is sent, in constant memory: once before MAIL for what the server has to be told (SIZE, octets above
/// 127), once for each transaction. A file that changes meanwhile gives the mail up (`content_mismatch`). What cannot be read
/// twice, a pipe, is spooled as `stream_content` is; it is waited for until somebody writes to it, and then to its end. Described:
/// `body_failed`, it cannot be opened or read, or changes meanwhile; `system_failure`, the copy cannot be written.
std::shared_ptr<content_source> file_content(std::string path);
/// A stream, to its end. It is read when the mail is first described, into a file without a name in the folder for temporary
/// files (TMPDIR, or /tmp), since it can be read only once, and the content has to be known before MAIL, and perhaps sent again.
/// Described: `body_failed`, it cannot be read; `system_failure`, that folder is not there, or full. `problem` names it.
std::shared_ptr<content_source> stream_content(std::istream& from);

} // namespace postrider

#endif
