// descriptor.hpp - a file descriptor that is closed with its owner.
#ifndef POSTRIDER_MESSAGE_DESCRIPTOR_HPP
#define POSTRIDER_MESSAGE_DESCRIPTOR_HPP

#include <unistd.h>
#include <utility>

namespace postrider {

class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        if (this != &other) {
            if (number_ >= 0) ::close(number_);
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }

private:
    int number_ = -1;
};

} // namespace postrider

#endif
