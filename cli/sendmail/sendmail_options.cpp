// The help of `postrider sendmail`, from which its man page and its completion come too. The arguments themselves are read by
// sendmail_arguments.cpp: `main` never lets CLI11 see them.
#include "sendmail.hpp"

#include <CLI/CLI.hpp>

namespace postrider::cli {
namespace {

constexpr const char* message_group = "Message";
constexpr const char* delivery_group = "Delivery";
constexpr const char* server_group = "Server";
constexpr const char* other_group = "Accepted and ignored";

void show(CLI::App& page, const std::string& names, const char* value, const std::string& help, const char* group) {
    CLI::Option* const option = page.add_option(names)->group(group)->description(help);
    if (value != nullptr) option->option_text(value);
}

void show_flag(CLI::App& page, const std::string& names, const std::string& help, const char* group) {
    page.add_flag(names)->group(group)->description(help);
}

void describe_message(CLI::App& page) {
    page.add_option("recipient")
        ->option_text("ADDRESS ...")
        ->description("Recipients; several with commas between; without a domain they get the local one")
        ->group(message_group);
    show_flag(page, "-t,--read-recipients",
              "Those of To, Cc and Bcc are recipients too, beside the ones that are named; without -f the sender "
              "is that of Sender or From",
              message_group);
    show_flag(page, "-i", "A line with a lone dot does not end the message; also -oi", message_group);
    show(page, "-f,-r,--from", "ADDRESS",
         "The envelope sender; '' or <> is nobody. Default: the account's, else USER@HOST", message_group);
    show_flag(page, "--read-envelope-from", "Without -f the sender is that of Sender or From, without -t, too",
              message_group);
    show(page, "-F", "NAME", "Full name for the From field that a message without one gets", message_group);
    show(page, "-B", "TYPE", "7BIT or 8BITMIME; what the message needs its octets decide", message_group);
}

void describe_delivery(CLI::App& page) {
    show(page, "-N", "WHEN", "Notify the sender: success, failure, delay, with commas between; or never",
         delivery_group);
    show(page, "-R", "WHAT", "What comes back with a notification: full or hdrs", delivery_group);
    show(page, "-V", "ENVID", "The envelope id of notifications, in xtext", delivery_group);
    show(page, "-b", "MODE",
         "m: send (default); v: ask the server whether it would take a mail for them; i: nothing to do. p, d and s are "
         "refused: there is no queue and no daemon",
         delivery_group);
    show_flag(page, "-v", "Show the dialog with the server on standard error, without secrets", delivery_group);
    show(page, "--unknown", "CODE", "Exit code where the mail may have been taken; default 75", delivery_group);
    show_flag(page, "--json", "Print what became of the mail as JSON", delivery_group);
    show(page, "--color,--colour", "WHEN", "When to use colours: auto (a terminal, without NO_COLOR), always, never",
         delivery_group);
}

void describe_server(CLI::App& page) {
    show(page, "-C,--config,--file", "FILE",
         "The configuration file; secrets are taken from one in ~/.config/postrider or /etc/postrider alone",
         server_group);
    show(page, "-a,--account", "NAME", "The account; else the one that the sender belongs to", server_group);
    for (const char* const name : {"server", "local-domain", "ehlo", "timeout", "connect-timeout", "no-use"}) {
        const setting* const one = setting_named(name);
        show(page, std::string{"--"} + name, std::string{one->value}.c_str(), std::string{one->help}, server_group);
    }
}

} // namespace

void add_sendmail(CLI::App& to, program& in) {
    CLI::App& page = *to.add_subcommand(
        "sendmail", "Send a message from standard input, as the sendmail of cron, PHP, git, mutt and s-nail");
    page.set_help_flag("--help", "Show this, and nothing else")->group(delivery_group); // -h is the family's
    page.footer(
        "Called by the name sendmail it is the same. It has no queue: a mail is sent while the caller waits, which is "
        "silent if all recipients were accepted. Exit codes: 0; 64 usage; 65 bad message; 66 no input; 67 refused by "
        "-bv; 68 no such host; 69 rejected, or a service that is not here; 71 no memory; 74 standard output is closed "
        "or full, by -bv and --help; 75 nothing was queued, keep the mail and try again; 76 TLS or protocol; 77 "
        "authentication; 78 configuration.\n\n"
        "Examples:\n"
        "  postrider sendmail -t -i < message.eml\n"
        "  postrider sendmail -f alice@a.example -N failure,delay -- bob@b.example < message.eml\n"
        "  postrider sendmail -bv bob@b.example\n"
        "  git config --global sendemail.sendmailCmd 'postrider sendmail'\n");
    describe_message(page);
    describe_delivery(page);
    describe_server(page);
    show_flag(page, "-G,-U,-m,-n", "Of queues, aliases and rewriting, which there are none of", other_group);
    show(page, "-A,-h,-L,-O,-o,-p,-X", "VALUE", "-X writes no file; -oi counts, and so does -O IgnoreDots",
         other_group);
    static_cast<void>(in);
}

std::string sendmail_help() {
    CLI::App app{"", "postrider"};
    program none;
    add_commands(app, none); // which lays it out
    return app.get_subcommand("sendmail")->help("postrider");
}

} // namespace postrider::cli
