#include "worded_mail.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace postrider::test {

namespace {

struct keyword {
    std::string_view name;
    extension what;
};
constexpr keyword keywords[] = {
    {"AUTH", extension::auth},
    {"PIPELINING", extension::pipelining},
    {"SIZE", extension::size},
    {"8BITMIME", extension::eight_bit_mime},
    {"CHUNKING", extension::chunking},
    {"SMTPUTF8", extension::smtputf8},
    {"DSN", extension::dsn},
    {"BINARYMIME", extension::binary_mime},
    {"LIMITS", extension::limits},
    {"DELIVERBY", extension::deliver_by},
    {"MT-PRIORITY", extension::mt_priority},
    {"FUTURERELEASE", extension::future_release},
    {"REQUIRETLS", extension::require_tls},
    {"BURL", extension::burl},
    {"XCLIENT", extension::xclient},
    {"XFORWARD", extension::xforward},
    {"ETRN", extension::etrn},
    {"VRFY", extension::vrfy},
    {"EXPN", extension::expn},
    {"HELP", extension::help},
    {"ENHANCEDSTATUSCODES", extension::enhanced_status},
    {"STARTTLS", extension::starttls},
};

} // namespace

std::vector<std::string> keywords_of(flags<extension> set) {
    std::vector<std::string> found;
    for (const keyword& known : keywords)
        if (set.has(known.what)) found.emplace_back(known.name);
    return found;
}

extension extension_of(std::string_view name) {
    for (const keyword& known : keywords)
        if (known.name == name) return known.what;
    throw std::invalid_argument("no such extension: " + std::string(name));
}

worded_mail::worded_mail(std::string from, std::vector<std::string> to, std::vector<std::string> content, bool memory,
                         std::vector<std::string> words, std::vector<std::vector<std::string>> recipient_words)
    : from_(std::move(from)),
      to_(std::move(to)),
      content_(std::move(content)),
      words_(std::move(words)),
      recipient_words_(std::move(recipient_words)) {
    for (std::size_t i = 0; i != to_.size(); ++i) {
        const auto path = mailbox::frame(to_[i]);
        if (!path) throw std::invalid_argument("not a mailbox: " + to_[i]);
        recipients.push_back({*path});
        if (i < recipient_words_.size())
            for (const std::string& word : recipient_words_[i]) describe(recipients.back(), word);
    }
    const auto path = mailbox::frame(from_);
    if (!path) throw std::invalid_argument("not a mailbox: " + from_);
    mail.reverse_path = *path;
    mail.recipients = recipients;
    mail.content.pulled = !memory;
    if (memory) {
        parts_.assign(content_.begin() + 1, content_.end());
        mail.content.text = content_.front();
        mail.content.more = parts_;
    } else if (words_.empty()) {
        // Unless it is said otherwise, octets above 127 are sent as they are, and not declared.
        for (const std::string& part : content_)
            for (const char octet : part)
                if (static_cast<unsigned char>(octet) > 127) mail.content.as_it_is = true;
    }
    for (const std::string& word : words_) describe(word);
}

void worded_mail::describe(recipient& r, const std::string& word) {
    std::string_view value = std::string_view(word).substr(word.find('=') + 1);
    if (word.starts_with("orcpt=")) {
        r.original_recipient = value;
        return;
    }
    if (!word.starts_with("notify=")) throw std::invalid_argument("not a property of a recipient: " + word);
    while (!value.empty()) {
        const std::string_view one = value.substr(0, value.find(','));
        value.remove_prefix(std::min(one.size() + 1, value.size()));
        if (one == "success") r.notify.add(notify::success);
        else if (one == "failure") r.notify.add(notify::failure);
        else if (one == "delay") r.notify.add(notify::delay);
        else if (one == "never") r.notify.add(notify::nothing);
        else throw std::invalid_argument("no such time to notify: " + std::string(one));
    }
}

void worded_mail::describe(const std::string& word) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals);
    const std::string_view value = std::string_view(word).substr(std::min(equals + 1, word.size()));
    const auto number = [&] { return std::stol(std::string(value)); };
    mail.parameters = &parameters_;
    mail_content& content = mail.content;
    if (name == "all-or-nothing") mail.policy = recipient_policy::all_or_nothing;
    else if (name == "as-it-is") content.as_it_is = true;
    else if (name == "8bit") content.kind = octets::eight_bit;
    else if (name == "binary") content.kind = octets::binary;
    else if (name == "utf8-header") content.utf8_header = true;
    else if (name == "repeatable") content.repeatable = true;
    else if (name == "chunks") content.chunks = true;
    else if (name == "size" || name == "exact") {
        content.size = static_cast<std::uint64_t>(number());
        content.exact_size = name == "exact";
    } else if (name == "url") {
        content.pulled = false;
        content.url = value;
    } else if (name == "ret") parameters_.ret = value == "full" ? return_content::full : return_content::headers;
    else if (name == "envid") parameters_.envelope_id = value;
    else if (name == "auth" && value == "<>") parameters_.auth_unknown = true;
    else if (name == "auth") parameters_.auth = value;
    else if (name == "by") {
        parameters_.by_seconds = static_cast<std::int32_t>(number());
        parameters_.by = value.find(";N") != value.npos ? by_mode::notify : by_mode::return_mail;
        parameters_.by_trace = value.ends_with('T');
    } else if (name == "priority") {
        parameters_.prioritised = true;
        parameters_.priority = static_cast<std::int8_t>(number());
    } else if (name == "hold") parameters_.hold_seconds = static_cast<std::uint32_t>(number());
    else if (name == "until") parameters_.hold_until = value;
    else if (name == "require-tls") parameters_.require_tls = true;
    else if (name == "required") mail.required.add(extension_of(value));
    else throw std::invalid_argument("not a property of a mail: " + word);
}

} // namespace postrider::test
