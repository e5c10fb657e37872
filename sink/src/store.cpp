#include "store.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "command.hpp"
#include "tls_json.hpp"

namespace postrider::sink {

namespace {

using json = nlohmann::ordered_json;

json parameters_of(const std::vector<parameter>& parameters) {
    json object = json::object();
    for (const auto& one : parameters) object[one.keyword] = one.value;
    return object;
}

std::string envelope_text(const mail& mail) {
    json recipients = json::array();
    for (const auto& one : mail.recipients)
        recipients.push_back({{"address", one.address}, {"parameters", parameters_of(one.parameters)}});
    json envelope{{"id", mail.id},
                  {"connection", mail.connection},
                  {"peer", mail.peer},
                  {"hello_verb", mail.hello_verb},
                  {"hello", mail.hello},
                  {"auth_user", mail.auth_user},
                  {"from", mail.from},
                  {"parameters", parameters_of(mail.parameters)},
                  {"recipients", recipients},
                  {"octets", mail.octets},
                  {"sha256", mail.sha256},
                  {"by", mail.by_bdat ? "BDAT" : "DATA"}};
    if (!mail.auth_mechanism.empty()) envelope["auth_mechanism"] = mail.auth_mechanism;
    if (!mail.auth_as.empty()) envelope["auth_as"] = mail.auth_as;
    if (mail.tls) envelope["tls"] = json_of(*mail.tls);
    if (!mail.xclient.empty()) envelope["xclient"] = parameters_of(mail.xclient);
    if (!mail.xforward.empty()) envelope["xforward"] = parameters_of(mail.xforward);
    // The text is the client's: octets that are no UTF-8 must not end the server.
    return envelope.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string number_name(std::uint64_t number) {
    std::string digits = std::to_string(number);
    return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

} // namespace

std::optional<std::string> store::open(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return "cannot create " + folder.string() + ": " + error.message();
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return "cannot write to " + folder.string() + ": " + std::strerror(errno);
    std::filesystem::directory_iterator entries{folder, error};
    if (error) return "cannot read " + folder.string() + ": " + error.message();
    for (const auto& entry : entries)
        if (entry.path().extension() == ".eml")
            highest_ = std::max(highest_, parse_number(entry.path().stem().string()).value_or(0));
    folder_ = folder;
    return std::nullopt;
}

std::filesystem::path store::fresh_name() {
    return folder_ / (".incoming-" + std::to_string(::getpid()) + "-" + std::to_string(++fresh_));
}

bool store::keep(const std::filesystem::path& content, const mail& envelope) {
    content_file json_file;
    json_file.create(fresh_name());
    json_file.append(envelope_text(envelope));
    if (!json_file.finish()) return false;
    const std::filesystem::path name = folder_ / number_name(envelope.id);
    if (std::rename(json_file.name().c_str(), (name.string() + ".json").c_str()) != 0) return false;
    json_file.kept();
    return std::rename(content.c_str(), (name.string() + ".eml").c_str()) == 0;
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

void content_file::discard() {
    if (name_.empty()) return; // for each mail, where there is no folder
    waiting_.clear();
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    ::unlink(name_.c_str());
    name_.clear();
}

} // namespace postrider::sink
