// HMAC-MD5 through the members of its method, as an application on the target calls it, against the RFCs' vectors; random
// numbers.

#include "nx_crypto.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace {

struct calculation {
    NX_CRYPTO_METHOD& method = crypto_method_hmac_md5;
    NX_CRYPTO_MD5_HMAC metadata{};

    UINT operate(UINT op, std::string key, std::string input, UCHAR* output, ULONG room) {
        return method.nx_crypto_operation(op, nullptr, &method, octets(key), static_cast<UINT>(8 * key.size()),
                                          octets(input), static_cast<ULONG>(input.size()), nullptr, output, room,
                                          &metadata, sizeof metadata, nullptr, nullptr);
    }
    static UCHAR* octets(std::string& text) { return reinterpret_cast<UCHAR*>(text.data()); }
};

std::string hex(const UCHAR* octets, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += "0123456789abcdef"[octets[i] >> 4];
        text += "0123456789abcdef"[octets[i] & 15];
    }
    return text;
}

std::string in_one(const std::string& key, const std::string& input) {
    calculation c;
    VOID* handler = nullptr;
    std::string copy = key;
    EXPECT_EQ(c.method.nx_crypto_init(&c.method, c.octets(copy), static_cast<UINT>(8 * key.size()), &handler,
                                      &c.metadata, sizeof c.metadata),
              UINT{NX_CRYPTO_SUCCESS});
    UCHAR output[16];
    EXPECT_EQ(c.operate(NX_CRYPTO_AUTHENTICATE, key, input, output, sizeof output), UINT{NX_CRYPTO_SUCCESS});
    EXPECT_EQ(c.method.nx_crypto_cleanup(&c.metadata), UINT{NX_CRYPTO_SUCCESS});
    return hex(output, sizeof output);
}

std::string in_pieces(const std::string& key, const std::string& input, std::size_t size) {
    calculation c;
    UCHAR output[16];
    EXPECT_EQ(c.operate(NX_CRYPTO_HASH_INITIALIZE, key, "", nullptr, 0), UINT{NX_CRYPTO_SUCCESS});
    for (std::size_t i = 0; i < input.size(); i += size)
        EXPECT_EQ(c.operate(NX_CRYPTO_HASH_UPDATE, "", input.substr(i, size), nullptr, 0), UINT{NX_CRYPTO_SUCCESS});
    EXPECT_EQ(c.operate(NX_CRYPTO_HASH_CALCULATE, "", "", output, sizeof output), UINT{NX_CRYPTO_SUCCESS});
    return hex(output, sizeof output);
}

std::string counting(int from, int to) {
    std::string text;
    for (int i = from; i <= to; ++i) text += static_cast<char>(i);
    return text;
}

const struct {
    std::string key, input, digest;
} vectors[] = {
    // RFC 2195
    {"tanstaaftanstaaf", "<1896.697170952@postoffice.reston.mci.net>", "b913a602c7eda7a495b4e6e7334d3890"},
    // RFC 2202
    {std::string(16, '\x0b'), "Hi There", "9294727a3638bb1c13f48ef8158bfc9d"},
    {"Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"},
    {std::string(16, '\xaa'), std::string(50, '\xdd'), "56be34521d144c88dbb8c733f0e8b3f6"},
    {counting(1, 25), std::string(50, '\xcd'), "697eaf0aca3a3aea3a75164746ffaa79"},
    {std::string(16, '\x0c'), "Test With Truncation", "56461ef2342edc00f9bab995690efd4c"},
    {std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
     "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
    {std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
     "6f630fad67cda0ee1fb1f562db3aa53e"},
};

TEST(host_crypto, hmac_md5_is_that_of_the_rfcs) {
    for (const auto& [key, input, digest] : vectors) {
        EXPECT_EQ(in_one(key, input), digest) << input;
        for (const std::size_t size : {1u, 7u, 63u, 64u, 65u}) EXPECT_EQ(in_pieces(key, input, size), digest) << size;
    }
}

TEST(host_crypto, hmac_md5_meets_the_end_of_a_block_anywhere) {
    for (std::size_t size = 0; size < 130; ++size) {
        const std::string input(size, 'x');
        EXPECT_EQ(in_one("key", input), in_pieces("key", input, 1)) << size;
    }
}

TEST(host_crypto, hmac_md5_is_cut_to_its_room) {
    calculation c;
    UCHAR output[16] = {};
    EXPECT_EQ(c.operate(NX_CRYPTO_AUTHENTICATE, "Jefe", "what do ya want for nothing?", output, 12),
              UINT{NX_CRYPTO_SUCCESS});
    EXPECT_EQ(hex(output, sizeof output), "750c783e6ab0b503eaa86e3100000000");
}

TEST(host_crypto, cleanup_leaves_nothing_of_the_key) {
    calculation c;
    UCHAR output[16];
    EXPECT_EQ(c.operate(NX_CRYPTO_AUTHENTICATE, "key", "input", output, sizeof output), UINT{NX_CRYPTO_SUCCESS});
    EXPECT_EQ(c.method.nx_crypto_cleanup(&c.metadata), UINT{NX_CRYPTO_SUCCESS});
    const auto* octets = reinterpret_cast<const UCHAR*>(&c.metadata);
    EXPECT_EQ(std::string(octets, octets + sizeof c.metadata), std::string(sizeof c.metadata, '\0'));
}

TEST(host_crypto, arguments_are_checked) {
    calculation c;
    auto& method = c.method;
    EXPECT_EQ(method.nx_crypto_metadata_area_size, sizeof c.metadata);
    EXPECT_EQ(method.nx_crypto_ICV_size_in_bits, 128);
    UCHAR key[1] = {}, output[16];
    VOID* handler = nullptr;
    const auto init = [&](VOID* metadata, ULONG size) {
        return method.nx_crypto_init(&method, key, 8, &handler, metadata, size);
    };
    EXPECT_EQ(init(nullptr, sizeof c.metadata), UINT{NX_CRYPTO_PTR_ERROR});
    EXPECT_EQ(init(&c.metadata, sizeof c.metadata - 1), UINT{NX_CRYPTO_PTR_ERROR});
    EXPECT_EQ(init(reinterpret_cast<UCHAR*>(&c.metadata) + 1, sizeof c.metadata), UINT{NX_CRYPTO_PTR_ERROR});
    EXPECT_EQ(c.operate(NX_CRYPTO_AUTHENTICATE, "key", "x", nullptr, 16), UINT{NX_CRYPTO_PTR_ERROR});
    EXPECT_EQ(c.operate(NX_CRYPTO_ENCRYPT, "key", "x", output, 16), UINT{NX_CRYPTO_INVALID_ALGORITHM});
}

TEST(host_crypto, random_bits_are_as_many_as_asked_for) {
    std::set<std::string> seen;
    for (int i = 0; i < 50; ++i) {
        UCHAR octets[9] = {0, 0, 0, 0, 0, 0, 0, 0, 0xA5};
        EXPECT_EQ(NX_CRYPTO_RBG(61, octets), UINT{NX_CRYPTO_SUCCESS});
        EXPECT_LT(octets[7], 0x20);
        EXPECT_EQ(octets[8], 0xA5);
        EXPECT_TRUE(seen.insert(hex(octets, 8)).second);
        EXPECT_GE(NX_RAND(), 0);
    }
}

} // namespace
