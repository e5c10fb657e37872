// The dialog's part that is about the content, how it comes and what becomes of it.
#include <algorithm>

#include "decimal.hpp"
#include "dialog.hpp"

namespace postrider::sink {

namespace {

std::string text_of(const char* what, std::uint64_t octets) {
    return std::string{"["}.append(std::to_string(octets)).append(" octets").append(what).append("]");
}

// absolute-URI = scheme ":" and what has neither blank nor control character (RFC 3986 section 4.3)
bool is_absolute_uri(std::string_view text) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon + 1 == text.size() || !is_letter(text[0])) return false;
    for (const char c : text.substr(0, colon))
        if (!is_letter(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

} // namespace

void dialog::data(std::string_view argument, const effect& does) {
    const auto go_ahead = [&] {
        mode_ = mode::data;
        dots_ = dot_reader{};
        content_.begin();
        say(354, "", "End data with <CR><LF>.<CR><LF>");
    };
    if (does.severity() == 3) return go_ahead(); // even without a recipient: clients must survive that, too
    if (!argument.empty()) return say(501, "5.5.4", "DATA takes no argument");
    if (!has_mail_ || rcpt_seen_ == 0) return say(503, "5.5.1", has_mail_ ? "Need RCPT first" : "Need MAIL first");
    if (accepted_recipients_ == 0) return say(lmtp() ? 503 : 554, "5.5.1", "No valid recipients");
    if (chunked_ || terms_.binary) return say(503, "5.5.1", "Use BDAT");
    if (does.severity() != 2) go_ahead();
}

std::size_t dialog::feed_data(std::string_view input) {
    const std::size_t taken = dots_.read(input, [&](std::string_view run) { content_.append(run); });
    consumed_ += taken;
    if (too_big()) content_.discard();
    if (!dots_.ended()) return taken;
    mode_ = mode::command;
    if (service_.transcript.on()) service_.transcript.from_client(connection_, text_of("", content_.octets()));
    end_content(effect{});
    return taken;
}

// The octets of a refused BDAT are there all the same, and are thrown away (RFC 3030 section 4.2).
void dialog::begin_chunk(const command& command) {
    const std::size_t space = command.argument.find(' ');
    const auto size = parse_number(command.argument.substr(0, space));
    chunk_last_ = space != std::string_view::npos && same_letters(command.argument.substr(space + 1), "LAST");
    chunk_effect_ = scripted(command_event(verb::bdat, command.line));
    if (!size || (space != std::string_view::npos && !chunk_last_)) {
        // Without a size nobody knows where the next command begins.
        chunk_refused_ = true;
        perform(chunk_effect_, true, [&] { say(501, "5.5.4", "Syntax: BDAT size [LAST]"); });
        return;
    }
    open_chunk();
    chunk_left_ = *size;
    mode_ = mode::chunk;
    if (chunk_left_ == 0) end_chunk();
}

// Whether octets may be taken now; if not, why.
void dialog::open_chunk() {
    const auto refuse = [&](std::string_view text) { chunk_refusal_ = text; };
    chunk_refusal_.clear();
    if (refused_ || !has_mail_ || rcpt_seen_ == 0) refuse(has_mail_ ? "Need RCPT first" : "Need MAIL first");
    else if (chunk_refused_) refuse("The BDAT before was refused: say RSET");
    else if (accepted_recipients_ == 0) refuse("No valid recipients");
    if (!chunk_refusal_.empty() || chunked_) return;
    content_.begin();
    chunked_ = true;
}

// burl-cmd = "BURL" SP absolute-URI [SP "LAST"] (RFC 4468 section 4). Nothing is fetched: the URL is the content.
void dialog::burl(const command& command) {
    const std::size_t space = command.argument.find(' ');
    const std::string_view url = command.argument.substr(0, space);
    chunk_last_ = space != std::string_view::npos && same_letters(command.argument.substr(space + 1), "LAST");
    chunk_effect_ = scripted(command_event(verb::burl, command.line));
    if (!is_absolute_uri(url) || (space != std::string_view::npos && !chunk_last_)) {
        chunk_refused_ = true;
        perform(chunk_effect_, false, [&] { say(501, "5.5.4", "Syntax: BURL URL [LAST]"); });
        return;
    }
    open_chunk();
    if (chunk_refusal_.empty()) content_.append(url);
    end_chunk();
}

std::size_t dialog::feed_chunk(std::string_view input) {
    const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size()));
    consumed_ += taken;
    chunk_left_ -= taken;
    if (chunk_refusal_.empty()) content_.append(input.substr(0, taken));
    if (too_big()) content_.discard();
    if (chunk_left_ == 0) end_chunk();
    return taken;
}

void dialog::end_chunk() {
    mode_ = mode::command;
    if (service_.transcript.on())
        service_.transcript.from_client(connection_,
                                        text_of(chunk_last_ ? " so far, the last" : " so far", content_.octets()));
    if (chunk_refusal_.empty() && !too_big() && chunk_effect_.carries_out()) {
        if (chunk_last_) return end_content(chunk_effect_);
        const decimal octets{content_.octets()};
        return perform(chunk_effect_, false, [&] { say(250, "2.0.0", octets.text(), " octets received"); });
    }
    answers_.content = answers_.content || chunk_last_;
    const bool nobody_to_answer_for = lmtp() && chunk_last_ && accepted_recipients_ == 0; // RFC 2033 section 4.3
    chunk_refused_ = accepted_recipients_ != 0 || !service_.config.bdat_after_refusal;
    if (nobody_to_answer_for) return reset_transaction();
    if (chunk_last_ && lmtp()) return end_content(chunk_effect_);
    perform(chunk_effect_, false, [&] {
        if (too_big() && chunk_refusal_.empty()) say(552, "5.3.4", "Message size exceeds fixed limit");
        else say(chunk_refusal_ == "No valid recipients" ? 554 : 503, "5.5.1", chunk_refusal_);
    });
}

bool dialog::too_big() const {
    const std::uint64_t most = service_.config.max_message_octets;
    return most != 0 && content_.octets() > most;
}

// The dot, or the last octet of BDAT LAST, has come.
void dialog::end_content(const effect& first) {
    answers_.content = true;
    if (lmtp() && !mail_.recipients.empty()) {
        answer_for_recipients(first);
    } else {
        answering_ = "content";
        effect does = first;
        does.join(scripted({occasion::kind::content, connection_, ++contents_, verb::unknown, 0, {}}));
        perform(does, false, [&] {
            if (accepted_recipients_ == 0) say(554, "5.5.1", "No valid recipients");
            else if (too_big()) say(552, "5.3.4", "Message size exceeds fixed limit");
            else if (accept(mail_.recipients, accepted_recipients_)) say_accepted();
            else say(452, "4.3.1", "Insufficient system storage");
        });
    }
    reset_transaction();
}

// LMTP: a reply for each recipient, and the mail is accepted for those that are answered with 2yz.
void dialog::answer_for_recipients(const effect& first) {
    std::vector<effect> effects;
    std::vector<recipient> taken;
    std::vector<std::string> told; // accept() keeps only those that are taken
    for (const auto& one : mail_.recipients) {
        effects.push_back(effects.empty() ? first : effect{});
        effects.back().join(
            scripted({occasion::kind::content, connection_, ++contents_, verb::unknown, 0, one.address}));
        if (service_.is_watched()) told.push_back(one.address);
        if (effects.back().undecided()) break;
        if (effects.back().carries_out()) taken.push_back(one);
    }
    const bool stored = !too_big() && !chunk_refused_ && !taken.empty() && accept(taken, taken.size());
    const std::uint64_t id = fresh_mail_;
    fresh_mail_ = 0;
    std::size_t left = taken.size();
    answering_ = "content";
    for (std::size_t i = 0; const auto& does : effects) {
        if (service_.is_watched()) answering_for_ = told[i++];
        const bool carried = does.carries_out();
        if (carried && --left == 0) fresh_mail_ = id;
        perform(does, false, [&] {
            if (stored) say_accepted();
            else if (too_big()) say(552, "5.3.4", "Message size exceeds fixed limit");
            else if (chunk_refused_) say(503, "5.5.1", "BDAT was refused");
            else say(452, "4.3.1", "Insufficient system storage");
        });
    }
    answering_for_ = {};
}

bool dialog::accept(std::vector<recipient> recipients, std::uint64_t number) {
    const std::uint64_t id = service_.last_mail + 1;
    if (service_.records()) {
        mail_.id = id;
        mail_.connection = connection_;
        mail_.peer = peer_;
        mail_.hello_verb = verb_names[static_cast<std::size_t>(hello_verb_)];
        mail_.hello = hello_;
        mail_.auth_user = auth_user_;
        mail_.auth_as = auth_as_;
        mail_.auth_mechanism = authenticated_ ? auth_mechanism_ : std::string{};
        mail_.by_bdat = chunked_;
        mail_.recipients = std::move(recipients);
        if (!content_.keep(mail_)) {
            service_.books.failed("mail " + std::to_string(id) + " could not be stored");
            return false;
        }
        if (service_.config.keep_mails) service_.books.accepted(mail_);
        if (service_.config.on_mail) service_.config.on_mail(mail_);
        if (service_.is_watched()) {
            event taken;
            taken.mail = &mail_;
            taken.waits = waits_;
            service_.tell(event::kind::mail, connection_, std::move(taken));
        }
    }
    service_.last_mail = fresh_mail_ = id;
    ++since_.seen.mails;
    since_.seen.recipients += number;
    since_.seen.content_octets += content_.octets();
    return true;
}

void dialog::say_accepted() { say(250, "2.0.0", "Ok: queued as ", decimal{service_.last_mail}.text()); }

} // namespace postrider::sink
