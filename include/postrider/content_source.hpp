// content_source.hpp - where the content of a mail is read from: memory, a file, a stream, or anything else that derives.
#ifndef POSTRIDER_CONTENT_SOURCE_HPP
#define POSTRIDER_CONTENT_SOURCE_HPP

#include <postrider/content.hpp>
#include <postrider/errc.hpp>

#include <iosfwd>
#include <memory>
#include <string>

namespace postrider {

/// Where the content of a mail, header block and body, is read from. One mail has one, and one connection at a time uses it.
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

protected:
    content_source() = default;
    content_source(const content_source&) = default;
    content_source& operator=(const content_source&) = default;
};

/// A content that lies in memory. Line ends may be LF.
std::shared_ptr<content_source> text_content(std::string text);
/// A file, read as it is sent, in constant memory: once before MAIL for what the server has to be told (SIZE, octets above
/// 127), once for each transaction. A file that changes meanwhile gives the mail up (`content_mismatch`). What cannot be read
/// twice, a pipe, is spooled as `stream_content` is.
std::shared_ptr<content_source> file_content(std::string path);
/// A stream, to its end. It is read when the mail is first described, into a file without a name in the folder for temporary
/// files (TMPDIR), since it can be read only once, and the content has to be known before MAIL, and perhaps sent again.
std::shared_ptr<content_source> stream_content(std::istream& from);

} // namespace postrider

#endif
