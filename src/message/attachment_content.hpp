// attachment_content.hpp - the octets of a part: where they lie, how many they are, and one reading of them.
#ifndef POSTRIDER_MESSAGE_ATTACHMENT_CONTENT_HPP
#define POSTRIDER_MESSAGE_ATTACHMENT_CONTENT_HPP

#include "content/spool.hpp"

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>

namespace postrider {

class attachment_content {
public:
    static std::shared_ptr<const attachment_content> of_file(std::string path);
    static std::shared_ptr<const attachment_content> of_octets(std::string octets);
    /// Reads all of it. What goes wrong is `problem` of the result.
    static std::shared_ptr<const attachment_content> spooled(std::istream& from);

    const std::string& path() const noexcept { return path_; } ///< empty: not a file of the caller's
    const std::string& octets() const noexcept { return octets_; }
    bool in_memory() const noexcept { return path_.empty() && !spool_.is_open() && problem_.empty(); }

private:
    friend class content_reader;
    std::string path_{};
    std::string octets_{};
    content_detail::spool spool_{};
    std::string problem_{};
};

/// Reads a content from its beginning, once.
class content_reader {
public:
    /// False: `problem` says why, naming the file.
    bool open(const attachment_content& content, std::string& problem);
    const content_detail::spool::state& state() const noexcept { return state_; }
    /// Fills `to` as far as there are octets; fewer only at the end. -1: it cannot be read, or is not what `open` found: what it
    /// should have is not there, or more is.
    std::ptrdiff_t read(std::span<char> to) noexcept;
    void close() noexcept;

private:
    bool look(const content_detail::spool& file, const std::string& what, std::string& problem);

    const attachment_content* content_ = nullptr;
    content_detail::spool own_{};
    const content_detail::spool* file_ = nullptr;
    std::uint64_t at_ = 0;
    content_detail::spool::state state_{};
};

} // namespace postrider

#endif
