// The folder of mails: NNNNNN.eml, the content, and NNNNNN.json, the envelope; or a Maildir, where the envelope
// stands in fields above the content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "postrider/sink/mail.hpp"

namespace postrider::sink {

class content_file;

class store {
public:
    enum class layout : std::uint8_t { numbered, maildir };
    // Creates the folder if it must; what is wrong with it, or nullopt. `name` is the server's, for Received.
    std::optional<std::string> open(const std::filesystem::path& folder, layout how, std::string name);

    [[nodiscard]] bool is_open() const { return !folder_.empty(); }
    [[nodiscard]] std::uint64_t highest() const { return highest_; } // number that a mail in the folder has

    // A file that nobody takes for a mail yet.
    [[nodiscard]] std::filesystem::path fresh_name();
    // Stores what stands in a finished file, with its envelope, and says in it where.
    [[nodiscard]] bool keep(content_file& content, mail& envelope);

private:
    // Gives both files their names, the content last: who sees an .eml finds its .json.
    [[nodiscard]] bool number(content_file& content, mail& envelope);
    [[nodiscard]] bool deliver(content_file& content, mail& envelope);

    layout layout_ = layout::numbered;
    std::string name_;
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
    [[nodiscard]] bool rename(const std::string& name); // and it stays
    void discard();

private:
    void write_out(std::string_view octets);

    std::filesystem::path name_;
    std::string waiting_;
    int descriptor_ = -1;
    bool whole_ = true;
};

} // namespace postrider::sink
