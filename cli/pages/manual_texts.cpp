// What manual pages say beyond the help of the options.
#include "manual.hpp"

#include <array>

namespace postrider::cli {
namespace {

using row = std::pair<std::string_view, std::string_view>;

constexpr std::array of_mails{
    row{"0", "Accepted by the server for all recipients."},
    row{"64", "Wrong use: an option, or its value."},
    row{"65", "Something in the message: an address, a line, octets that do not fit what it says."},
    row{"66", "A file, or standard input, cannot be read."},
    row{"68", "There is no such host."},
    row{"69", "Rejected, for all or for some: not again unchanged."},
    row{"71", "The system: no memory, no descriptor."},
    row{"73", "A file cannot be written."},
    row{"74", "Standard output is closed or its disk is full. Mails that were sent keep the code of their outcome."},
    row{"75", "Not now: a reply that says later, no connection, or a time limit. The same again later."},
    row{"76", "TLS, its verification too, or the protocol."},
    row{"77", "Authentication."},
    row{"78", "The configuration: of an account, a certificate, a key."},
    row{"80", "Unknown: all of the mail left, and no answer came. To send it again may deliver it twice."},
    row{"130", "Interrupted before it was decided."},
};

constexpr std::array of_sendmail{
    row{"0", "Accepted by the server for all recipients."},
    row{"64", "Wrong use, no recipient, or a sender that is no address."},
    row{"65", "Something in the message."},
    row{"66", "Standard input cannot be read."},
    row{"67", "With -bv: there is no such user."},
    row{"68", "There is no such host."},
    row{"69", "Rejected, for all or for some; or a mode that needs a queue, a daemon or SMTP."},
    row{"71", "The system: no memory."},
    row{"74", "With -bv and --help: standard output is closed or its disk is full."},
    row{"75", "Nothing was queued: keep the mail, and try again; at a full disk, too. Also where the mail may have "
              "been taken, unless "
              "--unknown says another code."},
    row{"76", "TLS, its verification too, or the protocol."},
    row{"77", "Authentication."},
    row{"78", "The configuration."},
};

constexpr std::array of_probe{
    row{"0", "The server is as it should be, as far as the probe went."},
    row{"64", "Wrong use."},
    row{"66", "The message for --data cannot be read."},
    row{"68", "There is no such host."},
    row{"69", "A reply refuses it (5yz)."},
    row{"73", "The picture or the certificates cannot be written. A mail that was sent keeps the code of its outcome."},
    row{"74", "Standard output is closed or its disk is full. The same."},
    row{"75", "Not now (4yz), or not reached."},
    row{"76", "TLS, also a server that does not prove who it is, or the protocol."},
    row{"77", "Authentication."},
    row{"78", "The configuration."},
    row{"80", "A mail that was sent with --data or --body has an unknown fate."},
    row{"130", "Interrupted."},
};

constexpr std::array of_sink{
    row{"0", "It has ended at a signal or at a limit."},
    row{"64", "Wrong use, a script of faults that is wrong, or a certificate."},
    row{"69", "The address to listen on is not to be had."},
    row{"71", "The system."},
    row{"73", "A folder, a report or a file for the ports cannot be written."},
    row{"74", "Standard output is closed or its disk is full; it ends then."},
};

constexpr std::array of_check{
    row{"0", "Sendable. Warnings are told."},
    row{"64", "Wrong use."},
    row{"65", "Not sendable: there are errors."},
    row{"66", "A file cannot be read."},
    row{"68", "With --server: there is no such host."},
    row{"69", "With --server: it lacks something that a message needs."},
    row{"74", "Standard output is closed or its disk is full."},
    row{"75", "With --server: it was not reached, or does not want to talk now."},
    row{"76", "With --server: TLS or the protocol."},
    row{"78", "With --server: the configuration."},
    row{"130", "Interrupted."},
};

constexpr std::array of_all{
    row{"0", "It is as it should be; a mail was accepted for all recipients."},
    row{"64", "Wrong use."},
    row{"65", "Something in the data."},
    row{"66", "Something cannot be read."},
    row{"68, 69, 75, 76, 77", "No such host; refused; not now; TLS or protocol; authentication."},
    row{"71, 73, 74", "The system; a file that cannot be written; standard output or input."},
    row{"78", "The configuration."},
    row{"80", "Unknown: the mail may have arrived."},
    row{"130", "Interrupted."},
};

constexpr std::array config_files{
    row{"~/.config/postrider/config.toml",
        "Accounts, in the folder that XDG_CONFIG_HOME names if it is set. See postrider-config(5)."},
    row{"/etc/postrider/config.toml", "Those of all users, where a user has no file."},
};

constexpr std::array own_files{
    row{"~/.config/postrider/config.toml", "In the folder that XDG_CONFIG_HOME names if it is set."},
    row{"/etc/postrider/config.toml", "That of all users, where a user has no file."},
};

constexpr std::array usual_environment{
    row{"POSTRIDER_CONFIG", "The configuration file, instead of the ones above."},
    row{"XDG_CONFIG_HOME", "The folder in which postrider/config.toml is looked for, instead of ~/.config."},
    row{"NO_COLOR", "If it is set and not empty, there are no colours unless --color always asks for them."},
    row{"TERM", "If it is dumb, there are no colours."},
    row{"TMPDIR", "Where standard input is spooled, into a file without a name."},
};

constexpr std::array sink_environment{
    row{"NO_COLOR", "If it is set and not empty, there are no colours unless --color always asks for them."},
    row{"TERM", "If it is dumb, there are no colours."},
};

constexpr std::string_view root_description =
    R"(Sends mail over SMTP and LMTP, stands in for sendmail, looks at mail servers and loads them, is one for tests, and says of a message whether it can be sent. Each command but completion has a page of its own.

TLS is required, and the server has to prove who it is, unless --tls says otherwise. No secret belongs on a command line, where everybody on the machine reads it: --password is refused. Passwords come from a file (--password-file), the environment (--password-env), a command (--password-command) or a question at the terminal, OAuth 2.0 tokens from a command (--token-command).

What a command is for goes to standard output, everything else to standard error. With --json standard output is one JSON document; its schema is in doc/json of the sources.

A configuration file holds accounts, which are picked by name (--account) or by the sender: postrider-config(5).
)";

constexpr std::string_view send_description =
    R"(Composes a message of options, texts and files, or takes one that is written already (--raw), sends it, and prints a line for each recipient: what became of it, and the reply of the server that decided.

Files are read as they are sent, in constant memory. Without --text, --text-file, --html and --html-file the text is read from standard input; at a terminal Ctrl-D ends it, and with --attach or --calendar none is asked for there.

Where the fate of a mail cannot be known, because the connection broke after all of it had left, its recipients are "unknown", and the exit code is 80. At Ctrl-C each recipient still has its line.
)";

constexpr std::string_view sendmail_description =
    R"(Takes a message from standard input and sends it, as the sendmail of Postfix, Exim and msmtp does. Called by the names sendmail, mailq or newaliases it is the same program. Arguments are parsed by the rules of that family: values may be attached (-FName), and flags may share a dash (-ti). Of msmtp's long options there are --from, --read-recipients, --read-envelope-from, --file, --account and --timeout; at another one it says what is here instead.

It has no queue: a mail is sent while the caller waits. When the server is down it says so, exits with 75, and has kept nothing. Bcc fields are taken out. Missing Date, From and Message-ID are added.
)";

constexpr std::string_view probe_description =
    R"(Connects as a mail would, and sends none: shows the certificate chain and the verdict on it with the reason, what the server offers before and inside TLS, which mechanism would authenticate, in which flights a mail would leave and how often it would have to wait, and the time that each step took.

A mail is sent only where --data or --body gives its content. With --from and --to the probe goes on to MAIL and RCPT.
)";

constexpr std::string_view load_description =
    R"(Sends mails as fast as the server takes them, or at a rate, and prints mails and octets a second, latencies by percentile, and errors by kind. A server that is not on a loopback address of this machine is refused unless --yes-really is said: loading somebody else's server is an attack.
)";

constexpr std::string_view sink_description =
    R"(Listens, takes every mail, delivers none, and keeps exact count; faults make each outcome that a client has to tell apart. It listens on loopback unless --listen says otherwise, and ends at Ctrl-C, SIGTERM, SIGHUP, --max-connections or --max-mails.

A line is printed for each mail and each refusal, and a sum at the end. With --events each thing that happens is a line of JSON, written whole and at once; with --json there is only the report, at the end. Mails are kept in a folder octet for octet (--folder), or in a Maildir for mail readers (--maildir); else they are counted and forgotten.

The language of --script and --fault is explained by --help-script.
)";

constexpr std::string_view check_description =
    R"(Reads messages (RFC 5322) and prints what is wrong with them, as compilers do:

    FILE:LINE: error|warning|note: WHAT (RFC AND SECTION); WHAT TO DO

and for each file a line that says whether it is sendable, its size on the wire, and which extensions a server has to offer: 8BITMIME, SMTPUTF8, BINARYMIME. An error means that it is not to be sent as it is, a warning that somebody on its way may refuse or change it, a note does no harm. Ten of a kind are told, of notes one, and the others are counted.

With --server, or --account, a server is asked what it offers, by EHLO alone: nobody authenticates, and no mail is sent. Where it lacks BINARYMIME alone the message is sent all the same, as most servers take it, and what may become of it is told. Memory does not grow with the message.
)";

constexpr std::string_view config_description =
    R"(A file in TOML with accounts: what would be said on each command line. The first of these is read:

    the file that --config names
    the file that POSTRIDER_CONFIG names
    postrider/config.toml in XDG_CONFIG_HOME, or in ~/.config
    /etc/postrider/config.toml

A file that everybody can write is refused, since commands stand in it; so is that of another user, unless --config names it. An account is a table:

    default = "work"

    [account.work]
    from = ["alice@a.example", "@a.example"]
    server = "submission://mail.a.example"
    user = "alice"
    password-command = "pass show mail/work"

    [account.gmail]
    from = ["alice@gmail.com"]
    server = "submissions://smtp.gmail.com"
    user = "alice@gmail.com"
    token-command = "oama access alice@gmail.com"

"from" lists the senders that the account is for; "@domain" is all of a domain, and the first address is the sender where none is said. --account names an account; else the sender picks one, a whole address before a domain; else it is the one that "default" names, or the only one. What the command line says comes first. Who names a server by --server gets nothing of an account, unless it is named too.

Where a file or a folder is named, ~/NAME is in the home folder, and a relative name is relative to the folder of the configuration file, wherever the command is called.
)";

constexpr manual_text texts[] = {
    {"postrider", "1", root_description, of_all, config_files, usual_environment, ""},
    {"postrider-send", "1", send_description, of_mails, config_files, usual_environment, ""},
    {"postrider-sendmail", "1", sendmail_description, of_sendmail, config_files, usual_environment, "sendmail(8)"},
    {"postrider-probe", "1", probe_description, of_probe, config_files, usual_environment, ""},
    {"postrider-load", "1", load_description, of_mails, config_files, usual_environment, ""},
    {"postrider-sink", "1", sink_description, of_sink, {}, sink_environment, "maildir(5)"},
    {"postrider-check", "1", check_description, of_check, config_files, usual_environment, ""},
    {"postrider-config", "5", config_description, {}, own_files, usual_environment, ""},
};

} // namespace

std::span<const manual_text> all_manual_texts() noexcept { return texts; }

} // namespace postrider::cli
