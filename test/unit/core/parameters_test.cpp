#include "core/parameters.hpp"

#include "print.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

namespace postrider {
namespace {

flags<extension> all_extensions() { return {0xFFFFFFFF}; }

errc checked(const mail_parameters& p) {
    mail m;
    m.parameters = &p;
    return check_parameters(m);
}

errc checked(recipient r) {
    recipient recipients[] = {{}, r, {}};
    mail m;
    m.recipients = recipients;
    return check_parameters(m);
}

recipient notified(std::initializer_list<notify> when) {
    recipient r;
    for (const notify n : when) r.notify.add(n);
    return r;
}

// With every buffer size, in pieces, the same octets.
template <class Put>
std::string rendered(Put put) {
    std::vector<char> buffer(2048);
    command_writer writer{buffer, 0};
    put(writer);
    EXPECT_TRUE(writer.whole());
    const std::string whole(buffer.data(), writer.written());
    for (std::size_t room = 1; room <= whole.size(); ++room) {
        std::string pieces;
        for (bool last = whole.empty(); !last;) {
            std::vector<char> small(room);
            command_writer piece{small, pieces.size()};
            put(piece);
            EXPECT_NE(piece.written(), 0u);
            if (piece.written() == 0) break;
            pieces.append(small.data(), piece.written());
            last = piece.whole();
        }
        EXPECT_EQ(pieces, whole) << room;
    }
    return whole;
}

std::string of_mail(const mail_parameters& p, flags<extension> usable = all_extensions()) {
    EXPECT_EQ(checked(p), errc::ok);
    return rendered([&](command_writer& to) { put_mail_parameters(to, p, usable); });
}

std::string of_recipient(const recipient& r, flags<extension> usable = all_extensions()) {
    EXPECT_EQ(checked(r), errc::ok);
    return rendered([&](command_writer& to) { put_rcpt_parameters(to, r, usable); });
}

std::string x(std::size_t count) { return std::string(count, 'x'); }

// ---------------------------------------------------------------------------------------------------------------------
// Bounds

TEST(Parameters, NoneAreRight) {
    EXPECT_EQ(check_parameters(mail{}), errc::ok);
    EXPECT_EQ(checked(mail_parameters{}), errc::ok);
    EXPECT_EQ(checked(recipient{}), errc::ok);
}

// RFC 3461 §4.1
TEST(Parameters, NothingStandsAloneInNotify) {
    EXPECT_EQ(checked(notified({notify::nothing})), errc::ok);
    EXPECT_EQ(checked(notified({notify::success, notify::failure, notify::delay})), errc::ok);
    for (const notify other : {notify::success, notify::failure, notify::delay})
        EXPECT_EQ(checked(notified({notify::nothing, other})), errc::invalid_parameter);
}

// RFC 3461 §4.2: the line has room for 500 octets of it, `rfc822;` included.
TEST(Parameters, OriginalRecipient) {
    const auto original = [](std::string_view text) {
        recipient r;
        r.original_recipient = text;
        return r;
    };
    EXPECT_EQ(checked(original("bob@b.example")), errc::ok);
    EXPECT_EQ(checked(original("\"a b\"+c@b.example")), errc::ok);
    EXPECT_EQ(checked(original(x(480))), errc::ok);
    EXPECT_EQ(checked(original(x(481))), errc::invalid_parameter);
    EXPECT_EQ(checked(original(std::string(160, '+'))), errc::ok) << "three octets each";
    EXPECT_EQ(checked(original(std::string(160, '+') + "x")), errc::invalid_parameter);
    for (const std::string_view bad : {std::string_view{"a\r\nb"}, std::string_view{"a\0b", 3},
                                       std::string_view{"\x7F"}, std::string_view{"\xC3\xBC"}})
        EXPECT_EQ(checked(original(bad)), errc::invalid_parameter);
}

// RFC 3461 §4.4
TEST(Parameters, EnvelopeId) {
    EXPECT_EQ(checked({.envelope_id = x(100)}), errc::ok);
    EXPECT_EQ(checked({.envelope_id = x(101)}), errc::invalid_parameter);
    const std::string equals(33, '='), spaces(34, ' ');
    EXPECT_EQ(checked({.envelope_id = equals}), errc::ok);
    EXPECT_EQ(checked({.envelope_id = spaces}), errc::invalid_parameter) << "102 octets of xtext";
    EXPECT_EQ(checked({.envelope_id = "a\tb"}), errc::invalid_parameter);
    EXPECT_EQ(checked({.envelope_id = "\x80"}), errc::invalid_parameter);
}

// RFC 4954 §5
TEST(Parameters, Auth) {
    EXPECT_EQ(checked({.auth = x(490)}), errc::ok);
    EXPECT_EQ(checked({.auth = x(491)}), errc::invalid_parameter);
    EXPECT_EQ(checked({.auth_unknown = true}), errc::ok);
    EXPECT_EQ(checked({.auth = "a@b", .auth_unknown = true}), errc::invalid_parameter);
    EXPECT_EQ(checked({.auth = "a\n"}), errc::invalid_parameter);
}

// RFC 2852 §4: by-time is at most nine digits; with R it is above zero.
TEST(Parameters, DeliverBy) {
    struct row {
        by_mode mode;
        std::int32_t seconds;
        errc expected;
    };
    constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min(),
                           most = std::numeric_limits<std::int32_t>::max();
    constexpr row rows[] = {
        {by_mode::notify, 999'999'999, errc::ok},
        {by_mode::notify, -999'999'999, errc::ok},
        {by_mode::notify, 0, errc::ok},
        {by_mode::notify, 1'000'000'000, errc::invalid_parameter},
        {by_mode::notify, -1'000'000'000, errc::invalid_parameter},
        {by_mode::notify, most, errc::invalid_parameter},
        {by_mode::notify, least, errc::invalid_parameter},
        {by_mode::return_mail, 1, errc::ok},
        {by_mode::return_mail, 999'999'999, errc::ok},
        {by_mode::return_mail, 0, errc::invalid_parameter},
        {by_mode::return_mail, -1, errc::invalid_parameter},
        {by_mode::return_mail, 1'000'000'000, errc::invalid_parameter},
    };
    for (const row& r : rows) EXPECT_EQ(checked({.by = r.mode, .by_seconds = r.seconds}), r.expected) << r.seconds;
}

// RFC 6710 §4
TEST(Parameters, Priority) {
    for (int p = -128; p != 128; ++p)
        EXPECT_EQ(checked({.prioritised = true, .priority = static_cast<std::int8_t>(p)}),
                  p >= -9 && p <= 9 ? errc::ok : errc::invalid_parameter)
            << p;
}

// RFC 4865 §5
TEST(Parameters, Hold) {
    EXPECT_EQ(checked({.hold_seconds = 1}), errc::ok);
    EXPECT_EQ(checked({.hold_seconds = 999'999'999}), errc::ok);
    EXPECT_EQ(checked({.hold_seconds = 1'000'000'000}), errc::invalid_parameter);
    EXPECT_EQ(checked({.hold_seconds = 1, .hold_until = "2026-11-24T12:00:00Z"}), errc::invalid_parameter);
    // RFC 4865 §5.2.1: released before it is due.
    EXPECT_EQ(checked({.by = by_mode::notify, .by_seconds = 61, .hold_seconds = 60}), errc::ok);
    EXPECT_EQ(checked({.by = by_mode::notify, .by_seconds = 60, .hold_seconds = 60}), errc::invalid_parameter);
    EXPECT_EQ(checked({.by = by_mode::notify, .by_seconds = -1, .hold_seconds = 60}), errc::invalid_parameter);
}

TEST(Parameters, WhatTheServerHoldsAtMost) {
    capabilities c;
    EXPECT_TRUE(can_be_held({.hold_seconds = 999'999'999}, c));
    EXPECT_TRUE(can_be_held({.hold_until = "2099-01-01T00:00:00Z"}, c));
    c.hold_max = 3600;
    c.hold_until_max = 20270101000000;
    EXPECT_TRUE(can_be_held({}, c));
    EXPECT_TRUE(can_be_held({.hold_seconds = 3600}, c));
    EXPECT_FALSE(can_be_held({.hold_seconds = 3601}, c));
    EXPECT_TRUE(can_be_held({.hold_until = "2027-01-01T00:00:00Z"}, c));
    EXPECT_FALSE(can_be_held({.hold_until = "2027-01-01T00:00:01Z"}, c));
}

TEST(Parameters, HoldUntilIsADateAndTimeInUtc) {
    for (const std::string_view good : {"2026-11-24T12:00:00Z", "2026-11-24T12:00:00.5Z", "2026-11-24T12:00:00.12Z"})
        EXPECT_EQ(checked({.hold_until = good}), errc::ok) << good;
    const std::string good = "2026-11-24T12:00:00Z";
    for (std::size_t size = 1; size != good.size(); ++size)
        EXPECT_EQ(checked({.hold_until = std::string_view{good}.substr(0, size)}), errc::invalid_parameter) << size;
    for (std::size_t at = 0; at != good.size(); ++at) {
        for (const char octet : {'x', ' ', '\r', '/'}) { // and 34 octets of MAIL at most (RFC 4865 §3): see `bad` below
            std::string bad = good;
            bad[at] = octet;
            EXPECT_EQ(checked({.hold_until = bad}), errc::invalid_parameter) << bad;
        }
    }
    for (const std::string_view bad :
         {"2026-11-24T12:00:00.123Z", "2026-99-99T99:99:99Z", "2026-11-24T12:00:00+01:00", "2026-11-24T12:00:00.Z",
          "2026-11-24T12:00:00.5", "2026-11-24T12:00:00.xZ", "2026-11-24T12:00:00.5xZ", "2026-11-24T12:00:005Z",
          "2026-11-24T12:00:00 Z", "Z", ".Z"})
        EXPECT_EQ(checked({.hold_until = bad}), errc::invalid_parameter) << bad;
}

// ---------------------------------------------------------------------------------------------------------------------
// On the wire

TEST(Parameters, NoneIsNothing) {
    EXPECT_EQ(of_mail({}), "");
    EXPECT_EQ(of_recipient({}), "");
}

TEST(Parameters, OfMail) {
    struct row {
        mail_parameters p;
        std::string_view wire;
        extension needs;
    };
    const row rows[] = {
        {{.ret = return_content::full}, " RET=FULL", extension::dsn},
        {{.ret = return_content::headers}, " RET=HDRS", extension::dsn},
        {{.envelope_id = "QQ314159"}, " ENVID=QQ314159", extension::dsn},
        {{.envelope_id = "a+b=c d"}, " ENVID=a+2Bb+3Dc+20d", extension::dsn},
        {{.auth = "e=mc2@example.com"}, " AUTH=e+3Dmc2@example.com", extension::auth}, // RFC 4954 §5.1
        {{.auth_unknown = true}, " AUTH=<>", extension::auth},
        {{.by = by_mode::return_mail, .by_seconds = 120}, " BY=120;R", extension::deliver_by},
        {{.by = by_mode::notify, .by_seconds = -20}, " BY=-20;N", extension::deliver_by},
        {{.by = by_mode::notify, .by_seconds = 0}, " BY=0;N", extension::deliver_by},
        {{.by = by_mode::notify, .by_seconds = 98, .by_trace = true}, " BY=98;NT", extension::deliver_by},
        {{.by = by_mode::notify, .by_seconds = -999'999'999}, " BY=-999999999;N", extension::deliver_by},
        {{.by_seconds = 5, .by_trace = true}, "", extension::deliver_by}, // unsaid
        {{.prioritised = true, .priority = 3}, " MT-PRIORITY=3", extension::mt_priority},
        {{.prioritised = true, .priority = -9}, " MT-PRIORITY=-9", extension::mt_priority},
        {{.prioritised = true, .priority = 0}, " MT-PRIORITY=0", extension::mt_priority},
        {{.priority = 3}, "", extension::mt_priority},
        {{.hold_seconds = 86400}, " HOLDFOR=86400", extension::future_release},
        {{.hold_until = "2026-11-24T12:00:00Z"}, " HOLDUNTIL=2026-11-24T12:00:00Z", extension::future_release},
    };
    for (const row& r : rows) {
        EXPECT_EQ(of_mail(r.p), r.wire);
        flags<extension> needed, others = all_extensions();
        needed.add(r.needs);
        others.bits &= ~needed.bits;
        EXPECT_EQ(of_mail(r.p, needed), r.wire) << "needs no other";
        EXPECT_EQ(of_mail(r.p, others), "") << "left out where it is not offered";
    }
    EXPECT_EQ(of_mail({.require_tls = true}), " REQUIRETLS");
    EXPECT_EQ(of_mail({.require_tls = true}, {}), " REQUIRETLS") << "never left out: such a mail is not begun";
}

TEST(Parameters, AllOfAMail) {
    EXPECT_EQ(of_mail({.ret = return_content::headers,
                       .envelope_id = "id",
                       .auth = "a@b",
                       .by = by_mode::return_mail,
                       .by_seconds = 9,
                       .by_trace = true,
                       .prioritised = true,
                       .priority = -1,
                       .hold_seconds = 7,
                       .require_tls = true}),
              " RET=HDRS ENVID=id AUTH=a@b BY=9;RT MT-PRIORITY=-1 HOLDFOR=7 REQUIRETLS");
}

TEST(Parameters, OfARecipient) {
    EXPECT_EQ(of_recipient(notified({notify::nothing})), " NOTIFY=NEVER");
    EXPECT_EQ(of_recipient(notified({notify::success})), " NOTIFY=SUCCESS");
    EXPECT_EQ(of_recipient(notified({notify::delay, notify::failure})), " NOTIFY=FAILURE,DELAY");
    recipient r = notified({notify::delay, notify::failure, notify::success});
    r.original_recipient = "Carol+x@Ivory.EDU";
    EXPECT_EQ(of_recipient(r), " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;Carol+2Bx@Ivory.EDU");
    flags<extension> others = all_extensions();
    others.bits &= ~static_cast<std::uint32_t>(extension::dsn);
    EXPECT_EQ(of_recipient(r, others), "");
    r.notify = {};
    EXPECT_EQ(of_recipient(r), " ORCPT=rfc822;Carol+2Bx@Ivory.EDU");
}

} // namespace
} // namespace postrider
