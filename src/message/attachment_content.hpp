// attachment_content.hpp - the octets of a part: where they lie, how many they are, and one reading of them.
#ifndef POSTRIDER_MESSAGE_ATTACHMENT_CONTENT_HPP
#define POSTRIDER_MESSAGE_ATTACHMENT_CONTENT_HPP

#include "message/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>

namespace postrider {

/// What tells a file from the same one after a change. Two writes within a tick of the file system's clock that keep the size
/// are not told apart: then what is sent is a mixture, as with any program that reads a file while it is written.
struct file_state {
    std::uint64_t size = 0;
    std::int64_t changed_seconds = 0, changed_nanoseconds = 0;
    std::uint64_t device = 0, inode = 0;
    bool operator==(const file_state&) const = default;
};

class attachment_content {
public:
    static std::shared_ptr<const attachment_content> of_file(std::string path);
    static std::shared_ptr<const attachment_content> of_octets(std::string octets);
    /// Reads all of it. What goes wrong is `problem` of the result.
    static std::shared_ptr<const attachment_content> spooled(std::istream& from);

    const std::string& path() const noexcept { return path_; } ///< empty: not a file of the caller's
    const std::string& octets() const noexcept { return octets_; }
    bool in_memory() const noexcept { return path_.empty() && !spool_ && problem_.empty(); }

private:
    friend class content_reader;
    std::string path_{};
    std::string octets_{};
    descriptor spool_{};
    std::string problem_{};
};

/// Reads a content from its beginning, once.
class content_reader {
public:
    /// False: `problem` says why, naming the file.
    bool open(const attachment_content& content, std::string& problem);
    const file_state& state() const noexcept { return state_; }
    /// Fills `to` as far as there are octets; fewer only at the end. -1: it cannot be read, or is not what `open` found: what it
    /// should have is not there, or more is.
    std::ptrdiff_t read(std::span<char> to) noexcept;
    void close() noexcept;

private:
    bool open_file(const std::string& path, std::string& problem);
    bool look(int file, const std::string& what, std::string& problem);

    const attachment_content* content_ = nullptr;
    descriptor own_{};
    int file_ = -1;
    std::uint64_t at_ = 0;
    file_state state_{};
};

} // namespace postrider

#endif
