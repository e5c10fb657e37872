// secret.hpp - a secret of one's own: memory that is wiped when it is given up, and where passwords are read from.
//
//     postrider::secret_found password = postrider::secret::from_file("/run/secrets/smtp");
//     if (!password) std::puts(postrider::describe(password.error));
//     options.auth = {.user = "user", .password = password.value};
#ifndef POSTRIDER_IO_SECRET_HPP
#define POSTRIDER_IO_SECRET_HPP

#include <postrider/secret.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace postrider {

/// Why there is no secret.
enum class secret_errc : std::uint8_t {
    ok = 0,
    unreadable, ///< the file cannot be opened or read; `secret_found::system_error` says why
    unset,      ///< there is no such variable in the environment
    empty,      ///< it holds nothing, or a line end alone
    holds_nul,  ///< a NUL, which no mechanism takes: not the file that was meant
    too_long,   ///< more than `secret::most`: not the file that was meant
};

/// One English sentence without a full stop, of static lifetime, for people.
const char* describe(secret_errc error) noexcept;

struct secret_found;

/// Octets in memory of their own, that nobody else has: it is wiped when they are given up, and it is moved, never copied.
/// Shows them only to who says `reveal`; converts to the view that `credentials` take.
class secret {
public:
    static constexpr std::size_t most = 65536; ///< octets that are read from a file

    secret() noexcept = default;
    /// A copy. Where the octets came from they stay, and are the caller's to wipe. `std::bad_alloc` may pass.
    explicit secret(std::string_view octets);
    secret(secret&& other) noexcept;
    secret& operator=(secret&& other) noexcept;
    ~secret() { clear(); }

    /// What is in a file but for its last line end, LF or CRLF. Not by stdio, whose buffer would stay behind. Also from what is
    /// no regular file, to its end. `std::bad_alloc` may pass.
    [[nodiscard]] static secret_found from_file(const char* path);
    /// A copy of a variable of the environment. There it stays, for each child of the process and who may look at it:
    /// a file is better. `std::bad_alloc` may pass.
    [[nodiscard]] static secret_found from_environment(const char* name);

    std::string_view reveal() const noexcept { return {octets_.get(), size_}; }
    operator secret_view() const noexcept { return reveal(); }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    /// Wipes it, and lets the memory go.
    void clear() noexcept;

    friend bool operator==(const secret& a, const secret& b) noexcept { return same_secret(a.reveal(), b.reveal()); }
    friend bool operator==(const secret& a, secret_view b) noexcept { return same_secret(a.reveal(), b.reveal()); }

private:
    explicit secret(std::size_t room) : octets_(std::make_unique<char[]>(room)), room_(room) {}
    secret_errc read_from(int file, int& system_error);

    std::unique_ptr<char[]> octets_;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
};

/// No stream shows it.
template <class Stream, std::same_as<secret> Secret>
Stream& operator<<(Stream& to, const Secret&) = delete;

struct secret_found {
    secret value{}; ///< empty if `error` is not `ok`
    secret_errc error = secret_errc::ok;
    int system_error = 0; ///< errno, for `unreadable`

    explicit operator bool() const noexcept { return error == secret_errc::ok; }
};

} // namespace postrider

#endif
