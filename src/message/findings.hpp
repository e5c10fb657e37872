// findings.hpp - what is wrong with a message, collected: ten of a kind (of notes one), and how many more there are.
#ifndef POSTRIDER_MESSAGE_FINDINGS_HPP
#define POSTRIDER_MESSAGE_FINDINGS_HPP

#include "postrider/message_check.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::message_detail {

/// A kind of finding. Its texts stand once, in the table beside the code that finds it.
struct finding_kind {
    std::string_view code{};
    postrider::severity severity = severity::note;
    std::string_view reference{};
    std::string_view advice{};
};

class findings {
public:
    static constexpr std::uint64_t told = 10; ///< of a kind; of a note one

    void add(const finding_kind& kind, std::uint64_t line, std::string what);
    /// Puts all in order of lines, and into the verdict.
    void move_to(message_verdict& verdict);

private:
    struct seen {
        std::string_view code{};
        std::uint64_t times = 0;
        std::size_t last = 0; ///< index of the last one that is told
    };
    std::vector<message_finding> all_{};
    std::vector<seen> kinds_{};
};

/// A text of the message's, fit to be shown: the beginning of it, without control characters.
std::string shown(std::string_view text);

} // namespace postrider::message_detail

#endif
