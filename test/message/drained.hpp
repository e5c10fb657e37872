// drained.hpp - a composed mail's content as it would leave: pulled to its end, held to what it declared.
#ifndef POSTRIDER_TEST_MESSAGE_DRAINED_HPP
#define POSTRIDER_TEST_MESSAGE_DRAINED_HPP

#include "postrider/message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace postrider {

/// The content from its beginning; empty, with a failure of the test, where it cannot be had or is not what was declared.
inline std::string drained(content_source& content) {
    mail_content facts;
    std::string problem, all;
    EXPECT_EQ(content.describe(facts, problem), errc::ok) << problem;
    EXPECT_TRUE(facts.pulled && facts.exact_size && facts.repeatable);
    for (content_part part = content.pull(true);; part = content.pull(false)) {
        EXPECT_FALSE(part.failed);
        all += part.octets;
        if (part.last || part.failed) break;
        EXPECT_FALSE(part.octets.empty());
    }
    EXPECT_EQ(all.size(), facts.size);
    content_facts seen;
    seen.look_through(all);
    seen.end();
    EXPECT_FALSE(seen.bare);
    EXPECT_EQ(seen.eight_bit_header, facts.utf8_header);
    EXPECT_EQ(seen.eight_bit, facts.kind == octets::eight_bit);
    EXPECT_TRUE(all.ends_with("\r\n"));
    return all;
}

/// Of a mail that must have been composed.
inline std::string drained(const outgoing& mail) {
    EXPECT_EQ(mail.error, errc::ok) << mail.problem;
    return mail.content ? drained(*mail.content) : std::string{};
}

} // namespace postrider

#endif
