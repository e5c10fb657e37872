// inputs.hpp - texts from files, and standard input, which can be read for one thing only.
#ifndef POSTRIDER_CLI_INPUTS_HPP
#define POSTRIDER_CLI_INPUTS_HPP

#include <iosfwd>
#include <string>

namespace postrider::cli {

/// `option` is for messages: who wants it. All throw `failure`: 64, standard input is wanted twice; 66, it cannot be read.
class inputs {
public:
    /// All of a file, or of standard input for `-`.
    std::string text(const std::string& option, const std::string& file);
    /// Standard input, from here on somebody's.
    std::istream& standard(const std::string& option);
    /// Nobody's yet, and not closed when we were called.
    bool is_open() const noexcept;

private:
    std::string taken_by_;
};

} // namespace postrider::cli

#endif
