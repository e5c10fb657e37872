#include "pages/completion.hpp"
#include "pages/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

command_facts small() {
    return {
        .name = "postrider",
        .description = "Does mail.",
        .commands = {
            {.name = "send",
             .description = "Send `it`.",
             .footer = "Examples:\n  postrider send 'x' \\\n\nA note.\nExit codes: 0 well;\n1 not.",
             .groups = {"Message"},
             .options = {
                 {.names = {"-s", "--subject"}, .value = "TEXT", .help = ".so not a request; x", .group = "Message"},
                 {.names = {"FILE"}, .help = "It's one", .argument = true, .required = true, .repeated = true}}}}};
}

TEST(manual, escapes_what_roff_would_act_upon) {
    EXPECT_EQ(roff("a-b\\c'd`e^f~g\"h"), "a\\-b\\ec\\(aqd\\(gae\\(haf\\(tig\\(dqh");
    EXPECT_EQ(roff("\xc2\xa7 \xe2\x82\xac \xf0\x9f\x93\xac"), "\\[u00A7] \\[u20AC] \\[u1F4EC]");
    EXPECT_EQ(roff("\xff|\xe2\x82|"), "?|??|") << "no UTF-8: nothing is read behind it";
}

TEST(manual, has_options_examples_and_notes_and_the_exit_codes_once) {
    const std::string page = manual_page(small(), "postrider-send", "2026-11-30");
    EXPECT_THAT(page, HasSubstr("\\fBpostrider\\fR \\fBsend\\fR [\\fIOPTION\\fR...] \\fIFILE\\fR...\n"));
    EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-s\\fR, \\fB\\-\\-subject\\fR \\fITEXT\\fR\n\\&.so not a request; x\n"));
    EXPECT_THAT(page, HasSubstr(".SH NOTES\nA note.\n"));
    EXPECT_THAT(page, HasSubstr(".nf\n\\&postrider send \\(aqx\\(aq \\e\n.fi\n"));
    EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS\n"));
    EXPECT_THAT(page, Not(HasSubstr("1 not")));
    EXPECT_EQ(manual_page(small(), "postrider-nothing", "2026-11-30"), "");
    EXPECT_EQ(manual_page(small(), "postrider-load", "2026-11-30"), "") << "a text without a command";
}

TEST(completion, knows_what_a_value_may_be) {
    const auto how = [](option_facts of) { return value_of(of).how; };
    EXPECT_EQ(how({.names = {"--attach"}, .value = "FILE"}), completes::file);
    EXPECT_EQ(how({.names = {"--inline"}, .value = "ID=FILE"}), completes::file);
    EXPECT_EQ(how({.names = {"--maildir"}, .value = "DIR"}), completes::folder);
    EXPECT_EQ(how({.names = {"--account"}, .value = "NAME"}), completes::account);
    EXPECT_EQ(how({.names = {"--subject"}, .value = "TEXT"}), completes::nothing);
    EXPECT_EQ(how({.names = {"FILE"}, .argument = true}), completes::file);
    EXPECT_THAT(value_of({.names = {"--tls-min"}, .value = "VERSION"}).words, ElementsAre("1.2", "1.3"));
    EXPECT_THAT(value_of({.names = {"--tls-min"}, .value = "VERSION", .choices = {"1.0"}}).words, ElementsAre("1.0"));
}

TEST(completion, quotes_what_a_shell_would_act_upon) {
    command_facts all = small();
    all.commands[0].options.push_back(
        {.names = {"--odd"}, .value = "X", .help = "It's $(rm) [a:b]; more", .group = "Message"});
    EXPECT_THAT(zsh_completion(all), HasSubstr("'(--odd)'--odd='[It'\\''s $(rm) \\[a\\:b\\]]:X: '"));
    EXPECT_THAT(fish_completion(all), HasSubstr("-l odd -x -d 'It\\'s $(rm) [a:b]'"));
    EXPECT_THAT(bash_completion(all), Not(HasSubstr("$(rm)")));
}

} // namespace
} // namespace postrider::cli
