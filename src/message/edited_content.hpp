// edited_content.hpp - a content with another header block, and the rest of it where it lies.
#ifndef POSTRIDER_SRC_MESSAGE_EDITED_CONTENT_HPP
#define POSTRIDER_SRC_MESSAGE_EDITED_CONTENT_HPP

#include "content/rereadable.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::message_detail {

/// Holds what it is made of to its first octets: a blind copy that was taken out of them could else stand in others, and leave.
class edited_content final : public content_source {
public:
    /// `original`: what the content begins with; `edited` is sent instead. `whole`: nothing comes behind it.
    edited_content(content_detail::rereadable&& of, std::string&& original, std::string&& edited, bool whole) noexcept;

    errc describe(mail_content& to, std::string& problem) override;
    content_part pull(bool first) noexcept override;
    std::shared_ptr<content_source> clone() override;

private:
    bool skip(std::string_view& part) noexcept;
    void describe_pulled(mail_content& of) const noexcept;

    content_detail::rereadable of_;
    std::string original_;
    std::string edited_;
    bool whole_;
    std::vector<std::string_view> more_{};
    std::size_t skipped_ = 0; ///< of `original_`
    bool begun_ = false;
};

} // namespace postrider::message_detail

#endif
