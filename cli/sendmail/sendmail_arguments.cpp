#include "sendmail_arguments.hpp"

#include "failure.hpp"
#include "words.hpp"

#include <postrider/io/idn2.hpp>
#include <postrider/mailbox.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace postrider::cli {
namespace {

using task = sendmail_arguments::task;

[[noreturn]] void refuse(std::string_view option, std::string_view why) {
    throw failure{EX_USAGE, std::string{option}.append(": ").append(why)};
}

std::string quoted(std::string_view text) { return std::string{"`"}.append(text).append("`"); }

/// What an option letter takes, as the getopt strings of Sendmail 8.17, Postfix 3.7, msmtp 1.8 and OpenSMTPD 6.8 have it, and
/// Exim 4.96 where none of them knows it: the value of an option that is ignored must not become a recipient.
enum class takes {
    nothing,
    value,    ///< what stands behind it, else the next argument
    attached, ///< what stands behind it, if anything does
    unknown,
};

takes takes_of(char letter) {
    constexpr std::string_view with_value = "ABCDFLMNORVXabefhoprz";
    constexpr std::string_view with_attached = "EJQdq";
    constexpr std::string_view alone = "GITUcimnstvx";
    if (with_value.find(letter) != with_value.npos) return takes::value;
    if (with_attached.find(letter) != with_attached.npos) return takes::attached;
    return alone.find(letter) != alone.npos ? takes::nothing : takes::unknown;
}

return_content return_of(std::string_view text) {
    if (same_word(text, "full")) return return_content::full;
    if (same_word(text, "hdrs") || same_word(text, "headers")) return return_content::headers; // msmtp's word
    refuse("-R", quoted(text).append(" is neither full nor hdrs"));
}

int hexadecimal(char c) {
    if ('0' <= c && c <= '9') return c - '0';
    return 'A' <= c && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The family takes ENVID as it stands on the wire, in xtext (RFC 3461 §4), and the library as it is meant.
std::string envelope_id_of(std::string_view text) {
    std::string id;
    bool good = !text.empty() && text.size() <= 100;
    for (std::size_t i = 0; good && i != text.size(); ++i) {
        char c = text[i];
        if (c == '+') {
            const int high = i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hexadecimal(text[i + 2]) : -1;
            good = high >= 0 && low >= 0;
            c = static_cast<char>(high * 16 + low);
            i += good ? 2 : 0;
        } else {
            good = c != '=';
        }
        good = good && ' ' < c && c < '\x7f';
        id += c;
    }
    if (good) return id;
    refuse("-V", quoted(text).append(
                     " is no xtext of up to 100 characters (RFC 3461): printable, + and = written as +2B and +3D"));
}

task task_of(std::string_view mode) {
    constexpr std::pair<std::string_view, task> known[]{{"m", task::submit}, {"v", task::verify}, {"i", task::aliases},
                                                        {"s", task::smtp},   {"S", task::smtp},   {"V", task::version},
                                                        {"d", task::daemon}, {"D", task::daemon}, {"l", task::daemon}};
    for (const auto& [name, what] : known)
        if (mode == name) return what;
    if (mode.starts_with('p')) return task::queue; // Exim's -bpc and the like
    refuse(std::string{"-b"} += mode, "there is no such mode here: -bm sends, -bv verifies");
}

/// The letter that is the same as a long option of msmtp's; NUL: there is none.
char letter_of(std::string_view name) {
    constexpr std::pair<std::string_view, char> known[]{{"from", 'f'}, {"file", 'C'}};
    for (const auto& [one, letter] : known)
        if (one == name) return letter;
    return '\0';
}

/// What is here instead of another option of msmtp's; empty: msmtp has none of that name.
std::string_view instead_of(std::string_view name) {
    constexpr std::pair<std::string_view, std::string_view> known[]{
        {"host", "is in --server URL: submission://HOST:PORT, or submissions:// for TLS from the first octet"},
        {"port", "is in --server URL: submission://HOST:PORT, or submissions:// for TLS from the first octet"},
        {"protocol", "is in --server URL: smtp://, submission://, submissions:// or lmtp://"},
        {"socket", "is in --server URL: smtp+unix:/PATH or lmtp+unix:/PATH"},
        {"domain", "is --ehlo NAME"},
        {"maildomain", "is --local-domain DOMAIN"},
        {"passwordeval", "is `password-command` of an account"},
        {"proxy-host", "is in `proxy` of an account"},
        {"proxy-port", "is in `proxy` of an account"},
        {"source-ip", "is `source-address` of an account"},
        {"tls-trust-file", "is `tls-ca` of an account"},
        {"tls-fingerprint", "is `tls-pin` of an account; `postrider probe URL` shows it"},
        {"tls-certcheck", "is `tls-pin` with `tls-pin-suffices` of an account"},
        {"tls-starttls", "is in the server's URL: submission:// by STARTTLS, submissions:// from the first octet"},
        {"tls-key-file", "is `tls-key` of an account"},
        {"tls-cert-file", "is `tls-cert` of an account"},
        {"tls-host-override", "is `tls-sni` of an account"},
        {"dsn-notify", "is -N WHEN"},
        {"dsn-return", "is -R WHAT"},
        {"debug", "is -v"},
        {"pretend", "is `postrider send --dry-run --raw FILE`"},
        {"serverinfo", "is `postrider probe URL`"},
        {"configure", "is written by hand: postrider-config(5)"},
        {"rmqs", "there is no queue"},
        {"aliases", "there are none"},
        {"logfile", "no file is written; -v shows the dialog, --json what became of the mail"},
        {"syslog", "there is no log; -v shows the dialog, --json what became of the mail"},
        {"keepbcc", "Bcc is always taken out"},
        {"remove-bcc-headers", "Bcc is always taken out"},
        {"undisclosed-recipients", "To and Cc always stay"},
        {"add-missing-from-header", "a From that is missing is always added"},
        {"add-missing-date-header", "a Date that is missing is always added"},
        {"set-from-header", "a From that is there stays"},
        {"set-date-header", "a Date that is there stays"},
        {"set-msgid-header", "a Message-ID that is there stays"},
        {"auto-from", "the sender is that of -f, else the account's, else USER@DOMAIN; see --local-domain"}};
    for (const auto& [one, instead] : known)
        if (one == name) return instead;
    return {};
}

class reader {
public:
    explicit reader(std::span<const char* const> arguments) : rest_(arguments) {}

    sendmail_arguments result(std::string_view called) && {
        while (!rest_.empty()) {
            const std::string_view argument = next();
            if (argument == "--") {
                while (!rest_.empty()) add_operand(next());
                break;
            }
            if (argument.starts_with("--")) take_long(argument);
            else if (argument.starts_with('-')) take_cluster(argument);
            else add_operand_before_dashes(argument);
        }
        if (out_.what != task::help && out_.what != task::version) {
            if (called == "mailq") out_.what = task::queue;
            if (called == "newaliases") out_.what = task::aliases;
        }
        check();
        return std::move(out_);
    }

private:
    std::string_view next() {
        const std::string_view argument = rest_.front();
        rest_ = rest_.subspan(1);
        return argument;
    }

    void add_operand(std::string_view operand) {
        for (std::string& address : addresses_in(operand)) out_.recipients.push_back(std::move(address));
    }

    void add_operand_before_dashes(std::string_view operand) {
        for (std::string& address : addresses_in(operand)) {
            if (address.starts_with('-')) refuse(operand, "an address that begins with - stands behind --");
            out_.recipients.push_back(std::move(address));
        }
    }

    /// `-ti`, `-fADDRESS`, `-f ADDRESS`, `-tfADDRESS`.
    void take_cluster(std::string_view cluster) {
        if (cluster == "-")
            refuse(cluster, "is neither an option nor an address; the message is read from standard input");
        for (std::size_t i = 1; i != cluster.size(); ++i) {
            const char letter = cluster[i];
            const std::string option{'-', letter};
            const std::string_view behind = cluster.substr(i + 1);
            switch (takes_of(letter)) {
            case takes::nothing: take(letter); continue;
            case takes::attached: return take_value(letter, behind);
            case takes::value:
                if (!behind.empty()) return take_value(letter, behind);
                if (rest_.empty()) refuse(option, "its value is missing");
                return take_separate(letter, next());
            case takes::unknown: break;
            }
            refuse(option,
                   std::string{cluster == option ? "" : "in "}
                       .append(cluster == option ? "" : cluster)
                       .append(cluster == option ? "sendmail has no such option" : ": sendmail has no such option")
                       .append("; an address that begins with - stands behind --"));
        }
    }

    void take(char letter) {
        switch (letter) {
        case 't': out_.from_headers = true; break;
        case 'i': out_.dot_ends = false; break;
        case 'v': out_.verbose = true; break;
        case 'I': out_.what = task::aliases; break;
        default: break; // G T U c m n s x: of queues, aliases and rewriting
        }
    }

    void take_separate(char letter, std::string_view value) {
        if (letter == 'f' || letter == 'r') refuse_dash(std::string{'-', letter}, value);
        take_value(letter, value);
    }

    /// `-f $NOBODY -t` of a script would send as `-t`, and without -t.
    static void refuse_dash(std::string_view option, std::string_view value) {
        if (value.starts_with('-'))
            refuse(option, std::string{"its address is missing: "}.append(quoted(value)).append(" begins with -"));
    }

    void take_value(char letter, std::string_view value) {
        switch (letter) {
        case 'f':
        case 'r': out_.sender = sender_of(std::string{'-', letter}, value); break;
        case 'F': take_full_name(value); break;
        case 'N':
            if (value != "off") out_.delivery.notify = notify_of(value, "-N"); // msmtp's word for nothing said
            break;
        case 'R':
            if (value != "off") out_.delivery.ret = return_of(value);
            break;
        case 'V': out_.delivery.envelope_id = envelope_id_of(value); break;
        case 'B': // which of them a message is its octets decide, and so what MAIL says
            if (!same_word(value, "7bit") && !same_word(value, "8bitmime"))
                refuse("-B", quoted(value).append(" is neither 7BIT nor 8BITMIME"));
            break;
        case 'C': set("config", value, "-C"); break;
        case 'a': set("account", value, "-a"); break;
        case 'b': out_.what = task_of(value); break;
        case 'M':
        case 'Q':
        case 'q': out_.what = task::queue; break;
        case 'o': take_option(value); break;
        case 'O':
            if (same_word(value.substr(0, value.find('=')), "ignoredots")) out_.dot_ends = is_off(value);
            break;
        default: break; // A D E J L X d e h p z: -X writes nothing
        }
    }

    /// `-oi`, `-oem`, `-oQ/var/spool/mqueue`: Sendmail's values are attached. Exim's are not.
    void take_option(std::string_view value) {
        constexpr std::string_view of_exim[]{"A",   "B",  "P",  "X",  "Ma", "Maa", "Mai",
                                             "Mas", "Mi", "Mm", "Mr", "Ms", "Mt"};
        if (value.starts_with('i')) out_.dot_ends = false; // -oitrue, of Exim
        if (value == "v") out_.verbose = true;
        for (const std::string_view one : of_exim)
            if (value == one && !rest_.empty()) return static_cast<void>(next());
        // A time; but -os alone is a flag of Sendmail's, and the next argument a recipient
        if ((value == "r" || value == "s") && !rest_.empty() &&
            std::string_view{rest_.front()}.find_first_not_of("0123456789smhdw") == std::string_view::npos)
            static_cast<void>(next());
    }

    static bool is_off(std::string_view option) {
        const std::size_t equals = option.find('=');
        const char first = equals + 1 < option.size() && equals != option.npos ? option[equals + 1] : 't';
        return first == 'f' || first == 'F' || first == 'n' || first == 'N';
    }

    static std::string sender_of(std::string_view option, std::string_view value) {
        if (value.empty() || value == "<>") return {};
        std::vector<std::string> found = addresses_in(value);
        if (found.size() != 1) refuse(option, quoted(value).append(" is not one address"));
        const auto framed = mailbox::frame(found.front());
        const bool bare = framed && framed->domain_part().empty(); // it gets the local domain
        std::string ascii;
        if (const std::string whole = found.front() + (bare ? "@localhost" : "");
            !mailbox::parse_utf8(whole) || mailbox_to_ascii(whole, ascii) != errc::ok)
            refuse(option, quoted(value).append(" is no address: local-part@domain"));
        return std::move(found.front());
    }

    void take_full_name(std::string_view value) {
        for (const char c : value)
            if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') refuse("-F", "has a control character");
        out_.full_name = value;
    }

    /// `--NAME`, `--NAME=VALUE`, `--NAME VALUE`.
    void take_long(std::string_view argument) {
        const std::size_t equals = argument.find('=');
        const std::string option{argument.substr(0, equals)};
        const setting* const which = setting_of(std::string_view{option}.substr(2));
        const std::string_view name = which != nullptr ? which->name : std::string_view{option}.substr(2);
        std::optional<std::string_view> value;
        if (equals != argument.npos) value = argument.substr(equals + 1);
        const bool flag = name == "help" || name == "version" || name == "json" || name == "read-envelope-from" ||
                          name == "read-recipients" || (which != nullptr && which->kind == setting_kind::flag);
        if (flag) {
            if (value) refuse(option, "takes no value");
            return take_flag(option, name);
        }
        const char letter = letter_of(name);
        const bool own = letter != '\0' || name == "account" || name == "config" || name == "unknown" ||
                         name == "color" || name == "colour";
        if (!own && which == nullptr) refuse_long(option);
        if (!value) {
            if (rest_.empty()) refuse(option, "its value is missing");
            value = next();
            if (letter == 'f') refuse_dash(option, *value);
        }
        if (letter == 'f') out_.sender = sender_of(option, *value);
        else if (letter == 'C') set("config", *value, option);
        else if (name == "unknown") out_.unknown = unknown_of(*value);
        else if (own && name.starts_with("colo")) take_colour(*value);
        else set(name, *value, option);
    }

    [[noreturn]] static void refuse_long(const std::string& option) {
        const std::string_view instead = instead_of(std::string_view{option}.substr(2));
        refuse(option,
               instead.empty() ? "there is no such option; `sendmail --help` has those that there are" : instead);
    }

    static const setting* setting_of(std::string_view name) {
        for (const setting& one : all_settings())
            if (one.name == name || (!one.alias.empty() && one.alias == name)) return &one;
        return nullptr;
    }

    void take_flag(const std::string& option, std::string_view name) {
        if (name == "help") out_.what = task::help;
        else if (name == "version") out_.what = task::version;
        else if (name == "json") out_.json = true;
        else if (name == "read-envelope-from") out_.reads_sender = true;
        else if (name == "read-recipients") out_.from_headers = true;
        else set(name, "true", option);
    }

    static int unknown_of(std::string_view text) {
        int code = -1;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
        if (error != std::errc{} || end != text.data() + text.size() || code < 0 || code > 255)
            refuse("--unknown", quoted(text).append(" is no exit code: 0 to 255"));
        return code;
    }

    void take_colour(std::string_view text) {
        if (text != "auto" && text != "always" && text != "never")
            refuse("--color", quoted(text).append(" is none of auto, always, never"));
        out_.colour = text;
    }

    void set(std::string_view name, std::string_view value, std::string origin) {
        std::vector<std::string> texts;
        const setting* const which = setting_named(name);
        if (const auto* const before = out_.said.find(name);
            before != nullptr && which != nullptr && which->kind == setting_kind::list)
            texts = before->texts;
        texts.emplace_back(value);
        out_.said.set(std::string{name}, std::move(texts), std::move(origin));
    }

    void check() const {
        if (out_.said.find("server") != nullptr && out_.said.find("account") != nullptr)
            refuse("--server", "an account has its own: name either");
        for (const setting& one : all_settings()) {
            const settings::value* const given = out_.said.find(one.name);
            if (given == nullptr || may_be_argument(one, out_.said.find("server") != nullptr)) continue;
            refuse(given->origin, may_be_argument(one, true)
                                      ? "would change how an account's server is reached: write it into the account, "
                                        "or name a server beside it, --server URL"
                                      : "not among arguments, which programs take from strangers: write it into an "
                                        "account of the configuration file, and name that by --account");
        }
        if (out_.what != task::verify) return;
        if (out_.from_headers) refuse("-bv", "verifies addresses that are named; not together with -t");
        if (out_.json) refuse("--json", "is for what becomes of a mail; not together with -bv");
        if (out_.recipients.empty()) refuse("-bv", "names no address: sendmail -bv ADDRESS...");
    }

    std::span<const char* const> rest_;
    sendmail_arguments out_{};
};

/// One address of a list, without what does not belong to it.
class address_scanner {
public:
    explicit address_scanner(std::string_view text) : text_(text) {}

    std::vector<std::string> all() && {
        for (; at_ != text_.size(); ++at_) {
            const char c = text_[at_];
            if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f') fail("has a control character");
            if (c == '"') copy_quoted();
            else if (c == '(') skip_comment();
            else if (c == '<') take_bracketed();
            else if (c == ',') finish();
            else (bracketed_ ? rest_ : one_) += c;
        }
        finish();
        return std::move(found_);
    }

private:
    [[noreturn]] void fail(std::string_view why) const {
        std::string shown{text_};
        for (char& c : shown)
            if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') c = '?';
        refuse(shown, why);
    }

    void copy_quoted() {
        std::string& to = bracketed_ ? rest_ : one_;
        const std::size_t begin = at_;
        do {
            if (text_[at_] == '\\') ++at_;
            if (++at_ >= text_.size()) fail("a quoted string does not end");
        } while (text_[at_] != '"');
        to.append(text_.substr(begin, at_ + 1 - begin));
    }

    void skip_comment() {
        for (int depth = 0;; ++at_) {
            if (at_ >= text_.size()) fail("a comment does not end");
            if (text_[at_] == '\\') ++at_;
            else if (text_[at_] == '(') ++depth;
            else if (text_[at_] == ')' && --depth == 0) return;
        }
    }

    void take_bracketed() {
        if (bracketed_) fail("has more than one angle bracket");
        bracketed_ = true;
        one_.clear(); // the name before it
        for (++at_; at_ != text_.size() && text_[at_] != '>'; ++at_) {
            if (text_[at_] == '"') copy_bracketed_quote();
            else one_ += text_[at_];
        }
        if (at_ == text_.size()) fail("an angle bracket does not end");
    }

    void copy_bracketed_quote() {
        bracketed_ = false;
        copy_quoted();
        bracketed_ = true;
    }

    void finish() {
        constexpr std::string_view blanks = " \t\r\n";
        const std::size_t begin = one_.find_first_not_of(blanks);
        if (begin != one_.npos) {
            std::string address = one_.substr(begin, one_.find_last_not_of(blanks) + 1 - begin);
            const auto framed = mailbox::frame(address);
            const bool blank = !address.starts_with('"') && address.find_first_of(blanks) != address.npos;
            if (!framed || framed->is_null() || blank || rest_.find_first_not_of(blanks) != rest_.npos)
                fail("is no address; between two of them stands a comma");
            found_.push_back(std::move(address));
        } else if (bracketed_) {
            fail("`<>` is no recipient");
        }
        one_.clear();
        rest_.clear();
        bracketed_ = false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string one_{};
    std::string rest_{}; ///< behind the bracket
    bool bracketed_ = false;
    std::vector<std::string> found_{};
};

} // namespace

bool may_be_argument(const setting& one, bool server_named) noexcept {
    constexpr std::string_view beside_account[]{"server", "ehlo",       "timeout",      "connect-timeout",
                                                "no-use", "look-ahead", "local-domain", "mails-per-connection"};
    if (one.group == "Authentication" || is_of_secrets(one)) return false;
    return server_named || one.group == "DKIM" ||
           std::find(std::begin(beside_account), std::end(beside_account), one.name) != std::end(beside_account);
}

bool is_of_secrets(const setting& one) noexcept {
    constexpr std::string_view keys[]{"dkim-key", "tls-key", "tls-cert"}; // whoever names one signs with it
    return one.value == "COMMAND" || one.name.find("password") != one.name.npos ||
           std::find(std::begin(keys), std::end(keys), one.name) != std::end(keys);
}

std::vector<std::string> addresses_in(std::string_view text) { return address_scanner{text}.all(); }

sendmail_arguments read_sendmail_arguments(std::string_view called, std::span<const char* const> arguments) {
    return reader{arguments}.result(called);
}

} // namespace postrider::cli
