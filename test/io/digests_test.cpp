// The digests of each library: the vectors of RFC 1321, 3174, 6234, 2202, 4231, 6070, 7914, and the edges.

#include "tls_backends.hpp"

#include <set>

namespace postrider::test {
namespace {

std::string unhex(std::string_view digits) {
    std::string octets;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        octets += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
    return octets;
}

template <class Backend>
struct Digests : testing::Test {
    typename Backend::digests digests{};

    std::string hash(digest which, std::vector<std::string_view> parts) {
        std::string value(size_of(which), '?');
        EXPECT_TRUE(digests.hash(which, parts, value.data()));
        return value;
    }
    std::string hmac(digest which, std::string_view key, std::vector<std::string_view> parts) {
        std::string value(size_of(which), '?');
        EXPECT_TRUE(digests.hmac(which, key, parts, value.data()));
        return value;
    }
    std::string pbkdf2(digest which, std::string_view password, std::string_view salt, std::uint32_t iterations) {
        std::string value(size_of(which), '?');
        EXPECT_TRUE(digests.pbkdf2(which, password, salt, iterations, value.data()));
        return value;
    }
};
TYPED_TEST_SUITE(Digests, backends, backend_name);

TYPED_TEST(Digests, Hash) {
    EXPECT_EQ(this->hash(digest::md5, {"abc"}), unhex("900150983cd24fb0d6963f7d28e17f72"));
    EXPECT_EQ(this->hash(digest::md5, {}), unhex("d41d8cd98f00b204e9800998ecf8427e"));
    EXPECT_EQ(this->hash(digest::sha_1, {"abc"}), unhex("a9993e364706816aba3e25717850c26c9cd0d89d"));
    EXPECT_EQ(this->hash(digest::sha_256, {"a", "", "bc"}),
              unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    EXPECT_EQ(this->hash(digest::sha_512, {"ab", "c"}),
              unhex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
                    "454d4423643ce80e2a9ac94fa54ca49f"));
}

TYPED_TEST(Digests, HmacOfRfc2202) {
    EXPECT_EQ(this->hmac(digest::md5, std::string(16, '\x0b'), {"Hi There"}),
              unhex("9294727a3638bb1c13f48ef8158bfc9d"));
    EXPECT_EQ(this->hmac(digest::md5, "Jefe", {"what do ya want ", "for nothing?"}),
              unhex("750c783e6ab0b503eaa86e310a5db738"));
    EXPECT_EQ(
        this->hmac(digest::md5, std::string(80, '\xaa'), {"Test Using Larger Than Block-Size Key - Hash Key First"}),
        unhex("6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"));
    EXPECT_EQ(this->hmac(digest::sha_1, std::string(20, '\x0b'), {"Hi There"}),
              unhex("b617318655057264e28bc0b6fb378c8ef146be00"));
    EXPECT_EQ(this->hmac(digest::sha_1, "Jefe", {"what do ya want for nothing?"}),
              unhex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
    EXPECT_EQ(
        this->hmac(digest::sha_1, std::string(80, '\xaa'), {"Test Using Larger Than Block-Size Key - Hash Key First"}),
        unhex("aa4ae5e15272d00e95705637ce8a3b55ed402112"));
}

TYPED_TEST(Digests, HmacOfRfc4231) {
    const std::string b20(20, '\x0b'), aa131(131, '\xaa');
    EXPECT_EQ(this->hmac(digest::sha_256, b20, {"Hi There"}),
              unhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    EXPECT_EQ(this->hmac(digest::sha_512, b20, {"Hi There"}),
              unhex("87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4"
                    "be9d914eeb61f1702e696c203a126854"));
    EXPECT_EQ(this->hmac(digest::sha_256, "Jefe", {"what do ya want for nothing?"}),
              unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    EXPECT_EQ(this->hmac(digest::sha_512, "Jefe", {"what do ya want for nothing?"}),
              unhex("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
                    "caeab1a34d4a6b4b636e070a38bce737"));
    EXPECT_EQ(this->hmac(digest::sha_256, aa131, {"Test Using Larger Than Block-Size Key - Hash Key First"}),
              unhex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    EXPECT_EQ(this->hmac(digest::sha_512, aa131, {"Test Using Larger Than Block-Size Key - Hash Key First"}),
              unhex("80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
                    "95e64f73f63f0aec8b915a985d786598"));
}

TYPED_TEST(Digests, HmacOfAnEmptyKeyAndInPlace) {
    const std::string expected = unhex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    EXPECT_EQ(this->hmac(digest::sha_256, "", {}), expected);
    EXPECT_EQ(this->hmac(digest::sha_256, {}, {""}), expected);
    std::string key(32, '\x0b');
    const std::string once = this->hmac(digest::sha_256, key, {"x"});
    const std::string_view text = "x";
    EXPECT_TRUE(this->digests.hmac(digest::sha_256, key, {&text, 1}, key.data()));
    EXPECT_EQ(key, once);
}

TYPED_TEST(Digests, Pbkdf2OfRfc6070And7914) {
    EXPECT_EQ(this->pbkdf2(digest::sha_1, "password", "salt", 1), unhex("0c60c80f961f0e71f3a9b524af6012062fe037a6"));
    EXPECT_EQ(this->pbkdf2(digest::sha_1, "password", "salt", 2), unhex("ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"));
    EXPECT_EQ(this->pbkdf2(digest::sha_1, "password", "salt", 4096), unhex("4b007901b765489abead49d926f721d065a429c1"));
    EXPECT_EQ(this->pbkdf2(digest::sha_256, "passwd", "salt", 1),
              unhex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"));
    EXPECT_EQ(this->pbkdf2(digest::sha_256, "Password", "NaCl", 80000),
              unhex("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"));
    EXPECT_EQ(this->pbkdf2(digest::sha_512, "password", "salt", 1),
              unhex("867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252c02d470a285a0501bad999bfe943c08f"
                    "050235d7d68b1da55e63f73b60a57fce"));
}

TYPED_TEST(Digests, Pbkdf2AtItsEdges) {
    std::string value(64, '?');
    EXPECT_FALSE(this->digests.pbkdf2(digest::sha_1, "password", "salt", 0, value.data()));
    // Empty texts are texts: the definition, by hand.
    const std::string block{0, 0, 0, 1};
    for (const digest which : {digest::md5, digest::sha_1, digest::sha_256, digest::sha_512}) {
        EXPECT_EQ(this->pbkdf2(which, {}, {}, 1), this->hmac(which, {}, {block}));
        EXPECT_EQ(this->pbkdf2(which, std::string(200, 'p'), "salt", 1),
                  this->hmac(which, std::string(200, 'p'), {"salt", block}));
    }
}

TYPED_TEST(Digests, RandomOctets) {
    std::set<std::string> seen;
    for (int i = 0; i != 100; ++i) {
        std::string octets(18, '\0');
        EXPECT_TRUE(this->digests.random(octets));
        seen.insert(octets);
    }
    EXPECT_EQ(seen.size(), 100u);
    std::string many(100000, '\0');
    EXPECT_TRUE(this->digests.random(many));
    EXPECT_NE(many.substr(99000), std::string(1000, '\0'));
    EXPECT_TRUE(this->digests.random({}));
}

} // namespace
} // namespace postrider::test
