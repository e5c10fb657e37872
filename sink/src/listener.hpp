// A socket that listens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "postrider/sink/sink.hpp"

namespace postrider::sink {

class listener {
public:
    listener() = default;
    ~listener();
    listener(listener&& other) noexcept;
    listener& operator=(listener&&) = delete;

    // `where` is "ADDRESS:PORT" or "[ADDRESS6]:PORT". What is wrong, or nullopt.
    [[nodiscard]] std::optional<sink::failure> open(std::string_view where);

    // A connection that waits, not blocking, without Nagle's delay; -1 when there is none.
    [[nodiscard]] int accept(std::string& peer) const;

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] const endpoint& where() const { return where_; }

private:
    int descriptor_ = -1;
    endpoint where_;
};

} // namespace postrider::sink
