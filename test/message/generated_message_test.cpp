// Random messages, composed and pulled, and then read back by two programs that have nothing to do with each other, or with us.

#include "drained.hpp"
#include "gmime_reader.hpp"
#include "message_generator.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <glib.h>

namespace {

using namespace postrider;
using nlohmann::json;

/// A line above 78 octets that has a space, outside quotes, at which it could be.
bool can_be_folded(const std::string& line) {
    const std::size_t begin = line.front() == ' ' ? line.find_first_not_of(' ') : line.find(": ") + 2;
    EXPECT_NE(begin, std::string::npos) << "a line of spaces";
    bool quoted = false;
    for (std::size_t i = begin; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] == ' ' && !quoted) return line.size() > 78;
    }
    return false;
}

/// No line above 998 octets; of the header's, above 78 those alone that have nowhere to be folded; encoded words of 75 at most.
std::string objection_to_lines(const std::string& wire) {
    bool header = true;
    for (std::size_t at = 0; at != wire.size();) {
        const std::size_t end = wire.find("\r\n", at);
        if (end == std::string::npos) return "a line without an end";
        const std::string line = wire.substr(at, end - at);
        at = end + 2;
        if (line.size() > 998) return "a line of " + std::to_string(line.size());
        if (line.find_first_of(std::string{"\r\n\0", 3}) != std::string::npos && header) return "a bare CR, LF or NUL";
        if (line.empty()) header = false;
        if (!header) continue;
        if (can_be_folded(line)) return "not folded: " + line;
        for (std::size_t word = line.find("=?utf-8?"); word != std::string::npos;
             word = line.find("=?utf-8?", word + 1)) {
            const std::size_t word_end = std::min(line.find(' ', word), line.size());
            if (word_end - word > 75 && line.find("?=", word) != std::string::npos)
                return "a long encoded word: " + line;
        }
    }
    return {};
}

/// Once more in other pieces: begun, left, and begun again.
bool same_again(const outgoing& mail, const std::string& wire) {
    (void)mail.content->pull(true);
    std::string again;
    for (content_part part = mail.content->pull(true); !part.failed; part = mail.content->pull(false)) {
        again += part.octets;
        if (part.last) return again == wire;
    }
    return false;
}

json names(const std::vector<address>& addresses) {
    json list = json::array();
    for (const address& a : addresses) list.push_back({a.name, a.mailbox});
    return list;
}

std::string base64(const std::string& octets) {
    char* const text = g_base64_encode(reinterpret_cast<const unsigned char*>(octets.data()), octets.size());
    std::string result{text};
    g_free(text);
    return result;
}

json tree(const expected_part& part) {
    json result{{"type", part.type},           {"disposition", part.disposition},
                {"file_name", part.file_name}, {"content_id", part.content_id},
                {"charset", part.charset},     {"method", part.method},
                {"name", part.name},           {"content", base64(part.content)},
                {"parts", json::array()}};
    for (const expected_part& inner : part.parts) result["parts"].push_back(tree(inner));
    return result;
}

json expected_fields(const generated_message& m, const outgoing& mail) {
    json headers = json::array();
    for (const header_field& field : m.message.headers) headers.push_back({field.name, field.value});
    return {{"from", names(m.from)},
            {"sender", names(m.sender)},
            {"reply-to", names(m.reply_to)},
            {"to", names(m.to)},
            {"cc", names(m.cc)},
            {"subject", m.message.subject},
            {"message_id", mail.message_id},
            {"date", m.message.date->time_since_epoch().count()},
            {"in_reply_to", m.message.in_reply_to},
            {"references", m.message.references},
            {"headers", headers},
            {"unsubscribe", m.message.list_unsubscribe.uris},
            {"one_click", m.message.list_unsubscribe.one_click},
            {"priority", static_cast<int>(m.message.priority)},
            {"tls_optional", m.message.tls_optional},
            {"body", tree(m.body)}};
}

TEST(GeneratedMessages, AreReadBackByGMimeAndPython) {
    const char* const asked = std::getenv("POSTRIDER_MESSAGES");
    const auto count = static_cast<std::uint32_t>(asked != nullptr ? std::atol(asked) : 800);
    const char* const first_seed = std::getenv("POSTRIDER_SEED");
    const auto first = static_cast<std::uint32_t>(first_seed != nullptr ? std::atol(first_seed) : 1);
    const std::string path = testing::TempDir() + "postrider-messages-" + std::to_string(first) + ".json";
    std::ofstream batch{path};
    std::size_t octets = 0;
    for (std::uint32_t seed = first; seed != first + count && (asked != nullptr || !testing::Test::HasFailure());
         ++seed) {
        SCOPED_TRACE("POSTRIDER_MESSAGES=1 POSTRIDER_SEED=" + std::to_string(seed));
        generated_message m = generate_message(seed);
        const outgoing mail = compose(m.message);
        ASSERT_EQ(mail.error, errc::ok) << mail.problem;
        const std::string wire = drained(mail);
        octets += wire.size();
        EXPECT_TRUE(same_again(mail, wire));
        std::vector<std::string> recipients;
        for (const envelope_recipient& recipient : mail.envelope.to) recipients.push_back(recipient.address);
        EXPECT_EQ(recipients, m.recipients);
        EXPECT_EQ(objection_to_lines(wire), "") << wire;
        EXPECT_EQ(found_otherwise_by_gmime(wire, m, mail.message_id), "") << wire;
        json line = expected_fields(m, mail);
        line["seed"] = seed;
        line["wire"] = base64(wire);
        batch << line.dump() << '\n';
    }
    batch.close();
    ASSERT_TRUE(batch.good());
    const std::string command = std::string{POSTRIDER_PYTHON} + " '" + POSTRIDER_READ_BACK + "' '" + path + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << "what Python finds otherwise stands above";
    std::printf("%u messages, %zu octets\n", count, octets);
    std::remove(path.c_str());
}

} // namespace
