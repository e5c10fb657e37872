#include "postrider/sasl.hpp"

#include "postrider/auth.hpp"
#include "postrider/digests.hpp"
#include "print.hpp"

#include <gtest/gtest.h>

namespace postrider {
namespace {

struct bare_exchange final : sasl_exchange {};
struct bare_digests final : digests {};

TEST(Sasl, AnExchangeThatSaysNothingSpeaksNothing) {
    bare_exchange e;
    EXPECT_TRUE(e.speaks().empty());
    EXPECT_EQ(e.begin(mechanism::plain, {}, {}, false), errc::invalid_parameter);
    EXPECT_EQ(e.answer("challenge"), errc::malformed_challenge);
    EXPECT_EQ(e.end({}), errc::ok) << "nothing that it must have shown";
    e.forget();
    EXPECT_FALSE(e.client_first());
    EXPECT_EQ(e.message(), "");
}

TEST(Sasl, DigestsThatAreNotThere) {
    bare_digests d;
    char to[64];
    EXPECT_FALSE(d.hash(digest::md5, {}, to));
    EXPECT_FALSE(d.hmac(digest::sha_1, {}, {}, to));
    EXPECT_FALSE(d.pbkdf2(digest::sha_256, {}, {}, 1, to));
    EXPECT_FALSE(d.random(to));
    EXPECT_EQ(size_of(digest::md5), 16u);
    EXPECT_EQ(size_of(digest::sha_1), 20u);
    EXPECT_EQ(size_of(digest::sha_256), 32u);
    EXPECT_EQ(size_of(digest::sha_512), 64u);
}

} // namespace
} // namespace postrider
