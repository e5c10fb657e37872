#include "gmime_reader.hpp"

#include <gmime/gmime.h>

#include <algorithm>
#include <memory>

namespace postrider {

namespace {

template <class T>
struct unref {
    void operator()(T* object) const { g_object_unref(object); }
};
template <class T>
using owned = std::unique_ptr<T, unref<T>>;

std::string text_of(const char* text) { return text != nullptr ? text : ""; }

/// Collects the first difference.
class comparison {
public:
    void same(const std::string& what, const std::string& found, const std::string& expected) {
        if (found != expected && difference_.empty())
            difference_ = what + ": found [" + found + "], expected [" + expected + "]";
    }
    std::string difference() { return std::move(difference_); }

    void addresses(const std::string& what, InternetAddressList* found, const std::vector<address>& expected);
    void header(GMimeObject* in, const std::string& name, const std::string& expected);
    void part(const std::string& where, GMimeObject* found, const expected_part& expected);

private:
    void leaf(const std::string& where, GMimeObject* found, const expected_part& expected);
    std::string difference_{};
};

void comparison::addresses(const std::string& what, InternetAddressList* found, const std::vector<address>& expected) {
    const int n = found != nullptr ? internet_address_list_length(found) : 0;
    same(what + " count", std::to_string(n), std::to_string(expected.size()));
    for (int i = 0; i < n && difference_.empty(); ++i) {
        InternetAddress* const one = internet_address_list_get_address(found, i);
        const address& due = expected[static_cast<std::size_t>(i)];
        same(what + " name", text_of(internet_address_get_name(one)), due.name);
        if (!INTERNET_ADDRESS_IS_MAILBOX(one)) return same(what, "a group", due.mailbox);
        InternetAddressMailbox* const mailbox = INTERNET_ADDRESS_MAILBOX(one);
        // It shows A-labels as U-labels unless it is asked; and asked it shows U-labels as A-labels.
        const bool ascii = std::all_of(due.mailbox.begin(), due.mailbox.end(), [](char c) { return (c & 0x80) == 0; });
        same(what + " mailbox",
             text_of(ascii ? internet_address_mailbox_get_idn_addr(mailbox)
                           : internet_address_mailbox_get_addr(mailbox)),
             due.mailbox);
    }
}

void comparison::header(GMimeObject* in, const std::string& name, const std::string& expected) {
    same(name, text_of(g_mime_object_get_header(in, name.c_str())), expected);
}

void comparison::leaf(const std::string& where, GMimeObject* found, const expected_part& expected) {
    if (!GMIME_IS_PART(found)) return same(where, "no part", "a part");
    GMimeDataWrapper* const content = g_mime_part_get_content(GMIME_PART(found));
    owned<GMimeStream> memory{g_mime_stream_mem_new()};
    if (content != nullptr) g_mime_data_wrapper_write_to_stream(content, memory.get());
    const GByteArray* const bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory.get()));
    same(where + " content", {reinterpret_cast<const char*>(bytes->data), bytes->len}, expected.content);
    same(where + " file name", expected.file_name.empty() ? "" : text_of(g_mime_part_get_filename(GMIME_PART(found))),
         expected.file_name);
}

void comparison::part(const std::string& where, GMimeObject* found, const expected_part& expected) {
    GMimeContentType* const type = g_mime_object_get_content_type(found);
    const std::unique_ptr<char, decltype(&g_free)> name{g_mime_content_type_get_mime_type(type), &g_free};
    same(where + " type", text_of(name.get()), expected.type);
    same(where + " disposition", text_of(g_mime_object_get_disposition(found)), expected.disposition);
    same(where + " content id", text_of(g_mime_object_get_content_id(found)), expected.content_id);
    same(where + " charset", text_of(g_mime_content_type_get_parameter(type, "charset")), expected.charset);
    same(where + " method", text_of(g_mime_content_type_get_parameter(type, "method")), expected.method);
    same(where + " name", text_of(g_mime_content_type_get_parameter(type, "name")), expected.name);
    if (!difference_.empty()) return;
    if (!expected.parts.empty()) {
        const int n = GMIME_IS_MULTIPART(found) ? g_mime_multipart_get_count(GMIME_MULTIPART(found)) : -1;
        same(where + " parts", std::to_string(n), std::to_string(expected.parts.size()));
        for (int i = 0; i < n && difference_.empty(); ++i)
            part(where + "/" + std::to_string(i), g_mime_multipart_get_part(GMIME_MULTIPART(found), i),
                 expected.parts[static_cast<std::size_t>(i)]);
    } else if (expected.type == "message/rfc822") {
        if (!GMIME_IS_MESSAGE_PART(found)) return same(where, "no message", "a message");
        const std::unique_ptr<char, decltype(&g_free)> inner{
            g_mime_object_to_string(GMIME_OBJECT(g_mime_message_part_get_message(GMIME_MESSAGE_PART(found))), nullptr),
            &g_free};
        std::string lines = text_of(inner.get());
        for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 2)
            if (at == 0 || lines[at - 1] != '\r') lines.insert(at, 1, '\r');
            else --at;
        same(where + " message", lines, expected.content);
    } else {
        leaf(where, found, expected);
    }
}

std::string joined(const std::vector<std::string>& texts) {
    std::string result;
    for (const std::string& text : texts) result.append(result.empty() ? "" : " ").append(text);
    return result;
}

} // namespace

std::string found_otherwise_by_gmime(const std::string& wire, const generated_message& expected,
                                     const std::string& message_id) {
    static const bool ready = (g_mime_init(), true);
    (void)ready;
    const owned<GMimeStream> stream{g_mime_stream_mem_new_with_buffer(wire.data(), wire.size())};
    const owned<GMimeParser> parser{g_mime_parser_new_with_stream(stream.get())};
    const owned<GMimeMessage> message{g_mime_parser_construct_message(parser.get(), nullptr)};
    if (!message) return "GMime finds no message";
    comparison found;
    const postrider::message& m = expected.message;
    found.addresses("From", g_mime_message_get_from(message.get()), expected.from);
    found.addresses("Sender", g_mime_message_get_sender(message.get()), expected.sender);
    found.addresses("Reply-To", g_mime_message_get_reply_to(message.get()), expected.reply_to);
    if (!expected.to.empty() || !expected.cc.empty())
        found.addresses("To", g_mime_message_get_to(message.get()), expected.to);
    found.addresses("Cc", g_mime_message_get_cc(message.get()), expected.cc);
    found.same("Subject", text_of(g_mime_message_get_subject(message.get())), m.subject);
    found.same("Message-ID", text_of(g_mime_message_get_message_id(message.get())),
               message_id.substr(1, message_id.size() - 2));
    GDateTime* const date = g_mime_message_get_date(message.get());
    if (m.date)
        found.same("Date", std::to_string(date != nullptr ? g_date_time_to_unix(date) : -1),
                   std::to_string(m.date->time_since_epoch().count()));
    GMimeObject* const object = GMIME_OBJECT(message.get());
    found.header(object, "In-Reply-To", joined(m.in_reply_to));
    found.header(object, "References", joined(m.references));
    for (const header_field& field : m.headers) found.header(object, field.name, field.value);
    found.part("body", g_mime_message_get_mime_part(message.get()), expected.body);
    return found.difference();
}

} // namespace postrider
