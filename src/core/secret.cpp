#include "postrider/secret.hpp"

namespace postrider {

// What is volatile is written, whoever reads it: a memset before the memory's end is a dead store, and is dropped.
void wipe(std::span<char> memory) noexcept {
    for (volatile char& octet : memory) octet = 0;
}

// No way out before the end: the first octet that differs must not be told by how long it took.
bool same_secret(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    volatile unsigned char differ = 0;
    for (std::size_t i = 0; i != a.size(); ++i) differ = static_cast<unsigned char>(differ | (a[i] ^ b[i]));
    return differ == 0;
}

} // namespace postrider
