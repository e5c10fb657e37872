#include "postrider/io/mbedtls.hpp"

#include <algorithm>

namespace postrider {

mbedtls_random::mbedtls_random() noexcept : mbedtls_random(nullptr, nullptr) {}

mbedtls_random::mbedtls_random(source* function, void* from) noexcept : function_(function), from_(from) {
#if POSTRIDER_MBEDTLS_RANDOM
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&drbg_);
#endif
}

mbedtls_random::~mbedtls_random() {
#if POSTRIDER_MBEDTLS_RANDOM
    mbedtls_ctr_drbg_free(&drbg_);
    mbedtls_entropy_free(&entropy_);
#endif
}

int mbedtls_random::fill(void* from, unsigned char* to, std::size_t size) noexcept {
    auto& random = *static_cast<mbedtls_random*>(from);
    if (random.function_ != nullptr) return random.function_(random.from_, to, size);
#if POSTRIDER_MBEDTLS_RANDOM
    constexpr std::string_view personal = "postrider";
    if (!random.seeded_) {
        const int error =
            mbedtls_ctr_drbg_seed(&random.drbg_, mbedtls_entropy_func, &random.entropy_,
                                  reinterpret_cast<const unsigned char*>(personal.data()), personal.size());
        if (error != 0) return error;
        random.seeded_ = true;
    }
    while (size != 0) { // it gives only so many at once
        const std::size_t part = std::min(size, std::size_t{MBEDTLS_CTR_DRBG_MAX_REQUEST});
        if (const int error = mbedtls_ctr_drbg_random(&random.drbg_, to, part); error != 0) return error;
        to += part;
        size -= part;
    }
    return 0;
#else
    static_cast<void>(to);
    static_cast<void>(size);
    return -1;
#endif
}

bool mbedtls_random::fill(std::span<char> to) noexcept {
    return fill(this, reinterpret_cast<unsigned char*>(to.data()), to.size()) == 0;
}

} // namespace postrider
