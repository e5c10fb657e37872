#include "message.hpp"

#include "postrider/base64.hpp"
#include "postrider/config.hpp"

namespace postrider::netxduo_client {

namespace {

constexpr const CHAR* fixed[] = {"To: <", ">\r\nFrom: <", ">\r\nSubject: ",
                                 ("\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n\tcharset=\"utf-8\"\r\n"
                                  "Content-Transfer-Encoding: 8bit\r\n"),
                                 "\r\n"};

} // namespace

#ifndef NX_SMTP_CLIENT_BASIC
namespace {

/// Whether RFC 5322 lets it stand in a header field as it is, on one line.
bool is_plain(std::string_view text) noexcept {
    for (const char c : text)
        if (c < ' ' || c > '~') return false;
    return text.size() < 900;
}

} // namespace

void message::prepare(NX_SMTP_CLIENT* of, UINT mail_priority) noexcept {
    client = of;
    encode = !is_plain(texts[subject]);
    texts[priority] = mail_priority == NX_SMTP_MAIL_PRIORITY_HIGH  ? "X-Priority: 1\r\nImportance: high\r\n"
                      : mail_priority == NX_SMTP_MAIL_PRIORITY_LOW ? "X-Priority: 5\r\nImportance: low\r\n"
                                                                   : std::string_view{};
    UINT length = 0;
    if (of->nx_smtp_client_trace_headers != NX_NULL) of->nx_smtp_client_trace_headers(of, stamp, NX_NULL, &length);
    restart();
}

/// RFC 2047: the next 39 octets of the subject at most, with no character split (§5), so that no line has more than 76.
std::string_view message::encoded_word(CHAR* buffer) noexcept {
    std::string_view rest = texts[subject];
    rest.remove_prefix(encoded);
    std::size_t size = rest.size();
    if (size > 39)
        for (size = 39; size > 35 && (rest[size] & 0xC0) == 0x80;) --size;
    CHAR* to_end = buffer;
    const auto put = [&](const char* text) noexcept {
        while (*text != '\0') *to_end++ = *text++;
    };
    put("=?utf-8?B?");
    base64_encoder encoder;
    for (std::size_t i = 0; i != size; ++i) {
        if (!encoder.put(rest[i])) continue;
        encoder.group(to_end);
        to_end += 4;
    }
    if (!encoder.empty()) {
        encoder.group(to_end);
        to_end += 4;
    }
    encoded += size;
    put(size == rest.size() ? "?=" : "?=\r\n ");
    return {buffer, static_cast<std::size_t>(to_end - buffer)};
}
#endif

std::string_view message::next(CHAR* buffer) noexcept {
#ifdef NX_SMTP_CLIENT_BASIC
    NX_PARAMETER_NOT_USED(buffer);
#else
    if (part == 2 && listed + 2 < 2 * to.size()) { // the further recipients, each on a line of its own
        const UINT index = listed++;
        if ((index & 1) == 0) return ">,\r\n\t<";
        return to[1 + (index >> 1)].forward_path.text();
    }
    if (part == 2 * subject + 1 && encode) {
        const std::string_view word = encoded_word(buffer);
        if (encoded == texts[subject].size()) ++part;
        return word;
    }
    if (part == 2 * priority + 1 && trace != 2 && client->nx_smtp_client_trace_headers != NX_NULL) {
        UINT length = ++trace;
        client->nx_smtp_client_trace_headers(client, stamp, buffer, &length);
        return {buffer, length};
    }
#endif
    const UINT index = part >> 1;
    if ((part++ & 1) != 0) return texts[index];
    return fixed[index];
}

void declare(mail_content& content, message& text, CHAR* buffer, bool whole) noexcept {
    content.pulled = true;
    content.as_it_is = true; // as the original: octets above 127 leave whatever the server offers
    if constexpr (config::parameters) {
        content_facts facts;
        while (!(whole ? text.ended() : text.at_body())) facts.look_through(text.next(buffer));
        text.restart();
        facts.end();
        content.size = facts.size + (facts.line_start ? 0 : 2);
        if (facts.eight_bit) content.kind = octets::eight_bit;
        content.utf8_header = facts.eight_bit_header;
    } else {
        NX_PARAMETER_NOT_USED(text);
        NX_PARAMETER_NOT_USED(buffer);
        NX_PARAMETER_NOT_USED(whole);
    }
}

} // namespace postrider::netxduo_client
