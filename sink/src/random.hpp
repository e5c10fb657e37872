// Octets that nobody can guess.
#pragma once

#include <cstddef>
#include <openssl/rand.h>
#include <string>

#include "base64.hpp"

namespace postrider::sink {

inline std::string random_octets(std::size_t size) {
    std::string octets(size, '\0');
    RAND_bytes(reinterpret_cast<unsigned char*>(octets.data()), static_cast<int>(size));
    return octets;
}

inline std::string random_text() { return base64_encode(random_octets(18)); } // printable, and no comma

} // namespace postrider::sink
