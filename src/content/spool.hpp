// spool.hpp - octets that can be read more than once: a file where it lies, or a copy of what can be read only once.
#ifndef POSTRIDER_SRC_CONTENT_SPOOL_HPP
#define POSTRIDER_SRC_CONTENT_SPOOL_HPP

#include <postrider/content_source.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace postrider::content_detail {

/// Octets of a part that is read at once.
inline constexpr std::size_t part_size = 65536;

/// An open file. Its copies of what cannot be read twice lie in a file without a name in TMPDIR, or /tmp, that only this
/// process can open, and that is gone with it. Where a call can fail it says why in words: empty, and it has not. Whose fault it is says `error`.
class spool {
public:
    spool() noexcept = default;
    spool(const spool&) = delete;
    spool& operator=(const spool&) = delete;
    ~spool() { close(); }

    /// Opens `path`. What is no regular file is copied, to its end: `copied`.
    [[nodiscard]] std::string open(const std::string& path, bool& copied);
    /// Opens `path` again, for a further reading. Does not wait, if it has become a pipe meanwhile.
    [[nodiscard]] bool reopen(const std::string& path) noexcept;
    /// Copies a stream from where it stands, to its end. Where its `exceptions` are on they do not fire, and its state is
    /// cleared.
    [[nodiscard]] std::string copy(std::istream& from);
    /// Copies what is pulled, from its beginning.
    [[nodiscard]] std::string copy(content_source& from);
    /// Begins a copy that `append` fills.
    [[nodiscard]] std::string begin();
    [[nodiscard]] std::string append(std::string_view octets);
    void close() noexcept;
    void swap(spool& other) noexcept {
        std::swap(file_, other.file_);
        std::swap(error_, other.error_);
    }
    bool is_open() const noexcept { return file_ >= 0; }
    /// Once something has failed: `system_failure`, the copy cannot be written; `body_failed`, what is read.
    errc error() const noexcept { return error_; }

    /// Up to `room.size()` octets from `offset`. How many; 0: the end; -1: errno says why.
    ssize_t read(std::uint64_t offset, std::span<char> room) const noexcept;

    /// What tells one state of a file from another. Two writes within a tick of the file system's clock that keep the size are
    /// not told apart: then what is sent is a mixture, as with any program that reads a file while it is written.
    struct state {
        enum class kind : std::uint8_t { none, regular, folder, other } what = kind::none;
        std::uint64_t device = 0, inode = 0, size = 0;
        std::int64_t seconds = 0, nanoseconds = 0;
        friend bool operator==(const state&, const state&) = default;
    };
    /// `none` where there is no file, or nothing is known of it.
    state now() const noexcept;

private:
    std::string copy(int from, const std::string& path);
    std::string not_copied(int number);

    int file_ = -1;
    errc error_ = errc::body_failed;
};

} // namespace postrider::content_detail

#endif
