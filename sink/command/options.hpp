// The options of postrider-sink.
#pragma once

#include <optional>
#include <string>

#include "postrider/sink/config.hpp"

namespace postrider::sink {

struct options {
    sink::config config;
    std::string port_file;
    std::string report_file;
    bool transcript = false;
};

// The options, or the exit code with which the command ends: help was asked for, or an option is wrong.
std::optional<int> parse_options(int argc, char** argv, options& parsed);

} // namespace postrider::sink
