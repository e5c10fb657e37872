#include "sendmail/sendmail_arguments.hpp"

#include "failure.hpp"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

using task = sendmail_arguments::task;
using words = std::vector<const char*>;
using texts = std::vector<std::string>;

sendmail_arguments read(const words& arguments, std::string_view called = "sendmail") {
    return read_sendmail_arguments(called, arguments);
}

/// Why they are refused; empty: they are not.
std::string refusal(const words& arguments) {
    try {
        static_cast<void>(read(arguments));
    } catch (const failure& why) {
        EXPECT_EQ(why.code, EX_USAGE) << why.text;
        return why.text;
    }
    return {};
}

testing::AssertionResult refused(const words& arguments, std::string_view begin, std::string_view part = {}) {
    const std::string why = refusal(arguments);
    if (why.starts_with(begin) && why.find(part) != why.npos && !why.empty()) return testing::AssertionSuccess();
    return testing::AssertionFailure() << (why.empty() ? "not refused" : why);
}

TEST(SendmailArguments, ByDefaultAMessageUpToALoneDot) {
    const auto said = read({"bob@b.example"});
    EXPECT_EQ(said.what, task::submit);
    EXPECT_FALSE(said.from_headers);
    EXPECT_TRUE(said.dot_ends);
    EXPECT_FALSE(said.verbose);
    EXPECT_FALSE(said.sender);
    EXPECT_EQ(said.recipients, texts{"bob@b.example"});
    EXPECT_EQ(said.unknown, EX_TEMPFAIL);
}

// Each as the caller has it in its sources; the callers themselves are run by callers_test.py.
TEST(SendmailArguments, OfCron) {
    const auto said = read({"-i", "-FCronDaemon", "-B8BITMIME", "-oem", "root"});
    EXPECT_FALSE(said.dot_ends);
    EXPECT_EQ(said.full_name, "CronDaemon");
    EXPECT_EQ(said.recipients, texts{"root"}); // and not the value of -oem
}

TEST(SendmailArguments, OfPhp) {
    const auto said = read({"-t", "-i", "-fwww@a.example"});
    EXPECT_TRUE(said.from_headers);
    EXPECT_FALSE(said.dot_ends);
    EXPECT_EQ(said.sender, "www@a.example");
    EXPECT_TRUE(said.recipients.empty());
}

TEST(SendmailArguments, OfMutt) {
    const auto said =
        read({"-oem", "-oi", "-f", "alice@a.example", "-N", "failure,delay", "-R", "hdrs", "--", "bob@b.example"});
    EXPECT_EQ(said.sender, "alice@a.example");
    EXPECT_FALSE(said.dot_ends);
    EXPECT_TRUE(said.delivery.notify.has(notify::failure));
    EXPECT_TRUE(said.delivery.notify.has(notify::delay));
    EXPECT_FALSE(said.delivery.notify.has(notify::success));
    EXPECT_EQ(said.delivery.ret, return_content::headers);
    EXPECT_EQ(said.recipients, texts{"bob@b.example"});
}

TEST(SendmailArguments, OfAlpineAndOfMailwrappers) {
    EXPECT_EQ(read({"-bs", "-odb", "-oem"}).what, task::smtp);
    EXPECT_FALSE(read({"-ti"}).dot_ends);
    EXPECT_TRUE(read({"-it"}).from_headers);
    EXPECT_TRUE(read({"-itv"}).verbose);
    EXPECT_EQ(read({"-tfalice@a.example"}).sender, "alice@a.example");
}

TEST(SendmailArguments, TheLoneDot) {
    for (const char* const one : {"-i", "-oi", "-oitrue", "-OIgnoreDots=True", "-OIgnoreDots"})
        EXPECT_FALSE(read({one, "b@b"}).dot_ends) << one;
    EXPECT_FALSE(read({"-o", "i", "b@b"}).dot_ends);
    EXPECT_FALSE(read({"-O", "IgnoreDots=true", "b@b"}).dot_ends);
    for (const char* const one : {"-OIgnoreDots=False", "-OErrorMode=p", "-oem", "-odi", "-om"})
        EXPECT_TRUE(read({one, "b@b"}).dot_ends) << one;
}

TEST(SendmailArguments, Senders) {
    EXPECT_EQ(read({"-f", "a@a", "b@b"}).sender, "a@a");
    EXPECT_EQ(read({"-ra@a", "b@b"}).sender, "a@a");
    EXPECT_EQ(read({"-f", "Alice <a@a>", "b@b"}).sender, "a@a");
    EXPECT_EQ(read({"-f", "first@a", "-f", "last@a", "b@b"}).sender, "last@a");
    EXPECT_EQ(read({"-f", "root", "b@b"}).sender, "root");
    for (const char* const null : {"", "<>"}) EXPECT_EQ(read({"-f", null, "b@b"}).sender, "") << null;
    EXPECT_EQ(read({"-f<>", "b@b"}).sender, "");
    EXPECT_TRUE(refused({"-f", "a@a, b@b"}, "-f", "is not one address"));
    EXPECT_TRUE(refused({"-f", "  "}, "-f", "is not one address"));
    EXPECT_EQ(read({"-f", "a@b\u00fccher.example", "b@b"}).sender, "a@b\u00fccher.example");
    EXPECT_EQ(read({"-f", "\"a b\"", "b@b"}).sender, "\"a b\"");
    for (const char* const wrong :
         {"a@a..example", "a@-", "a..b@a", "a..b", "a@\xe2\x80\x8e.example", "a@\xff.example"})
        EXPECT_TRUE(refused({"-f", wrong}, "-f", "is no address")) << wrong;
    EXPECT_TRUE(refused({"-r", "a@a> SIZE=1"}, "a@a> SIZE=1", "is no address"));
    EXPECT_TRUE(refused({"-f", "a@a\r\nRCPT TO:<x@x>"}, "a@a", "control character"));
    EXPECT_TRUE(refused({"-f", "-t"}, "-f", "is missing")); // a script's -f $NOBODY -t
    EXPECT_TRUE(refused({"-f"}, "-f", "its value is missing"));
}

TEST(SendmailArguments, Operands) {
    EXPECT_EQ(read({"a@b, c@d", "e@f"}).recipients, (texts{"a@b", "c@d", "e@f"}));
    EXPECT_EQ(read({"Bob <b@b>, \"C, D\" <c@c> (at work, mostly), <d@d>"}).recipients, (texts{"b@b", "c@c", "d@d"}));
    EXPECT_EQ(read({"\"a, b\"@c, d@d"}).recipients, (texts{"\"a, b\"@c", "d@d"}));
    EXPECT_EQ(read({"<\"a>b\"@c>"}).recipients, texts{"\"a>b\"@c"});
    EXPECT_EQ(read({"a@b,, c@d,"}).recipients, (texts{"a@b", "c@d"}));
    EXPECT_TRUE(read({""}).recipients.empty());
    for (const char* const wrong :
         {"a@b c@d", "a@b> x", "<a@b", "\"a@b", "<a@b> <c@d>", "<a@b> c", "<>", "(a", "\"a\\", "(\\"})
        EXPECT_TRUE(refused({wrong}, wrong)) << wrong;
    EXPECT_TRUE(refused({"a\nb@c\x1b[2J"}, "a?b@c?[2J: has a control character"));
}

TEST(SendmailArguments, OptionsMayStandBehindOperands) {
    const auto said = read({"bob@b.example", "-f", "alice@a.example", "carol@c.example"});
    EXPECT_EQ(said.sender, "alice@a.example");
    EXPECT_EQ(said.recipients, (texts{"bob@b.example", "carol@c.example"}));
}

TEST(SendmailArguments, WhatBeginsWithADashIsAnAddressBehindTwoDashesAlone) {
    EXPECT_EQ(read({"--", "-x@y.example", "--"}).recipients, (texts{"-x@y.example", "--"}));
    EXPECT_TRUE(refused({"a@b, -x@y"}, "a@b, -x@y", "stands behind --"));
    EXPECT_TRUE(refused({"b@b", "-Zx@y"}, "-Z", "stands behind --"));
    EXPECT_TRUE(refused({"-"}, "-", "neither an option nor an address"));
}

// A value of an option that is ignored would be a recipient.
TEST(SendmailArguments, WhatIsIgnoredTakesItsValue) {
    for (const char* const letter : {"-A", "-D", "-h", "-L", "-O", "-X", "-e", "-p", "-z"})
        EXPECT_EQ(read({letter, "value", "b@b"}).recipients, texts{"b@b"}) << letter;
    for (const char* const attached : {"-Ac",
                                       "-Am",
                                       "-D/log",
                                       "-h17",
                                       "-Ltag",
                                       "-Ok=v",
                                       "-X/var/www/x.php",
                                       "-em",
                                       "-pSMTP",
                                       "-d0.1",
                                       "-d",
                                       "-E",
                                       "-J",
                                       "-om",
                                       "-o7",
                                       "-oQ/var/spool",
                                       "-or5m",
                                       "-odb",
                                       "-G",
                                       "-U",
                                       "-m",
                                       "-n",
                                       "-c",
                                       "-s",
                                       "-T",
                                       "-x",
                                       "-bm",
                                       "-oAfile",
                                       "-dropcr",
                                       "-os"})
        EXPECT_EQ(read({attached, "b@b"}).recipients, texts{"b@b"}) << attached;
    for (const char* const of_exim :
         {"-oA", "-oB", "-oP", "-oX", "-oMa", "-oMaa", "-oMai", "-oMas", "-oMi", "-oMm", "-oMr", "-oMs", "-oMt"})
        EXPECT_EQ(read({of_exim, "value", "b@b"}).recipients, texts{"b@b"}) << of_exim;
    EXPECT_EQ(read({"-or", "5m", "-os", "10s", "b@b"}).recipients, texts{"b@b"});
    EXPECT_TRUE(read({"-ov", "b@b"}).verbose);
}

TEST(SendmailArguments, UnknownOnesAreRefusedByName) {
    EXPECT_TRUE(refused({"-Z"}, "-Z"));
    EXPECT_TRUE(refused({"-tZi"}, "-Z", "-tZi"));
    EXPECT_TRUE(refused({"-4", "b@b"}, "-4"));
    EXPECT_TRUE(refused({"--queue"}, "--queue"));
    EXPECT_TRUE(refused({"-bx"}, "-bx"));
    EXPECT_TRUE(refused({"-h"}, "-h", "its value is missing"));
    EXPECT_TRUE(refused({"--account"}, "--account", "its value is missing"));
}

TEST(SendmailArguments, Notifications) {
    EXPECT_TRUE(read({"-Nnever", "b@b"}).delivery.notify.has(notify::nothing));
    EXPECT_TRUE(read({"-N", "SUCCESS", "b@b"}).delivery.notify.has(notify::success));
    EXPECT_EQ(read({"-N", "off", "-R", "off", "b@b"}).delivery.ret, return_content::unsaid);
    EXPECT_EQ(read({"-Rfull", "b@b"}).delivery.ret, return_content::full);
    EXPECT_EQ(read({"-R", "headers", "b@b"}).delivery.ret, return_content::headers);
    for (const char* const wrong : {"never,delay", "delay,never", "", "failure,", "sometimes"})
        EXPECT_TRUE(refused({"-N", wrong}, "-N")) << wrong;
    EXPECT_TRUE(refused({"-R", "half"}, "-R", "half"));
    EXPECT_TRUE(refused({"-B", "BINARY"}, "-B", "BINARY"));
    EXPECT_TRUE(refusal({"-B", "7bit", "b@b"}).empty());
}

TEST(SendmailArguments, EnvelopeIdsComeInXtext) {
    EXPECT_EQ(read({"-V", "QQ+2B314159+3D", "b@b"}).delivery.envelope_id, "QQ+314159=");
    for (const char* const wrong : {"", "a b", "a=b", "a+2", "a+", "a+2b", "a+0A", "a+FF", "\xc3\xa4"})
        EXPECT_TRUE(refused({"-V", wrong}, "-V", "xtext")) << wrong;
    EXPECT_TRUE(refused({"-V", std::string(101, 'x').c_str()}, "-V"));
    EXPECT_TRUE(refusal({"-V", std::string(100, 'x').c_str()}).empty());
}

TEST(SendmailArguments, FullNamesHaveNoControlCharacters) {
    EXPECT_EQ(read({"-F", "Alice \"A.\" Ångström", "b@b"}).full_name, "Alice \"A.\" Ångström");
    EXPECT_TRUE(refused({"-F", "Alice\nBcc: x@x"}, "-F", "control character"));
}

TEST(SendmailArguments, WhatNeedsAQueueOrADaemon) {
    for (const char* const one : {"-bp", "-bpc", "-q", "-q30m", "-qRb.example", "-M", "-Q", "-Qspam"})
        EXPECT_EQ(read(one == std::string_view{"-M"} ? words{one, "1abc"} : words{one}).what, task::queue) << one;
    for (const char* const one : {"-bd", "-bD", "-bl"}) EXPECT_EQ(read({one}).what, task::daemon) << one;
    for (const char* const one : {"-bi", "-I"}) EXPECT_EQ(read({one}).what, task::aliases) << one;
    EXPECT_EQ(read({"-v"}, "mailq").what, task::queue);
    EXPECT_EQ(read({}, "newaliases").what, task::aliases);
    EXPECT_EQ(read({"--help"}, "mailq").what, task::help);
    EXPECT_EQ(read({"--version"}).what, task::version);
    EXPECT_EQ(read({"-bV"}).what, task::version);
    EXPECT_EQ(read({"-bS"}).what, task::smtp);
}

TEST(SendmailArguments, VerifyingNeedsAddresses) {
    EXPECT_EQ(read({"-bv", "b@b"}).what, task::verify);
    EXPECT_TRUE(refused({"-bv"}, "-bv", "names no address"));
    EXPECT_TRUE(refused({"-bv", "-t", "b@b"}, "-bv", "-t"));
    EXPECT_TRUE(refused({"-bv", "--json", "b@b"}, "--json"));
}

TEST(SendmailArguments, LongOnes) {
    const auto said =
        read({"--account", "work", "--config=file", "--unknown=80", "--json", "--color=never", "--timeout", "5",
              "--no-use=CHUNKING", "--no-use", "DSN", "--local-domain=a.example", "--helo=me.example", "b@b"});
    EXPECT_EQ(said.said.text("account"), "work");
    EXPECT_EQ(said.said.text("config"), "file");
    EXPECT_EQ(said.said.text("timeout"), "5");
    EXPECT_EQ(said.said.text("local-domain"), "a.example");
    EXPECT_EQ(said.said.text("ehlo"), "me.example"); // by its other name
    EXPECT_EQ(said.said.find("no-use")->texts, (texts{"CHUNKING", "DSN"}));
    EXPECT_EQ(said.said.find("timeout")->origin, "--timeout");
    EXPECT_EQ(said.unknown, 80);
    EXPECT_TRUE(said.json);
    EXPECT_EQ(said.colour, "never");
    EXPECT_EQ(said.recipients, texts{"b@b"});
    EXPECT_EQ(read({"-a", "work", "-Cfile", "b@b"}).said.text("account"), "work");
    for (const char* const wrong : {"--unknown=no", "--unknown=256", "--unknown=-1", "--unknown="})
        EXPECT_TRUE(refused({wrong}, "--unknown", "is no exit code")) << wrong;
    EXPECT_TRUE(refused({"--color=blue"}, "--color"));
    EXPECT_TRUE(refused({"--json=yes"}, "--json", "takes no value"));
}

TEST(SendmailArguments, LongOnesOfMsmtp) {
    const auto said = read({"--from=a@a", "--read-recipients", "--read-envelope-from", "--file=x", "b@b"});
    EXPECT_EQ(said.sender, "a@a");
    EXPECT_TRUE(said.from_headers);
    EXPECT_TRUE(said.reads_sender);
    EXPECT_EQ(said.said.text("config"), "x");
    EXPECT_EQ(said.recipients, texts{"b@b"});
    EXPECT_EQ(read({"--from", "a@a", "--file", "x", "b@b"}).recipients, texts{"b@b"});
    EXPECT_EQ(read({"--from=", "b@b"}).sender, "");
    EXPECT_EQ(read({"--from=<>", "b@b"}).sender, "");
    EXPECT_TRUE(refused({"--from", "-t"}, "--from", "is missing"));
    EXPECT_TRUE(refused({"--from=a@a..b"}, "--from", "is no address"));
    EXPECT_TRUE(refused({"--read-recipients=x"}, "--read-recipients", "takes no value"));
    EXPECT_TRUE(refused({"--host=x"}, "--host", "--server URL"));
    EXPECT_TRUE(refused({"--tls-trust-file", "x"}, "--tls-trust-file", "`tls-ca`"));
}

// CVE-2016-10033: what PHP's mail() is given as its fifth argument, a stranger may have written.
TEST(SendmailArguments, NoneRunsACommandOrMovesASecret) {
    for (const setting& one : all_settings()) {
        const std::string option =
            std::string{"--"}.append(one.name).append(one.kind == setting_kind::flag ? "" : "=x");
        const bool key = one.name == "dkim-key" || one.name == "tls-key" || one.name == "tls-cert";
        const bool secret = key || one.group == "Authentication" || one.value == "COMMAND" ||
                            one.name.find("password") != one.name.npos;
        if (secret) {
            EXPECT_TRUE(refused({option.c_str(), "b@b"}, std::string{"--"} += one.name, "configuration file"));
            EXPECT_TRUE(refused({"--server=localhost", option.c_str(), "b@b"}, std::string{"--"} += one.name));
        } else if (one.group == "TLS" || one.name == "dns" || one.name == "proxy" || one.name == "source-address") {
            EXPECT_TRUE(refused({option.c_str(), "b@b"}, std::string{"--"} += one.name, "account's server"));
            EXPECT_TRUE(refusal({"--server=localhost", option.c_str(), "b@b"}).empty()) << option;
        } else {
            EXPECT_TRUE(refusal({option.c_str(), "b@b"}).empty()) << option;
        }
    }
    EXPECT_TRUE(refused({"--server=localhost", "--account=work", "b@b"}, "--server"));
}

} // namespace
} // namespace postrider::cli
