#include "postrider/raw_message.hpp"

#include "content/header_block.hpp"
#include "content/rereadable.hpp"
#include "core/chars.hpp"
#include "message/addresses.hpp"
#include "message/edited_content.hpp"
#include "message/identity.hpp"
#include "postrider/mailbox.hpp"

#include <array>
#include <ctime>
#include <set>
#include <span>
#include <string_view>
#include <utility>

namespace postrider {

namespace {

using content_detail::header_block;
using content_detail::header_field;
using content_detail::header_fields;
using content_detail::rereadable;
using message_detail::addresses;
using message_detail::edited_content;
using message_detail::read_addresses;

/// RFC 5322 §3.3, in UTC.
std::string date_time(std::time_t now) {
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm t{};
    ::gmtime_r(&now, &t);
    const auto two = [](int number) { return std::string{number < 10 ? "0" : ""} += std::to_string(number); };
    std::string text{days[t.tm_wday]};
    text.append(", ").append(std::to_string(t.tm_mday)).append(" ").append(months[t.tm_mon]).append(" ");
    text.append(std::to_string(t.tm_year + 1900)).append(" ").append(two(t.tm_hour)).append(":");
    return text.append(two(t.tm_min)).append(":").append(two(t.tm_sec)).append(" +0000");
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i != a.size(); ++i)
        if (to_upper(a[i]) != to_upper(b[i])) return false;
    return true;
}

/// The message under way to an outgoing mail. Each step says whether it went well.
class composition {
public:
    explicit composition(const raw_message& m) : m_(m), content_(m.content) {}

    outgoing result() {
        out_.envelope = m_.envelope;
        if (qualify_given() && read_author() && read_block() && split() && check_lines() && find_envelope() &&
            add_fields())
            finish();
        return std::move(out_);
    }

private:
    bool fail(errc error, std::string problem) {
        out_.error = error;
        out_.problem = std::move(problem);
        return false;
    }

    void qualify(std::string& address) const {
        const auto framed = mailbox::frame(address);
        if (framed && !framed->is_null() && framed->domain_part().empty()) address.append("@").append(m_.local_domain);
    }

    bool qualify_given() {
        if (m_.local_domain.empty()) return true;
        if (!mailbox::parse_utf8(std::string{"x@"} += m_.local_domain))
            return fail(errc::invalid_parameter,
                        std::string{m_.local_domain}.append(": is no domain; see local_domain"));
        qualify(out_.envelope.from);
        for (envelope_recipient& to : out_.envelope.to) qualify(to.address);
        return true;
    }

    bool read_author() {
        if (m_.add_from.empty()) return true;
        author_ = message_detail::read_author(m_.add_from, m_.local_domain);
        if (author_.problem.empty()) return true;
        return fail(errc::invalid_parameter, std::string{"add_from: "} += author_.problem);
    }

    bool read_block() {
        mail_content facts;
        if (const errc e = content_.describe(facts, out_.problem); e != errc::ok) return fail(e, out_.problem);
        if (!facts.url.empty()) return fail(errc::invalid_message, "a message that the server fetches cannot be read");
        bool done = false;
        for (bool first = true; !done; first = false) {
            content_part part = content_.next(first);
            if (part.failed) return fail(errc::body_failed, "the content of the mail cannot be read to its end");
            done = block_.take(part.octets) || part.last;
        }
        if (block_.too_long())
            return fail(
                errc::invalid_message,
                "the header block has more than 1 MB: an empty line is missing behind it, or this is no message");
        if (block_.octets().empty()) return fail(errc::invalid_message, "the message is empty");
        return true;
    }

    /// Into fields, without the line that begins a message in an mbox.
    bool split() {
        std::string_view rest = block_.octets();
        if (rest.starts_with("From ")) content_detail::take_line(rest);
        begin_ = block_.octets().size() - rest.size();
        fields_ = content_detail::fields_of(rest);
        if (fields_.bad_line == 0 || m_.lenient) return true;
        return fail(errc::invalid_message, std::string{"line "}
                                               .append(std::to_string(fields_.bad_line + (begin_ != 0)))
                                               .append(" of the message is of no header field, and no empty line "
                                                       "stands before it"));
    }

    bool check_lines() {
        for (const header_field& f : fields_.all) {
            const auto wrong = [&](std::string_view why) {
                return fail(errc::invalid_message, std::string{f.name.substr(0, 60)}.append(why));
            };
            if (f.whole.find('\0') != std::string_view::npos) return wrong(": has a NUL");
            for (std::string_view rest = f.whole; !rest.empty() && !m_.lenient;)
                if (content_detail::without_end(content_detail::take_line(rest)).size() > 998)
                    return wrong(": has a line of more than 998 octets (RFC 5322 §2.1.1); fold it");
            if (f.is("MESSAGE-ID") && out_.message_id.empty()) out_.message_id = content_detail::trimmed(f.body);
        }
        return true;
    }

    bool has(std::string_view upper_case) const noexcept {
        for (const header_field& f : fields_.all)
            if (f.is(upper_case)) return true;
        return false;
    }

    bool find_envelope() {
        if (m_.from_headers) {
            const bool resent = find_block();
            if (!add_recipients(resent) || !find_sender(resent)) return false;
        }
        if (out_.envelope.from == "<>") out_.envelope.from.clear();
        if (!out_.envelope.to.empty()) return true;
        return fail(errc::no_recipients,
                    m_.from_headers ? "the message names no recipient in To, Cc or Bcc, and none was given"
                                    : "the envelope has no recipient; from_headers takes those of the message");
    }

    /// The fields that the envelope is read from: of the most recent block of Resent- fields; or all, and false.
    bool find_block() {
        const auto resent = [](const header_field& f) {
            return f.name.size() > 7 && is_keyword(f.name.substr(0, 7), "RESENT-");
        };
        std::size_t begin = 0;
        while (begin != fields_.all.size() && !resent(fields_.all[begin])) ++begin;
        std::size_t end = begin;
        const auto repeated = [&](const header_field& f) {
            for (std::size_t i = begin; i != end; ++i)
                if (same_name(fields_.all[i].name, f.name)) return true;
            return false;
        };
        while (end != fields_.all.size() && resent(fields_.all[end]) && !repeated(fields_.all[end])) ++end;
        const bool found = begin != end;
        source_ = found ? std::span{fields_.all}.subspan(begin, end - begin) : std::span{fields_.all};
        return found;
    }

    bool add_recipients(bool resent) {
        for (const header_field& f : source_) {
            if (!(resent ? f.is("RESENT-TO") || f.is("RESENT-CC") || f.is("RESENT-BCC")
                         : f.is("TO") || f.is("CC") || f.is("BCC")))
                continue;
            addresses found = read_addresses(f.body, m_.local_domain);
            if (!found.problem.empty()) return unreadable(f, found);
            for (std::string& address : found.mailboxes) add_recipient(std::move(address));
        }
        return true;
    }

    bool unreadable(const header_field& f, const addresses& why) {
        return fail(errc::invalid_message, std::string{f.name}.append(": ").append(why.problem));
    }

    void add_recipient(std::string&& address) {
        if (known_.empty())
            for (const envelope_recipient& to : out_.envelope.to)
                known_.insert(message_detail::folded_domain(to.address));
        if (known_.insert(message_detail::folded_domain(address)).second)
            out_.envelope.to.push_back({.address = std::move(address)});
    }

    bool find_sender(bool resent) {
        if (!out_.envelope.from.empty()) return true;
        for (const std::string_view name : {resent ? "RESENT-SENDER" : "SENDER", resent ? "RESENT-FROM" : "FROM"})
            for (const header_field& f : source_) {
                if (!f.is(name)) continue;
                addresses found = read_addresses(f.body, m_.local_domain);
                if (!found.problem.empty()) return unreadable(f, found);
                if (found.mailboxes.empty()) continue;
                out_.envelope.from = std::move(found.mailboxes.front());
                return true;
            }
        if (!resent && !author_.address.empty()) {
            out_.envelope.from = author_.address;
            return true;
        }
        return fail(errc::invalid_message, std::string{"the message names no sender in "}
                                               .append(resent ? "Resent-Sender or Resent-From" : "Sender or From")
                                               .append("; give one in the envelope, or <>"));
    }

    bool add_fields() {
        if (m_.add_date && !has("DATE")) add_field("Date: ", date_time(std::time(nullptr)));
        if (!author_.address.empty() && !has("FROM")) add_field("From: ", author_.written);
        if (!m_.add_message_id || has("MESSAGE-ID")) return true;
        const std::string word = message_detail::random_word();
        if (word.empty()) return fail(errc::system_failure, "there are no random octets for a Message-ID");
        out_.message_id = std::string{"<"}.append(word).append("@").append(id_domain()).append(">");
        add_field("Message-ID: ", out_.message_id);
        return true;
    }

    void add_field(std::string_view name, std::string_view body) { added_.append(name).append(body).append("\r\n"); }

    std::string id_domain() const {
        for (const std::string& address : {out_.envelope.from, author_.address, std::string{"x@"} += m_.local_domain})
            if (const auto m = mailbox::parse(address); m && !m->domain_part().empty())
                return std::string{m->domain_part()};
        return "localhost";
    }

    void finish() {
        std::string edited;
        for (const header_field& f : fields_.all)
            if (m_.keep_bcc || !(f.is("BCC") || f.is("RESENT-BCC"))) edited += f.whole;
        if (!added_.empty() && !edited.empty() && edited.back() != '\n' && edited.back() != '\r') edited += "\r\n";
        edited += added_;
        std::string original = block_.octets();
        const std::size_t end = begin_ + fields_.size;
        const bool early = fields_.bad_line != 0;
        if (early) {
            original.resize(end);
            edited += "\r\n";
        } else {
            // The empty line, if there is one. Where what stood between is gone a CR and an LF would be one line end, and the
            // body part of the header block.
            if (!edited.empty() && edited.back() == '\r' && original.compare(end, 1, "\n") == 0) edited += '\n';
            edited.append(original, end, std::string::npos);
        }
        const bool header_only = !block_.ended() && !early;
        out_.content =
            std::make_shared<edited_content>(std::move(content_), std::move(original), std::move(edited), header_only);
    }

    const raw_message& m_;
    rereadable content_;
    header_block block_{};
    std::size_t begin_ = 0; ///< of the fields in the block
    header_fields fields_{};
    std::span<const header_field> source_{}; ///< of the envelope
    message_detail::author author_{};
    std::set<std::string> known_{}; ///< recipients
    std::string added_{};
    outgoing out_{};
};

} // namespace

outgoing compose(const raw_message& m) { return composition{m}.result(); }

} // namespace postrider
