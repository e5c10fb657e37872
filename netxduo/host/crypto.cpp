// HMAC-MD5 as a method of NetX Crypto, and random numbers of the operating system.
//
// MD5 is written out here, as it is in NetX Crypto, and not taken from a TLS library: CRAM-MD5 needs none, and a system may
// forbid its library to offer MD5. All state is in the metadata area, which is wiped by nx_crypto_cleanup.

#include "nx_crypto.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/random.h>

namespace {

constexpr std::size_t block = 64;
constexpr std::size_t digest_size = 16;

void wipe(void* memory, std::size_t size) { explicit_bzero(memory, size); }

// ----- RFC 1321

const std::array<std::uint32_t, 64>& sines() {
    static const auto table = [] {
        std::array<std::uint32_t, 64> made{};
        for (std::size_t i = 0; i < made.size(); ++i)
            made[i] = static_cast<std::uint32_t>(4294967296.0 * std::fabs(std::sin(static_cast<double>(i + 1))));
        return made;
    }();
    return table;
}

ULONG little_endian(const UCHAR* at) { return at[0] | ULONG{at[1]} << 8 | ULONG{at[2]} << 16 | ULONG{at[3]} << 24; }

void store(UCHAR* at, ULONG word) {
    for (int i = 0; i < 4; ++i) at[i] = static_cast<UCHAR>(word >> 8 * i);
}

void transform(NX_CRYPTO_MD5& md5, const UCHAR* octets) {
    constexpr int shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    const auto& sine = sines();
    ULONG* x = md5.nx_md5_word_array;
    for (std::size_t i = 0; i < 16; ++i) x[i] = little_endian(octets + 4 * i);
    ULONG a = md5.nx_md5_states[0], b = md5.nx_md5_states[1], c = md5.nx_md5_states[2], d = md5.nx_md5_states[3];
    for (std::size_t i = 0; i < 64; ++i) {
        ULONG mixed = 0;
        std::size_t word = 0;
        switch (i / 16) {
        case 0: mixed = (b & c) | (~b & d), word = i; break;
        case 1: mixed = (d & b) | (~d & c), word = 5 * i + 1; break;
        case 2: mixed = b ^ c ^ d, word = 3 * i + 5; break;
        default: mixed = c ^ (b | ~d), word = 7 * i; break;
        }
        const ULONG turned = std::rotl(a + mixed + sine[i] + x[word % 16], shifts[i / 16][i % 4]);
        a = d;
        d = c;
        c = b;
        b += turned;
    }
    md5.nx_md5_states[0] += a;
    md5.nx_md5_states[1] += b;
    md5.nx_md5_states[2] += c;
    md5.nx_md5_states[3] += d;
}

void begin(NX_CRYPTO_MD5& md5) { md5 = {{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476}, {}, {}, {}}; }

void update(NX_CRYPTO_MD5& md5, const UCHAR* octets, std::size_t size) {
    std::uint64_t bits = std::uint64_t{md5.nx_md5_bit_count[1]} << 32 | md5.nx_md5_bit_count[0];
    std::size_t filled = static_cast<std::size_t>(bits / 8 % block);
    bits += std::uint64_t{size} * 8;
    md5.nx_md5_bit_count[0] = static_cast<ULONG>(bits);
    md5.nx_md5_bit_count[1] = static_cast<ULONG>(bits >> 32);
    while (size > 0) {
        const std::size_t here = std::min(size, block - filled);
        std::memcpy(md5.nx_md5_buffer + filled, octets, here);
        octets += here;
        size -= here;
        filled += here;
        if (filled == block) {
            transform(md5, md5.nx_md5_buffer);
            filled = 0;
        }
    }
}

void finish(NX_CRYPTO_MD5& md5, UCHAR (&digest)[digest_size]) {
    UCHAR length[8];
    store(length, md5.nx_md5_bit_count[0]);
    store(length + 4, md5.nx_md5_bit_count[1]);
    const std::size_t filled = md5.nx_md5_bit_count[0] / 8 % block;
    const UCHAR padding[block] = {0x80};
    update(md5, padding, filled < 56 ? 56 - filled : 120 - filled);
    update(md5, length, sizeof length);
    for (std::size_t i = 0; i < 4; ++i) store(digest + 4 * i, md5.nx_md5_states[i]);
}

// ----- RFC 2104

void hmac_begin(NX_CRYPTO_MD5_HMAC& hmac, const UCHAR* key, std::size_t size) {
    UCHAR padded[block] = {};
    if (size > block) {
        UCHAR digest[digest_size];
        begin(hmac.nx_md5_hmac_context);
        update(hmac.nx_md5_hmac_context, key, size);
        finish(hmac.nx_md5_hmac_context, digest);
        std::memcpy(padded, digest, sizeof digest);
        wipe(digest, sizeof digest);
    } else if (size > 0) {
        std::memcpy(padded, key, size);
    }
    UCHAR inner[block], outer[block];
    for (std::size_t i = 0; i < block; ++i) {
        inner[i] = padded[i] ^ 0x36;
        outer[i] = padded[i] ^ 0x5C;
    }
    std::memcpy(hmac.nx_md5_hmac_k_opad, outer, block);
    begin(hmac.nx_md5_hmac_context);
    update(hmac.nx_md5_hmac_context, inner, block);
    wipe(padded, block);
    wipe(inner, block);
    wipe(outer, block);
}

void hmac_finish(NX_CRYPTO_MD5_HMAC& hmac, UCHAR* output, std::size_t room) {
    UCHAR digest[digest_size];
    finish(hmac.nx_md5_hmac_context, digest);
    begin(hmac.nx_md5_hmac_context);
    update(hmac.nx_md5_hmac_context, reinterpret_cast<const UCHAR*>(hmac.nx_md5_hmac_k_opad), block);
    update(hmac.nx_md5_hmac_context, digest, digest_size);
    finish(hmac.nx_md5_hmac_context, digest);
    std::memcpy(output, digest, std::min(room, digest_size));
}

bool usable(const VOID* metadata, ULONG size) {
    return metadata && reinterpret_cast<std::uintptr_t>(metadata) % alignof(NX_CRYPTO_MD5_HMAC) == 0 &&
           size >= sizeof(NX_CRYPTO_MD5_HMAC);
}

extern "C" {

static UINT hmac_md5_init(NX_CRYPTO_METHOD* method, UCHAR* key, NX_CRYPTO_KEY_SIZE, VOID**, VOID* metadata,
                          ULONG size) {
    return method && key && usable(metadata, size) ? NX_CRYPTO_SUCCESS : NX_CRYPTO_PTR_ERROR;
}

static UINT hmac_md5_cleanup(VOID* metadata) {
    if (metadata) wipe(metadata, sizeof(NX_CRYPTO_MD5_HMAC));
    return NX_CRYPTO_SUCCESS;
}

// As NetX Crypto does it, the key of nx_crypto_init is not kept: it is the operation's.
static UINT hmac_md5_operation(UINT op, VOID*, NX_CRYPTO_METHOD* method, UCHAR* key, NX_CRYPTO_KEY_SIZE key_bits,
                               UCHAR* input, ULONG input_size, UCHAR*, UCHAR* output, ULONG output_size, VOID* metadata,
                               ULONG metadata_size, VOID*, VOID (*)(VOID*, UINT)) {
    if (!method || !usable(metadata, metadata_size)) return NX_CRYPTO_PTR_ERROR;
    auto& hmac = *static_cast<NX_CRYPTO_MD5_HMAC*>(metadata);
    const bool whole = op == NX_CRYPTO_AUTHENTICATE;
    if ((whole || op == NX_CRYPTO_HASH_INITIALIZE) && !key) return NX_CRYPTO_PTR_ERROR;
    if ((whole || op == NX_CRYPTO_HASH_UPDATE) && !input && input_size > 0) return NX_CRYPTO_PTR_ERROR;
    if ((whole || op == NX_CRYPTO_HASH_CALCULATE) && !output) return NX_CRYPTO_PTR_ERROR;
    switch (op) {
    case NX_CRYPTO_AUTHENTICATE:
        hmac_begin(hmac, key, key_bits / 8);
        update(hmac.nx_md5_hmac_context, input, input_size);
        hmac_finish(hmac, output, output_size);
        return NX_CRYPTO_SUCCESS;
    case NX_CRYPTO_HASH_INITIALIZE: hmac_begin(hmac, key, key_bits / 8); return NX_CRYPTO_SUCCESS;
    case NX_CRYPTO_HASH_UPDATE: update(hmac.nx_md5_hmac_context, input, input_size); return NX_CRYPTO_SUCCESS;
    case NX_CRYPTO_HASH_CALCULATE: hmac_finish(hmac, output, output_size); return NX_CRYPTO_SUCCESS;
    default: return NX_CRYPTO_INVALID_ALGORITHM;
    }
}

} // extern "C"

// A random number that is not random is worse than a program that has ended.
void fill(void* to, std::size_t size) {
    for (std::size_t done = 0; done < size;) {
        const ssize_t got = ::getrandom(static_cast<UCHAR*>(to) + done, size - done, 0);
        if (got > 0) {
            done += static_cast<std::size_t>(got);
        } else if (errno != EINTR) {
            std::perror("getrandom");
            std::abort();
        }
    }
}

} // namespace

NX_CRYPTO_METHOD crypto_method_hmac_md5 = {NX_CRYPTO_AUTHENTICATION_HMAC_MD5_128,
                                           0,
                                           0,
                                           NX_CRYPTO_HMAC_MD5_ICV_FULL_LEN_IN_BITS,
                                           block,
                                           sizeof(NX_CRYPTO_MD5_HMAC),
                                           hmac_md5_init,
                                           hmac_md5_cleanup,
                                           hmac_md5_operation};

UINT _nx_crypto_huge_number_rbg(UINT bits, UCHAR* result) {
    if (!result) return NX_CRYPTO_PTR_ERROR;
    const std::size_t size = (bits + 7) / 8;
    fill(result, size);
    if (bits % 8) result[size - 1] = static_cast<UCHAR>(result[size - 1] & ((1U << bits % 8) - 1));
    return NX_CRYPTO_SUCCESS;
}

int _nx_host_rand(void) {
    unsigned number;
    fill(&number, sizeof number);
    return static_cast<int>(number >> 1);
}
