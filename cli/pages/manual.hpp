// manual.hpp - manual pages in roff, made of the options themselves and of what stands in manual_texts.cpp beside them.
#ifndef POSTRIDER_CLI_MANUAL_HPP
#define POSTRIDER_CLI_MANUAL_HPP

#include "command_tree.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::cli {

/// What a page says that no help has. Texts are plain; names of options in them become bold. Lines that begin with a blank stand
/// as they are, and an empty line ends a paragraph.
struct manual_text {
    std::string_view page{};        ///< "postrider-send"
    std::string_view section{};     ///< "1"
    std::string_view description{}; ///< below what the command says of itself
    std::span<const std::pair<std::string_view, std::string_view>> exit_status{};
    std::span<const std::pair<std::string_view, std::string_view>> files{};
    std::span<const std::pair<std::string_view, std::string_view>> environment{};
    std::string_view see_also{}; ///< "postrider-config(5), sendmail(8)"; its sisters are added
};

/// All pages that there are.
std::span<const manual_text> all_manual_texts() noexcept;

/// The page `name`: "postrider", "postrider-send", ..., "postrider-config". Empty: there is none. `date`: "2026-11-30".
std::string manual_page(const command_facts& all, std::string_view name, std::string_view date);

/// A plain text as roff takes it: with what it would act upon escaped.
std::string roff(std::string_view plain);

} // namespace postrider::cli

#endif
