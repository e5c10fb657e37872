// Names against a DNS server of our own: what it says, and above all what it does not say.
#include "fake_dns.hpp"
#include "io/posix/resolver.hpp"
#include "io/posix/wait.hpp"
#include "system_calls.hpp"

#include <gmock/gmock.h>
#include <mutex>

using namespace postrider;
using namespace postrider::test;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

namespace {

struct found {
    errc error;
    std::vector<std::string> addresses;
};

// A lookup, and the wait for it.
found look_up(std::string_view name, std::string_view servers, deadline until = soon(),
              const canceller* cancel = nullptr, int family = AF_UNSPEC) {
    posix_detail::lookup names;
    found result{names.begin(name, 25, servers, family, until), {}};
    while (result.error == errc::ok && !names.finished()) {
        std::vector<pollfd> polled(names.waits().begin(), names.waits().end());
        const auto wakes = names.wakes();
        const auto error = posix_detail::wait(polled, cancel, std::min(until, wakes));
        if (error != errc::ok && (error != errc::timed_out || until <= wakes)) result.error = error;
        else names.process(polled);
    }
    if (result.error == errc::ok) result.error = names.result();
    if (names.finished()) {
        EXPECT_TRUE(names.waits().empty());
        EXPECT_EQ(names.wakes(), never);
    }
    for (const int of : {AF_INET6, AF_INET})
        for (const auto& address : names.addresses(of)) result.addresses.emplace_back(to_text(address).view());
    return result;
}

dns_answer no_such_name(const std::string&, int) { return {.code = 3}; }
dns_answer silence(const std::string&, int) { return {.silent = true}; }

} // namespace

TEST(Resolver, FindsAddressesOfBothFamilies) {
    fake_dns dns([](const std::string& name, int type) -> dns_answer {
        if (type == type_aaaa) return {.records = {{name, type_aaaa, "::1"}}};
        return {.records = {{name, type_a, "127.0.0.1"}, {name, type_a, "127.0.0.2"}}};
    });
    const auto result = look_up("mx.example.test", dns.address());
    EXPECT_EQ(result.error, errc::ok);
    EXPECT_THAT(result.addresses, UnorderedElementsAre("127.0.0.1:25", "127.0.0.2:25", "[::1]:25"));
}

TEST(Resolver, FollowsACname) {
    fake_dns dns([](const std::string& name, int type) -> dns_answer {
        dns_answer answer{.records = {{name, type_cname, "host.example.test"}}};
        if (type == type_a) answer.records.push_back({"host.example.test", type_a, "127.0.0.3"});
        return answer;
    });
    const auto result = look_up("alias.example.test", dns.address());
    EXPECT_EQ(result.error, errc::ok);
    EXPECT_THAT(result.addresses, ElementsAre("127.0.0.3:25"));
}

TEST(Resolver, OneFamilyIsEnough) {
    for (const int has : {type_a, type_aaaa}) {
        for (const int code : {0, 2, 3}) { // what the other query says must not matter
            fake_dns dns([=](const std::string& name, int type) -> dns_answer {
                if (type != has) return {.code = code};
                return {.records = {{name, has, has == type_a ? "127.0.0.1" : "::1"}}};
            });
            const auto result = look_up("mx.example.test", dns.address());
            EXPECT_EQ(result.error, errc::ok) << has << ' ' << code;
            EXPECT_EQ(result.addresses.size(), 1U) << has << ' ' << code;
        }
    }
}

TEST(Resolver, KnowsTheHostsFile) {
    fake_dns dns(no_such_name);
    const auto result = look_up("localhost", dns.address());
    EXPECT_EQ(result.error, errc::ok);
    EXPECT_THAT(result.addresses, testing::Contains("127.0.0.1:25"));
    EXPECT_EQ(dns.queries(), 0);
}

TEST(Resolver, ANameThatDoesNotExist) {
    fake_dns dns(no_such_name);
    EXPECT_EQ(look_up("nowhere.example.test", dns.address()).error, errc::host_not_found);
}

TEST(Resolver, ANameWithoutAddresses) {
    fake_dns dns([](const std::string&, int) { return dns_answer{}; });
    EXPECT_EQ(look_up("mail.example.test", dns.address()).error, errc::host_not_found);
}

TEST(Resolver, ANameThatTheDnsCannotHave) {
    fake_dns dns(no_such_name);
    EXPECT_EQ(look_up(std::string(64, 'x') + ".test", dns.address()).error, errc::host_not_found);
    EXPECT_EQ(look_up(std::string(300, 'x'), dns.address()).error, errc::host_not_found);
    EXPECT_EQ(look_up("a..test", dns.address()).error, errc::host_not_found);
    EXPECT_EQ(dns.queries(), 0);
}

TEST(Resolver, AFailingServerIsNotAMissingName) {
    for (const int code : {1, 2, 4, 5}) { // FORMERR, SERVFAIL, NOTIMP, REFUSED
        fake_dns dns([=](const std::string&, int) { return dns_answer{.code = code}; });
        EXPECT_EQ(look_up("mx.example.test", dns.address()).error, errc::resolver_failed) << code;
    }
}

// A mail host whose A query fails for a moment, and that has no AAAA: not a reason to return the mail.
TEST(Resolver, HalfAFailureIsNotAMissingName) {
    for (const int fails : {type_a, type_aaaa}) {
        fake_dns dns([=](const std::string&, int type) { return dns_answer{.code = type == fails ? 2 : 0}; });
        EXPECT_EQ(look_up("mx.example.test", dns.address()).error, errc::resolver_failed) << fails;
    }
}

// The same, with the harmless answer as the last to arrive: c-ares would tell of that one only.
TEST(Resolver, HalfAFailureBeforeAnEmptyAnswerIsNotAMissingName) {
    for (const int fails : {type_a, type_aaaa}) {
        std::atomic<bool> lost = false;
        fake_dns dns([&](const std::string&, int type) -> dns_answer {
            if (type == fails) return {.code = 2};
            return {.silent = !lost.exchange(true)};
        });
        EXPECT_EQ(look_up("mx.example.test", dns.address(), in(2s)).error, errc::resolver_failed) << fails;
    }
}

TEST(Resolver, ASilentServerCostsTheDeadlineAndNoMore) {
    fake_dns dns(silence);
    expect_patience(
        [&](deadline until) { EXPECT_EQ(look_up("mx.example.test", dns.address(), until).error, errc::timed_out); });
}

TEST(Resolver, ALostDatagramIsRepeatedWithinAShortDeadline) {
    std::atomic<int> lost = 2;
    fake_dns dns([&](const std::string& name, int type) -> dns_answer {
        if (lost-- > 0) return {.silent = true};
        if (type == type_aaaa) return {};
        return {.records = {{name, type_a, "127.0.0.1"}}};
    });
    EXPECT_EQ(look_up("mx.example.test", dns.address(), in(4s)).error, errc::ok);
}

TEST(Resolver, TheNextServerIsAsked) {
    fake_dns broken([](const std::string&, int) { return dns_answer{.code = 2}; });
    fake_dns good([](const std::string& name, int type) -> dns_answer {
        if (type == type_aaaa) return {};
        return {.records = {{name, type_a, "127.0.0.1"}}};
    });
    EXPECT_EQ(look_up("mx.example.test", broken.address() + "," + good.address()).error, errc::ok);
}

TEST(Resolver, NobodyAtTheServersPort) {
    std::string address;
    {
        fake_dns gone(silence);
        address = gone.address();
    }
    EXPECT_EQ(look_up("mx.example.test", address).error, errc::resolver_failed);
}

TEST(Resolver, MoreAddressesThanAnybodyTries) {
    fake_dns dns([](const std::string& name, int type) {
        dns_answer answer;
        for (int i = 1; type == type_a && i <= 20; ++i)
            answer.records.push_back({name, type_a, "127.0.0." + std::to_string(i)});
        return answer;
    });
    EXPECT_EQ(look_up("mx.test", dns.address()).addresses.size(), connect_report::capacity);
}

// A connection from an IPv4 address has no use for the others.
TEST(Resolver, AsksForOneFamilyOnly) {
    std::atomic<int> others = 0;
    fake_dns dns([&](const std::string& name, int type) -> dns_answer {
        if (type != type_a) ++others;
        return {.records = {{name, type_a, "127.0.0.1"}}};
    });
    const auto result = look_up("mx.test", dns.address(), soon(), nullptr, AF_INET);
    EXPECT_THAT(result.addresses, ElementsAre("127.0.0.1:25"));
    EXPECT_EQ(others, 0);
    EXPECT_EQ(look_up("localhost", dns.address(), soon(), nullptr, AF_INET).error, errc::ok);
    const auto of_hosts =
        look_up("localhost", dns.address(), soon(), nullptr, AF_INET6); // which may have none of that family
    EXPECT_EQ(of_hosts.error, of_hosts.addresses.empty() ? errc::host_not_found : errc::ok);
    EXPECT_THAT(of_hosts.addresses, testing::Each(testing::StartsWith("[")));
    EXPECT_EQ(dns.queries(), 1);
}

// What resolv.conf has in `search`.
class suffixes {
public:
    explicit suffixes(const char* list) { ::setenv("LOCALDOMAIN", list, 1); }
    ~suffixes() { ::unsetenv("LOCALDOMAIN"); }
    suffixes(const suffixes&) = delete;
    suffixes& operator=(const suffixes&) = delete;
};

TEST(Resolver, ASuffixMakesAShortNameWhole) {
    const suffixes search("first.test second.test");
    std::mutex mutex;
    std::vector<std::string> asked;
    fake_dns dns([&](const std::string& name, int type) -> dns_answer {
        const std::lock_guard lock(mutex);
        if (type == type_a) asked.push_back(name);
        if (name != "mail.second.test") return {.code = 3};
        return {.records = {{name, type, type == type_a ? "127.0.0.1" : "::1"}}};
    });
    const auto names = [&] {
        const std::lock_guard lock(mutex);
        return std::exchange(asked, {});
    };
    EXPECT_THAT(look_up("mail", dns.address()).addresses, ElementsAre("[::1]:25", "127.0.0.1:25"));
    EXPECT_THAT(names(), ElementsAre("mail.first.test", "mail.second.test"));
    EXPECT_EQ(look_up("mail.", dns.address()).error, errc::host_not_found);
    EXPECT_THAT(names(), ElementsAre("mail"));
    EXPECT_EQ(look_up("no.mail", dns.address()).error, errc::host_not_found);
    EXPECT_THAT(names(), ElementsAre("no.mail", "no.mail.first.test", "no.mail.second.test"));
}

// Whoever has an A record alone is not to be given the AAAA record that a wildcard has for his name and a suffix.
TEST(Resolver, TheAddressesOfOneNameOnly) {
    const suffixes search("wild.test");
    for (const int has : {type_a, type_aaaa}) {
        fake_dns dns([=](const std::string& name, int type) -> dns_answer {
            if ((type == has) == name.ends_with(".wild.test")) return {};
            return {.records = {{name, type, type == type_a ? "127.0.0.1" : "::1"}}};
        });
        const auto result = look_up("mx.example.test", dns.address());
        EXPECT_EQ(result.error, errc::ok);
        EXPECT_THAT(result.addresses, ElementsAre(has == type_a ? "127.0.0.1:25" : "[::1]:25"));
    }
}

TEST(Resolver, AFailureIsNotASuffixesTurn) {
    const suffixes search("wild.test");
    fake_dns dns([](const std::string& name, int type) -> dns_answer {
        if (!name.ends_with(".wild.test")) return {.code = type == type_a ? 2 : 0};
        return {.records = {{name, type, type == type_a ? "127.0.0.1" : "::1"}}};
    });
    EXPECT_EQ(look_up("mx.example.test", dns.address()).error, errc::resolver_failed);
}

TEST(Resolver, RefusesWhatIsNoNameOrNoServer) {
    using namespace std::string_view_literals;
    fake_dns dns(no_such_name);
    EXPECT_EQ(look_up("", dns.address()).error, errc::invalid_parameter);
    EXPECT_EQ(look_up("a\0b"sv, dns.address()).error, errc::invalid_parameter);
    EXPECT_EQ(look_up("mx.example.test", "not a server").error, errc::invalid_parameter);
    EXPECT_EQ(look_up("mx.example.test", "127.0.0.1\0"sv).error, errc::invalid_parameter);
    EXPECT_EQ(look_up("mx.example.test", std::string(2000, '1')).error, errc::invalid_parameter);
    EXPECT_EQ(dns.queries(), 0);
}

TEST(Resolver, IsCancelledFromAnotherThread) {
    canceller cancel;
    fake_dns dns([&](const std::string&, int) {
        cancel.cancel(); // when the query has arrived, the lookup waits
        return dns_answer{.silent = true};
    });
    EXPECT_EQ(look_up("mx.example.test", dns.address(), never, &cancel).error, errc::cancelled);
}

TEST(Resolver, SurvivesSignals) {
    fake_dns dns([](const std::string& name, int type) -> dns_answer {
        if (type == type_aaaa) return {};
        return {.records = {{name, type_a, "127.0.0.1"}}};
    });
    calls.interruptions = 20;
    EXPECT_EQ(look_up("mx.example.test", dns.address()).error, errc::ok);
    calls.interruptions = 0;
}

TEST(Resolver, WorksInSeveralThreadsAtOnce) {
    fake_dns dns([](const std::string& name, int type) -> dns_answer {
        if (type == type_aaaa) return {};
        return {.records = {{name, type_a, "127.0.0.1"}}};
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] { EXPECT_EQ(look_up("mx.example.test", dns.address()).error, errc::ok); });
    for (auto& thread : threads) thread.join();
}

TEST(Resolver, LeavesNoDescriptor) {
    fake_dns dns(silence);
    look_up("mx.example.test", dns.address(), in(1ms)); // whatever the library opens once
    const auto before = open_descriptors();
    for (int i = 0; i < 10; ++i) look_up("mx.example.test", dns.address(), in(5ms));
    EXPECT_EQ(open_descriptors(), before);
}
