#include "message_generator.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <string_view>

namespace postrider {

namespace {

// What people are called, write and name their files, and what takes programs apart.
constexpr const char* words[] = {
    "Alice",
    "report",
    "Hello",
    "a",
    "x1",
    "O'Neill",
    "Dr.",
    "St.",
    "Grüße",
    "Ærøskøbing",
    "Łódź",
    "Ελλάδα",
    "Привет",
    "мир",
    "שלום",
    "עולם",
    "مرحبا",
    "بالعالم",
    "नमस्ते",
    "दुनिया",
    "สวัสดี",
    "日本語",
    "東京都",
    "中文字符",
    "한국어",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "👨‍👩‍👧‍👦",
    "🇩🇪",
    "👍🏽",
    "e\u0301",
    "n\u0303a\u0308\u0323",
    "\u200Fabc\u200E",
    "ﬁ",
    "ẞ",
    "\u00A0",
    "\u2028",
    "\uFEFF",
    "\u3000x",
    "=?utf-8?q?x?=",
    "=?",
    "?=",
    "=?utf-8?b?",
    "a=b",
    "100%",
    "%41",
    "'",
    "''",
    "\"",
    "\"q\"",
    "\\",
    "\\\"",
    "(c)",
    "(",
    ")",
    "<",
    ">",
    "<a@b>",
    "@",
    ",",
    ";",
    ":",
    "a,b",
    "a;b=c",
    "/",
    "a/b",
    "*",
    "~",
    "_",
    "--",
    ".",
    "..",
    ".pdf",
    "From",
    "a\tb",
};

/// g++ 12 warns of `"x" + std::string` at -O3, for no reason.
std::string joined(std::initializer_list<std::string_view> parts) {
    std::string result;
    for (const std::string_view part : parts) result += part;
    return result;
}

class generator {
public:
    explicit generator(std::uint32_t seed) : random_(seed) {}

    generated_message make();

private:
    // std::uniform_int_distribution gives other numbers with another library.
    std::uint32_t next() { return static_cast<std::uint32_t>(random_()); }
    std::uint32_t below(std::uint32_t n) { return next() % n; }
    bool one_in(std::uint32_t n) { return below(n) == 0; }

    std::string word() {
        if (one_in(24)) return std::string(1 + below(one_in(10) ? 1200 : 120), 'w');
        if (one_in(24)) return repeated();
        return words[below(std::size(words))];
    }
    std::string repeated() {
        constexpr const char* characters[] = {"ä", "и", "日", "😀", "a日", "aи", "и日", "😀и", "é日😀"};
        std::string result;
        const char* const character = characters[below(std::size(characters))];
        for (std::uint32_t i = below(60) + 1; i != 0; --i) result += character;
        return result;
    }
    std::string text(std::uint32_t most, bool spaced);
    static std::string trimmed(std::string text);

    std::string mailbox(std::string& in_header);
    any_address one_address(std::vector<address>& expected);
    std::vector<any_address> addresses(std::uint32_t most, std::vector<address>& expected, std::uint32_t least);
    std::string body_text();
    std::string octets();
    std::string message_id() { return joined({"<", std::to_string(next()), ".x$y=z@a.example>"}); }

    void people();
    void fields();
    void body();
    attachment one_attachment(expected_part& expected, bool is_inline);
    expected_part text_part(const std::string& type, const std::string& text);

    std::mt19937 random_;
    bool utf8_ = false;
    generated_message made_{};
    std::uint32_t ids_ = 0;
};

std::string generator::text(std::uint32_t most, bool spaced) {
    std::string result;
    for (std::uint32_t i = below(most) + 1; i != 0; --i) {
        if (!result.empty() && !one_in(12)) result += std::string(one_in(8) ? 1 + below(4) : 1, ' ');
        result += word();
    }
    if (spaced && one_in(10)) result.insert(0, 1 + below(3), ' ');
    if (spaced && one_in(10)) result.append(1 + below(3), ' ');
    if (spaced && one_in(60)) result.assign(1 + below(200), ' ');
    return result;
}

std::string generator::trimmed(std::string text) {
    const char* const white = " \t";
    const std::size_t begin = text.find_first_not_of(white);
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(white) + 1 - begin);
}

std::string generator::mailbox(std::string& in_header) {
    std::string local = joined({"u", std::to_string(next())});
    if (one_in(8)) local = joined({"a.b+c-d_e=f/", local});
    if (utf8_ && one_in(2)) local = joined({"ü", local});
    if (one_in(20)) local = joined({"\"q ", local, "\""});
    const bool ascii = local.find("ü") == std::string::npos;
    switch (below(8)) {
    case 0:
        in_header = local + (ascii ? "@xn--bcher-kva.example" : "@bücher.example");
        return local + "@bücher.example";
    case 1: in_header = local + (ascii ? "@xn--r8jz45g.xn--zckzah" : "@例え.テスト"); return local + "@例え.テスト";
    default: in_header = local + "@" + (one_in(10) ? std::string(60, 'd') + "." : "") + "b.example"; return in_header;
    }
}

any_address generator::one_address(std::vector<address>& expected) {
    std::string in_header;
    const std::string written = mailbox(in_header);
    const std::string name = one_in(4) ? "" : trimmed(text(6, false));
    expected.push_back({.name = name, .mailbox = in_header});
    if (name.empty() && one_in(2)) return written;
    if (one_in(2)) return address{.name = name, .mailbox = written};
    // As people write it: quoted if it has to be, and sometimes if it has not.
    if (name.find_first_of("\"\\<>,;:@") == std::string::npos && one_in(2)) return name + " <" + written + ">";
    std::string quoted;
    for (const char c : name) quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    return joined({"\"", quoted, "\" <", written, ">"});
}

std::vector<any_address> generator::addresses(std::uint32_t most, std::vector<address>& expected, std::uint32_t least) {
    std::vector<any_address> result;
    for (std::uint32_t n = least + below(most); n != 0; --n) result.push_back(one_address(expected));
    return result;
}

std::string generator::body_text() {
    std::string result;
    if (one_in(12)) return result;
    constexpr const char* ends[] = {"\n", "\r\n", "\r", " \n", "\t\r\n"};
    for (std::uint32_t n = below(12); n != 0; --n) {
        if (one_in(6)) result += one_in(2) ? "." : "From x";
        else if (one_in(2)) result += one_in(40) ? std::string(1200, 'y') : "Plain words, as most lines are.";
        else result += text(12, false);
        if (one_in(400)) result += '\0';
        result += ends[one_in(3) ? below(std::size(ends)) : 0];
    }
    if (one_in(3)) result += one_in(2) ? "no end" : "no end ";
    return result;
}

std::string generator::octets() {
    if (one_in(8)) return {};
    std::string result(below(one_in(40) ? 150000 : 400), '\0');
    if (one_in(20)) result.resize(57 * below(115)); // whole lines of base64, and whole chunks
    for (char& c : result) c = static_cast<char>(next());
    return result;
}

std::string canonical(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\n' && i != 0 && text[i - 1] == '\r') continue;
        result += text[i] == '\r' || text[i] == '\n' ? std::string{"\r\n"} : std::string{text[i]};
    }
    if (!result.empty() && result.back() != '\n') result += "\r\n";
    return result;
}

expected_part generator::text_part(const std::string& type, const std::string& text) {
    expected_part part;
    part.type = type;
    part.charset = "utf-8";
    part.content = canonical(text);
    return part;
}

void generator::people() {
    message& m = made_.message;
    utf8_ = one_in(10);
    m.from = addresses(one_in(6) ? 3 : 1, made_.from, 1);
    if (one_in(6)) m.sender = one_address(made_.sender);
    else if (made_.from.size() > 1) made_.sender.push_back(made_.from.front());
    m.reply_to = addresses(2, made_.reply_to, 0);
    m.to = addresses(one_in(10) ? 20 : 3, made_.to, 0);
    m.cc = addresses(3, made_.cc, 0);
    std::vector<address> bcc;
    m.bcc = addresses(3, bcc, made_.to.empty() && made_.cc.empty() ? 1 : 0);
    for (const auto* list : {&made_.to, &made_.cc, &bcc})
        for (const address& a : *list) made_.recipients.push_back(a.mailbox);
}

void generator::fields() {
    message& m = made_.message;
    if (!one_in(12)) m.subject = text(one_in(10) ? 80 : 10, true);
    if (one_in(2)) m.date = std::chrono::sys_seconds{std::chrono::seconds{std::int64_t{next()}}};
    if (one_in(3)) m.message_id = message_id();
    for (std::uint32_t n = one_in(3) ? below(3) : 0; n != 0; --n) m.in_reply_to.push_back(message_id());
    for (std::uint32_t n = one_in(3) ? below(12) : 0; n != 0; --n) m.references.push_back(message_id());
    for (std::uint32_t n = below(3); n != 0; --n)
        m.headers.push_back(
            {.name = joined({"X-", std::string(1 + below(one_in(8) ? 60 : 12), 'N'), std::to_string(n)}),
             .value = one_in(10) ? "" : text(10, true)});
    if (one_in(4)) {
        m.list_unsubscribe.uris = {joined({"https://a.example/u?", std::string(below(100), 'k')}),
                                   "mailto:u@a.example?subject=x%20y"};
        m.list_unsubscribe.one_click = one_in(2);
    }
    m.priority = static_cast<message_priority>(below(3));
    m.tls_optional = one_in(8);
}

attachment generator::one_attachment(expected_part& expected, bool is_inline) {
    constexpr const char* types[] = {"application/pdf", "image/png", "text/csv; charset=iso-8859-1",
                                     "Application/X-Y.z+json"};
    expected.content = octets();
    attachment a = attach_octets(one_in(10) ? "" : text(one_in(8) ? 30 : 4, true), expected.content);
    const auto kind = below(6);
    if (kind < std::size(types)) a.type = types[kind];
    else if (kind == 5 && !is_inline) {
        expected.content = joined({"Subject: inner\r\n\r\nBody ", std::to_string(next()), "\r\n"});
        a = attach_octets(a.name, expected.content, "message/rfc822");
    }
    expected.type = a.type.empty() ? "application/octet-stream" : a.type.substr(0, a.type.find(';'));
    std::transform(expected.type.begin(), expected.type.end(), expected.type.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (a.type.find("8859") != std::string::npos) expected.charset = "iso-8859-1";
    if (a.type.empty() && a.name.ends_with(".pdf")) expected.type = "application/pdf";
    expected.file_name = a.name;
    expected.disposition = is_inline ? "inline" : "attachment";
    if (is_inline || one_in(5))
        a.content_id = expected.content_id = joined({"id", std::to_string(++ids_), one_in(2) ? "@a.example" : ""});
    return a;
}

void generator::body() {
    message& m = made_.message;
    const auto kind = below(8);
    if (kind != 1 && kind != 2) m.text = body_text();
    if (kind == 1 || kind == 3 || kind == 4) m.html = joined({"<p>", body_text(), "</p>"});
    if (one_in(8))
        m.calendar = {.text = joined({"BEGIN:VCALENDAR\r\nSUMMARY:", word(), "\r\nEND:VCALENDAR\r\n"}),
                      .method = "REQUEST",
                      .name = text(3, false)};
    std::vector<expected_part> related, alternative, mixed;
    if (!m.html.empty()) related.push_back(text_part("text/html", m.html));
    if (!m.html.empty() && one_in(2))
        for (auto n = below(3) + 1; n != 0; --n) m.inlines.push_back(one_attachment(related.emplace_back(), true));
    std::vector<expected_part> files;
    for (auto n = one_in(2) ? below(4) : 0; n != 0; --n)
        m.attachments.push_back(one_attachment(files.emplace_back(), false));
    const auto one_of = [](const char* type, std::vector<expected_part> parts) {
        return parts.size() == 1 ? parts.front() : expected_part{.type = type, .parts = parts};
    };
    const bool nothing = m.html.empty() && !m.calendar && files.empty();
    if (!m.text.empty() || nothing) alternative.push_back(text_part("text/plain", m.text));
    if (!related.empty()) alternative.push_back(one_of("multipart/related", related));
    if (m.calendar) {
        alternative.push_back(text_part("text/calendar", m.calendar->text));
        alternative.back().method = m.calendar->method;
        alternative.back().name = m.calendar->name;
    }
    if (!alternative.empty()) mixed.push_back(one_of("multipart/alternative", alternative));
    mixed.insert(mixed.end(), files.begin(), files.end());
    made_.body = files.empty() ? mixed.front() : expected_part{.type = "multipart/mixed", .parts = mixed};
}

generated_message generator::make() {
    people();
    fields();
    body();
    return std::move(made_);
}

} // namespace

generated_message generate_message(std::uint32_t seed) { return generator{seed}.make(); }

} // namespace postrider
