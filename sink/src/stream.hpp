// The octets of one connection. Plain TCP here; TLS stands behind the same face, in tls.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace postrider::sink {

class byte_stream {
public:
    struct result {
        enum class outcome { done, again, end, failed };
        outcome what;
        std::size_t octets = 0; // with done: at least 1
    };

    virtual ~byte_stream() = default;

    // Neither waits: `again` when nothing can be read, or nothing written, now. read() alone answers `end`.
    virtual result read(std::span<char> into) = 0;
    virtual result write(std::string_view octets) = 0;
    virtual void shutdown_write() = 0;
    virtual void reset() = 0; // the peer reads a reset; the stream is of no use afterwards
    virtual void set_receive_buffer(std::size_t octets) = 0;
    // Whether read() has something at hand of which no event tells.
    [[nodiscard]] virtual bool pending() const { return false; }
    [[nodiscard]] virtual int descriptor() const = 0;
};

class socket_stream : public byte_stream {
public:
    explicit socket_stream(int descriptor) : descriptor_(descriptor) {} // owns it from now on
    ~socket_stream() override;
    socket_stream(const socket_stream&) = delete;
    socket_stream& operator=(const socket_stream&) = delete;

    result read(std::span<char> into) override;
    result write(std::string_view octets) override;
    void shutdown_write() override;
    void reset() override;
    void set_receive_buffer(std::size_t octets) override;
    [[nodiscard]] int descriptor() const override { return descriptor_; }

private:
    int descriptor_;
};

} // namespace postrider::sink
