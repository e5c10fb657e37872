#include "postrider/digests.hpp"

namespace postrider {

bool digests::hash(digest, std::span<const std::string_view>, char*) noexcept { return false; }

bool digests::hmac(digest, std::string_view, std::span<const std::string_view>, char*) noexcept { return false; }

bool digests::pbkdf2(digest, std::string_view, std::string_view, std::uint32_t, char*) noexcept { return false; }

bool digests::random(std::span<char>) noexcept { return false; }

} // namespace postrider
