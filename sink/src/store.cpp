#include "store.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

#include "command.hpp"
#include "json.hpp"

namespace postrider::sink {

namespace {

// What a final delivery puts above a message (RFC 5321 section 4.4), with Delivered-To as Postfix and qmail have it.
// LF ends the lines of files in a Maildir.
std::string envelope_fields(const mail& mail, const std::string& name) {
    std::string text = "Return-Path: <" + mail.from + ">\n";
    for (const auto& one : mail.recipients) text.append("Delivered-To: ").append(one.address).append("\n");
    const char* const with = mail.hello_verb == "LHLO" ? "LMTP" : mail.hello_verb == "HELO" ? "SMTP" : "ESMTP";
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::localtime_r(&now, &parts);
    std::array<char, 64> date{};
    std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S %z", &parts); // the C locale: nobody sets another
    text.append("Received: from ").append(mail.hello).append(" (").append(mail.peer).append(")\n\tby ").append(name);
    text.append(" with ").append(with).append(mail.tls ? "S" : "").append(mail.auth_mechanism.empty() ? "" : "A");
    text.append(" id ").append(std::to_string(mail.id)).append(";\n\t").append(date.data()).append("\n");
    for (char& c : text) // of the client's: no octet of it may end a field
        if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7f) c = '?';
    return text;
}

// Each CRLF as LF; a CR or LF by itself stays.
bool append_with_lf(content_file& to, const std::filesystem::path& from) {
    const int file = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    std::array<char, 64 * 1024> piece{};
    std::string text;
    ssize_t got = 0;
    while ((got = ::read(file, piece.data(), piece.size())) > 0) {
        text.append(piece.data(), static_cast<std::size_t>(got));
        const bool split = text.back() == '\r'; // its LF may come yet
        if (split) text.pop_back();
        std::string_view rest = text;
        for (std::size_t end; (end = rest.find("\r\n")) != std::string_view::npos; rest.remove_prefix(end + 2)) {
            to.append(rest.substr(0, end));
            to.append("\n");
        }
        to.append(rest);
        text.clear();
        if (split) text.push_back('\r');
    }
    to.append(text);
    ::close(file);
    return got == 0;
}

// As no other delivery on any host names its file: https://cr.yp.to/proto/maildir.html
std::string unique_name(std::uint64_t number) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    std::string name = std::to_string(now.tv_sec);
    name.append(".M").append(std::to_string(now.tv_nsec / 1000)).append("P").append(std::to_string(::getpid()));
    name.append("Q").append(std::to_string(number)).append(".");
    for (const char c : std::string_view{host.data()}) {
        if (c == '/') name += "\\057";
        else if (c == ':') name += "\\072";
        else name += c;
    }
    return name;
}

std::string number_name(std::uint64_t number) {
    std::string digits = std::to_string(number);
    return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

} // namespace

std::optional<std::string> store::open(const std::filesystem::path& folder, layout how, std::string name) {
    layout_ = how;
    name_ = std::move(name);
    const bool maildir = how == layout::maildir;
    for (const char* part : {"", "tmp", "new", "cur"}) {
        if (*part != '\0' && !maildir) break;
        const std::filesystem::path needed = *part != '\0' ? folder / part : folder;
        std::error_code error;
        std::filesystem::create_directories(needed, error);
        if (error) return "cannot create " + needed.string() + ": " + error.message();
        if (::access(needed.c_str(), W_OK | X_OK) != 0)
            return "cannot write to " + needed.string() + ": " + std::strerror(errno);
    }
    std::error_code error;
    std::filesystem::directory_iterator entries{folder, error};
    if (error) return "cannot read " + folder.string() + ": " + error.message();
    if (!maildir)
        for (const auto& entry : entries)
            if (entry.path().extension() == ".eml")
                highest_ = std::max(highest_, parse_number(entry.path().stem().string()).value_or(0));
    folder_ = folder;
    return std::nullopt;
}

std::filesystem::path store::fresh_name() {
    const std::string number = std::to_string(::getpid()) + "-" + std::to_string(++fresh_);
    return layout_ == layout::maildir ? folder_ / "tmp" / ("incoming-" + number) : folder_ / (".incoming-" + number);
}

bool store::keep(content_file& content, mail& envelope) {
    return layout_ == layout::maildir ? deliver(content, envelope) : number(content, envelope);
}

bool store::number(content_file& content, mail& envelope) {
    content_file json_file;
    json_file.create(fresh_name());
    json_file.append(text_of(json_of(envelope), 2));
    json_file.append("\n");
    if (!json_file.finish()) return false;
    const std::string name = (folder_ / number_name(envelope.id)).string();
    if (!json_file.rename(name + ".json")) return false;
    if (content.rename(envelope.file = name + ".eml")) return true;
    ::unlink((name + ".json").c_str()); // of a mail that was not taken
    return false;
}

// The content is copied, because what stands above it is known only now: over LMTP, who gets it at all.
bool store::deliver(content_file& content, mail& envelope) {
    content_file delivered;
    delivered.create(fresh_name());
    delivered.append(envelope_fields(envelope, name_));
    if (!append_with_lf(delivered, content.name()) || !delivered.finish()) return false;
    envelope.file = (folder_ / "new" / unique_name(++fresh_)).string();
    if (!delivered.rename(envelope.file)) return false;
    content.discard();
    return true;
}

void content_file::create(const std::filesystem::path& name) {
    discard();
    name_ = name;
    descriptor_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    whole_ = descriptor_ >= 0;
}

void content_file::append(std::string_view octets) {
    constexpr std::size_t worth_a_write = 64 * 1024;
    if (octets.size() >= worth_a_write) {
        write_out(waiting_);
        waiting_.clear();
        write_out(octets);
        return;
    }
    waiting_ += octets; // short runs come from stuffed dots, one a line
    if (waiting_.size() < worth_a_write) return;
    write_out(waiting_);
    waiting_.clear();
}

void content_file::write_out(std::string_view octets) {
    while (whole_ && !octets.empty()) {
        const ssize_t wrote = ::write(descriptor_, octets.data(), octets.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) whole_ = false;
        else octets.remove_prefix(static_cast<std::size_t>(wrote));
    }
}

bool content_file::finish() {
    write_out(waiting_);
    waiting_.clear();
    if (descriptor_ >= 0 && ::close(descriptor_) != 0) whole_ = false;
    descriptor_ = -1;
    return whole_;
}

bool content_file::rename(const std::string& name) {
    if (std::rename(name_.c_str(), name.c_str()) != 0) return false;
    name_.clear();
    return true;
}

void content_file::discard() {
    if (name_.empty()) return; // for each mail, where there is no folder
    waiting_.clear();
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    ::unlink(name_.c_str());
    name_.clear();
}

} // namespace postrider::sink
