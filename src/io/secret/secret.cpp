#include "postrider/io/secret.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace postrider {

const char* describe(secret_errc error) noexcept {
    switch (error) {
    case secret_errc::ok: return "no error";
    case secret_errc::unreadable: return "the file with the secret cannot be read";
    case secret_errc::unset: return "the environment has no variable of that name";
    case secret_errc::empty: return "the secret is empty";
    case secret_errc::holds_nul: return "the secret holds a NUL";
    case secret_errc::too_long: return "the secret is too long to be one";
    }
    return "unknown error";
}

secret::secret(std::string_view octets) : secret(octets.size()) {
    octets.copy(octets_.get(), octets.size());
    size_ = octets.size();
}

secret::secret(secret&& other) noexcept
    : octets_(std::move(other.octets_)), size_(std::exchange(other.size_, 0)), room_(std::exchange(other.room_, 0)) {}

secret& secret::operator=(secret&& other) noexcept {
    if (this == &other) return *this;
    clear();
    octets_ = std::move(other.octets_);
    size_ = std::exchange(other.size_, 0);
    room_ = std::exchange(other.room_, 0);
    return *this;
}

void secret::clear() noexcept {
    wipe({octets_.get(), room_});
    octets_.reset();
    size_ = room_ = 0;
}

namespace {

struct open_file {
    int number;
    ~open_file() {
        if (number >= 0) ::close(number);
    }
};

secret_found checked(secret&& value, secret_errc error, int system_error) {
    if (error == secret_errc::ok && value.empty()) error = secret_errc::empty;
    if (error == secret_errc::ok && value.reveal().find('\0') != std::string_view::npos) error = secret_errc::holds_nul;
    if (error != secret_errc::ok) value.clear();
    return {std::move(value), error, system_error};
}

} // namespace

// Grows by moving to memory of twice the size; what is left is wiped. A realloc would leave it.
secret_errc secret::read_from(int file, int& system_error) {
    for (;;) {
        if (size_ == room_) {
            secret larger{room_ * 2};
            if (size_ != 0) std::memcpy(larger.octets_.get(), octets_.get(), size_);
            larger.size_ = size_;
            *this = std::move(larger);
        }
        const ssize_t octets = ::read(file, octets_.get() + size_, room_ - size_);
        if (octets < 0 && errno == EINTR) continue;
        if (octets < 0) {
            system_error = errno;
            return secret_errc::unreadable;
        }
        if (octets == 0) return secret_errc::ok;
        size_ += static_cast<std::size_t>(octets);
        if (size_ > most) return secret_errc::too_long;
    }
}

secret_found secret::from_file(const char* path) {
    const open_file file{::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (file.number < 0) return {{}, secret_errc::unreadable, errno};
    secret value{std::size_t{512}};
    int system_error = 0;
    const secret_errc error = value.read_from(file.number, system_error);
    for (const char end : {'\n', '\r'})
        if (value.size_ != 0 && value.octets_[value.size_ - 1] == end) --value.size_;
        else break;
    return checked(std::move(value), error, system_error);
}

secret_found secret::from_environment(const char* name) {
    const char* const text = std::getenv(name);
    if (text == nullptr) return {{}, secret_errc::unset, 0};
    return checked(secret{std::string_view{text}}, secret_errc::ok, 0);
}

} // namespace postrider
