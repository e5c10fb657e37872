// Every dialog of this folder: whole, in every kind of small pieces, cut after each octet in both directions, and on a
// session object that was used before.

#include "dialog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace {

using dialog::manner;
using dialog::never;
using postrider::errc;
using postrider::outcome;

class dialogs : public testing::TestWithParam<dialog::test_case> {};

void expect_as_written(const dialog::test_case& c, const manner& how) {
    const dialog::run_result r = dialog::play(c, how);
    EXPECT_EQ(r.complaint, "");
    EXPECT_THAT(r.report, testing::UnorderedElementsAreArray(c.expected));
}

TEST_P(dialogs, whole) { expect_as_written(GetParam(), {}); }

TEST_P(dialogs, octet_by_octet) {
    expect_as_written(GetParam(), {.received_at_once = 1, .buffer = 1, .content_at_once = 1});
}

TEST_P(dialogs, in_uneven_pieces) {
    for (std::size_t size = 2; size != 9; ++size)
        expect_as_written(GetParam(), {.received_at_once = size,
                                       .buffer = 9 - size,
                                       .content_at_once = size,
                                       .asks_without_buffer = size % 2 == 0});
}

/// What may be said of a mail when the connection broke: only what a reply that was read in full has said, and otherwise
/// `unknown` exactly if the end of the content was taken by the system.
void expect_honest(const dialog::run_result& whole, const dialog::run_result& cut, std::size_t sent) {
    for (std::size_t m = 0; m != cut.submitted; ++m) {
        for (std::size_t r = 0; r != whole.verdicts[m].size(); ++r) {
            const dialog::verdict& then = whole.verdicts[m][r];
            const dialog::verdict& now = cut.verdicts[m][r];
            const bool said = now.result.error == errc::refused || now.result.what == outcome::accepted;
            const bool could_know = then.received <= cut.received;
            if (!could_know && now.result.code == 421) continue; // it was said to another command, and then it hung up
            if (could_know) {
                EXPECT_EQ(now.result.what, then.result.what) << "the reply was there in full";
                EXPECT_EQ(now.result.code, then.result.code);
            } else if (std::any_of(then.before.begin(), then.before.end(), [&](const postrider::status& b) {
                           return b.what == now.result.what && b.code == now.result.code;
                       })) {
                continue; // not in that transaction, and there was no further one
            } else {
                EXPECT_FALSE(said) << "no reply said so: " << postrider::name(now.result.what);
                const std::vector<std::size_t>& ends = whole.content_ends[m][r];
                const bool all_sent = !ends.empty() && ends.front() <= sent;
                const bool caller = postrider::kind(now.result.error) == postrider::errc_kind::caller;
                // Of several transactions: unknown only in one of them.
                if (ends.size() > 1 && all_sent && now.result.what != outcome::unknown)
                    EXPECT_TRUE(now.result.what == outcome::deferred) << postrider::name(now.result.what);
                else if (all_sent) EXPECT_EQ(now.result.what, outcome::unknown);
                else
                    EXPECT_TRUE(now.result.what == outcome::deferred || now.result.what == outcome::not_attempted)
                        << postrider::name(now.result.what);
                EXPECT_TRUE(caller || now.result.error != errc::ok) << "and why is not said";
            }
        }
    }
}

/// By the connection, and by the caller, in turn. Cutting takes the square of the length: a dialog of more than a few screens is cut at some octets only.
std::size_t stride_for(std::size_t octets) { return octets / 1500 + 1; }

TEST_P(dialogs, server_closes_after_each_octet) {
    const dialog::run_result whole = dialog::play(GetParam(), {.received_at_once = 1});
    const std::size_t stride = stride_for(whole.joints.size());
    for (std::size_t i = 0; i < whole.joints.size(); i += stride) {
        const std::size_t octets = whole.joints[i];
        if (octets >= whole.received) break;
        SCOPED_TRACE("the server closes after octet " + std::to_string(octets));
        const dialog::run_result cut =
            dialog::play(GetParam(), {.server_dies_after = octets, .cancelled = i / stride % 2 != 0});
        EXPECT_EQ(cut.complaint, "");
        expect_honest(whole, cut, cut.sent);
        if (HasFailure()) return;
    }
}

TEST_P(dialogs, connection_breaks_after_each_octet_of_the_client) {
    const dialog::run_result whole = dialog::play(GetParam(), {.received_at_once = 1});
    for (std::size_t octets = 0; octets <= whole.sent; octets += stride_for(whole.sent)) {
        SCOPED_TRACE("the connection breaks after client octet " + std::to_string(octets));
        const dialog::run_result cut =
            dialog::play(GetParam(), {.client_stops_after = octets, .cancelled = octets % 2 != 0});
        EXPECT_EQ(cut.complaint, "");
        expect_honest(whole, cut, octets);
        if (HasFailure()) return;
    }
}

TEST_P(dialogs, on_a_session_used_before) {
    const std::vector<std::size_t> joints = dialog::play(GetParam()).joints;
    for (std::size_t i = 0; i < joints.size(); i += joints.size() / 20 + 1) {
        SCOPED_TRACE("the session before broke off after octet " + std::to_string(joints[i]));
        expect_as_written(GetParam(), {.used_before = joints[i]});
        if (HasFailure()) return;
    }
}

/// The folder can be named in the environment, to play the dialogs of another: `POSTRIDER_DIALOGS=... dialog_test`.
std::filesystem::path folder() {
    const char* const named = std::getenv("POSTRIDER_DIALOGS");
    return named != nullptr ? named : POSTRIDER_DIALOGS;
}

std::string case_name(const testing::TestParamInfo<dialog::test_case>& info) {
    std::string name = info.param.file.substr(0, info.param.file.size() - 3) + "_" + info.param.name;
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name + "_" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(all, dialogs, testing::ValuesIn(dialog::read_folder(folder())), case_name);

} // namespace
