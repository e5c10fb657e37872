// waterfall.hpp - the time of each step of a probe, in a terminal and as a picture.
#ifndef POSTRIDER_CLI_WATERFALL_HPP
#define POSTRIDER_CLI_WATERFALL_HPP

#include "svg.hpp"
#include "terminal.hpp"

#include <postrider/probe.hpp>

#include <chrono>
#include <iosfwd>
#include <string>
#include <vector>

namespace postrider::cli {

/// One step, or several of a kind that follow each other.
struct bar {
    std::string name{};
    std::chrono::nanoseconds begun{}; ///< since the probe began
    std::chrono::nanoseconds ended{};
    enum class kind { network, tls, smtp } what = kind::smtp;
};

std::vector<bar> bars_of(const probe_result& seen);

struct canvas {
    unsigned width = 80;
    bool blocks = false; ///< the eighths of U+2588, and no ASCII
};
/// The locale's character set has them: UTF-8, by LC_ALL, LC_CTYPE or LANG.
bool shows_blocks();

void print(std::ostream& to, const std::vector<bar>& bars, const style& with, const canvas& on);

svg draw(const probe_result& seen, const std::string& title);

} // namespace postrider::cli

#endif
