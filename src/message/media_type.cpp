#include "message/media_type.hpp"

#include "core/chars.hpp"
#include "message/header_writer.hpp"

#include <algorithm>

namespace postrider {

namespace {

struct known_type {
    std::string_view extension, type;
};

// By extension, since that is what a recipient's system goes by as well. Registered at IANA, but for the x- ones.
constexpr known_type known_types[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ics", "text/calendar"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"log", "text/plain"},
    {"md", "text/markdown"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"p7s", "application/pkcs7-signature"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wav", "audio/vnd.wave"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};

bool same_word(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char c, char d) { return to_upper(c) == to_upper(d); });
}

std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return result;
}

void skip_spaces(std::string_view& text) noexcept {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

/// A token off the front of `text`; empty if there is none.
std::string_view take_token(std::string_view& text) noexcept {
    std::size_t length = 0;
    while (length != text.size() && is_token(text.substr(length, 1))) ++length;
    const std::string_view token = text.substr(0, length);
    text.remove_prefix(length);
    return token;
}

/// A token or a quoted string, without its quotes.
bool take_value(std::string_view& text, std::string& value) {
    if (text.empty() || text.front() != '"') {
        value = take_token(text);
        return !value.empty();
    }
    for (text.remove_prefix(1); !text.empty() && text.front() != '"'; text.remove_prefix(1)) {
        if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
        value += text.front();
    }
    if (text.empty()) return false;
    text.remove_prefix(1);
    return true;
}

bool read_parameters(std::string_view text, media_type& to) {
    for (skip_spaces(text); !text.empty(); skip_spaces(text)) {
        if (text.front() != ';') return false;
        text.remove_prefix(1);
        skip_spaces(text);
        std::string name{take_token(text)}, value;
        if (name.empty() || name.size() > 30 || text.empty() || text.front() != '=' || to.has(name)) return false;
        // `name*` would be the extended form of RFC 2231, which is for header_writer to choose.
        if (name.find('*') != std::string::npos) return false;
        text.remove_prefix(1);
        if (!take_value(text, value)) return false;
        to.parameters.emplace_back(std::move(name), std::move(value));
    }
    return true;
}

} // namespace

bool media_type::is_message() const noexcept {
    return name.starts_with("message/") && !name.starts_with("message/global");
}
bool media_type::is_text() const noexcept { return name.starts_with("text/"); }

bool media_type::has(std::string_view parameter) const noexcept {
    return std::any_of(parameters.begin(), parameters.end(),
                       [&](const auto& p) { return same_word(p.first, parameter); });
}

std::string_view type_by_extension(std::string_view file_name) noexcept {
    const std::size_t dot = file_name.rfind('.');
    if (dot != std::string_view::npos) {
        const std::string_view extension = file_name.substr(dot + 1);
        for (const known_type& known : known_types)
            if (same_word(extension, known.extension)) return known.type;
    }
    return "application/octet-stream";
}

bool read_media_type(std::string_view text, media_type& to, std::string& problem) {
    problem = objection_to_text(text);
    if (!problem.empty()) return false;
    std::string_view rest = text;
    const std::string_view type = take_token(rest);
    bool good = !type.empty() && !rest.empty() && rest.front() == '/';
    if (good) {
        rest.remove_prefix(1);
        const std::string_view subtype = take_token(rest);
        good =
            !subtype.empty() && type.size() + subtype.size() < 128; // RFC 6838 §4.2: each at most 127, 64 by preference
        to.name = lower(std::string{type}.append("/").append(subtype));
    }
    if (!good || !read_parameters(rest, to)) {
        problem.append("`").append(text).append(
            "` is no media type: write type/subtype, and `; name=value` if need be");
        return false;
    }
    if (to.name.starts_with("multipart/"))
        problem = "a multipart cannot be attached as it is: attach its message (message/rfc822)";
    return problem.empty();
}

} // namespace postrider
