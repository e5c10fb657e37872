// The folder of mails: NNNNNN.eml, the content, and NNNNNN.json, the envelope.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "postrider/sink/mail.hpp"

namespace postrider::sink {

class store {
public:
    // Creates the folder if it must; what is wrong with it, or nullopt.
    std::optional<std::string> open(const std::filesystem::path& folder);

    [[nodiscard]] bool is_open() const { return !folder_.empty(); }
    [[nodiscard]] std::uint64_t highest() const { return highest_; } // number that a mail in the folder has

    // A file that nobody takes for a mail yet.
    [[nodiscard]] std::filesystem::path fresh_name();
    // Writes the envelope and gives both files their names, the content last: who sees an .eml finds its
    // .json.
    [[nodiscard]] bool keep(const std::filesystem::path& content, const mail& envelope);

private:
    std::filesystem::path folder_;
    std::uint64_t highest_ = 0;
    std::uint64_t fresh_ = 0;
};

// Bounded by what a write takes, not by what a mail holds: content goes to its file as it comes.
class content_file {
public:
    content_file() = default;
    ~content_file() { discard(); }
    content_file(const content_file&) = delete;
    content_file& operator=(const content_file&) = delete;

    void create(const std::filesystem::path& name);
    void append(std::string_view octets);
    // False if any octet is not in the file.
    [[nodiscard]] bool finish();
    [[nodiscard]] const std::filesystem::path& name() const { return name_; }
    void kept() { name_.clear(); } // somebody else names the file now
    void discard();

private:
    void write_out(std::string_view octets);

    std::filesystem::path name_;
    std::string waiting_;
    int descriptor_ = -1;
    bool whole_ = true;
};

} // namespace postrider::sink
