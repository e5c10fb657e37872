// rereadable.hpp - any content, read from its beginning as often as is wanted, wherever it lies.
#ifndef POSTRIDER_SRC_CONTENT_REREADABLE_HPP
#define POSTRIDER_SRC_CONTENT_REREADABLE_HPP

#include <postrider/content_source.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace postrider::content_detail {

/// A copy of a content that can be pulled only once, made when it is first described (see spool.hpp). `of` was described.
std::shared_ptr<content_source> copied_content(std::shared_ptr<content_source> of);

class rereadable {
public:
    explicit rereadable(std::shared_ptr<content_source> of) noexcept;

    /// Whether there is a `clone`.
    std::optional<rereadable> clone() const;

    /// As `content_source::describe`: in memory, or pulled and repeatable.
    [[nodiscard]] errc describe(mail_content& to, std::string& problem);
    /// The next part, of what is in memory as well; `first`: from its beginning. Its octets stay until the next call, and in
    /// memory until the next `describe`.
    content_part next(bool first) noexcept;

private:
    std::shared_ptr<content_source> of_;
    mail_content known_{};
    mail_content asked_{}; ///< of what was copied: what the copy cannot know
    std::size_t part_ = 0; ///< in memory: 0 is the text, then those of `more`
};

} // namespace postrider::content_detail

#endif
