#include "load_contents.hpp"

#include "failure.hpp"
#include "inputs.hpp"
#include "words.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <sysexits.h>
#include <system_error>

namespace postrider::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t held_each = 1'000'000;
constexpr std::uint64_t held_together = 256'000'000;
constexpr std::uint64_t made_at_most = 1'000'000'000; // it lies in memory

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
    throw failure{EX_USAGE, "--size: `" + what + "` " + why};
}

unsigned take_weight(std::string_view& text, const std::string& all) {
    if (!text.starts_with('*')) return 1;
    text.remove_prefix(1);
    unsigned weight = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
    if (error != std::errc{} || weight == 0 || weight > 1'000'000)
        refuse(all, "has a weight that is no number from 1 to 1000000");
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return weight;
}

/// Lines of 76, as base64 and most text has them, and no Message-ID: a server that knows a mail again by it would store one.
std::string made_up(std::uint64_t octets, const std::string& from, const std::string& all) {
    std::string text = "From: <" + (from.empty() ? std::string{"postmaster@localhost"} : from) +
                       ">\r\nSubject: postrider load\r\n\r\n";
    if (octets < text.size() + 2 || octets > made_at_most)
        refuse(all, "must be from " + std::to_string(text.size() + 2) + ", its header, to " +
                        std::to_string(made_at_most) + " octets; larger mails come from a --message FILE");
    text.reserve(octets);
    while (text.size() + 2 * 78 <= octets) text.append(76, 'x').append("\r\n");
    const std::size_t left = octets - text.size() - 2;
    if (left > 76) text.append(left / 2 - 1, 'x').append("\r\n");
    return text.append(octets - text.size() - 2, 'x').append("\r\n");
}

std::vector<fs::path> files_of(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return {path};
    std::vector<fs::path> found;
    for (fs::directory_iterator at{path, error}, end; !error && at != end; at.increment(error))
        if (at->is_regular_file(error) && !at->path().filename().string().starts_with('.')) found.push_back(at->path());
    if (error) throw failure{EX_NOINPUT, "--message: the folder `" + path + "` cannot be read: " + error.message()};
    if (found.empty()) throw failure{EX_NOINPUT, "--message: there is no file in the folder `" + path + "`"};
    std::sort(found.begin(), found.end());
    return found;
}

/// With CRLF at the end of each line, and of the last one.
std::uint64_t octets_on_the_wire(std::string_view text) {
    content_facts facts;
    facts.look_through(text);
    facts.end();
    return facts.size + (facts.line_start ? 0 : 2);
}

[[noreturn]] void cannot_be_read(const std::string& file, const std::string& why) {
    throw failure{EX_NOINPUT, "--message: `" + file + "` cannot be read: " + why};
}

/// `held`: octets in memory so far. What can be read only once is always held.
load_content content_of(const std::string& file, std::uint64_t& held) {
    const input_file from{file};
    if (from.error() != 0) cannot_be_read(file, std::strerror(from.error()));
    const bool once = !S_ISREG(from.facts().st_mode);
    load_content one;
    if (once || (from.size() <= held_each && held + from.size() <= held_together)) {
        std::string text;
        if (const int error = from.read_all(text, held_together); error != 0)
            cannot_be_read(file, std::strerror(error));
        held += text.size();
        one.octets = octets_on_the_wire(text);
        one.source = text_content(std::move(text));
        return one;
    }
    one.source = file_content(file);
    mail_content facts;
    if (std::string problem; one.source->describe(facts, problem) != errc::ok)
        throw failure{EX_NOINPUT, "--message: " + problem};
    one.octets = facts.size;
    return one;
}

} // namespace

std::vector<load_content> made_up_contents(const std::string& sizes, const std::string& from) {
    std::vector<load_content> contents;
    std::string_view rest = sizes;
    for (;;) {
        const auto octets = take_octets(rest);
        if (!octets) refuse(sizes, "is no size: 500, 10k, 1M, 64Ki; a list is 1k,10k or with weights 1k*90,1M*10");
        const unsigned weight = take_weight(rest, sizes);
        contents.push_back(
            {.source = text_content(made_up(*octets, from, sizes)), .octets = *octets, .weight = weight});
        if (rest.empty()) return contents;
        if (!rest.starts_with(',')) refuse(sizes, "is no list of sizes: 1k,10k or with weights 1k*90,1M*10");
        rest.remove_prefix(1);
    }
}

std::vector<load_content> contents_of_files(const std::vector<std::string>& paths) {
    std::vector<load_content> contents;
    std::uint64_t held = 0;
    for (const std::string& path : paths)
        for (const fs::path& file : files_of(path)) {
            load_content one = content_of(file.string(), held);
            one.file = file.string();
            contents.push_back(std::move(one));
        }
    return contents;
}

turns::turns(const std::vector<load_content>& contents) : credit_(contents.size()) {
    for (const load_content& one : contents) weights_.push_back(one.weight);
    for (const std::int64_t weight : weights_) sum_ += weight;
    all_alike_ = std::count(weights_.begin(), weights_.end(), weights_.front()) == std::ssize(weights_);
}

/// Each gets its weight in credit, and the richest pays for all.
std::size_t turns::next() noexcept {
    // The same order, without a look at each of what may be a folder of a hundred thousand files.
    if (all_alike_) return given_++ % weights_.size();
    std::size_t chosen = 0;
    for (std::size_t i = 0; i != credit_.size(); ++i) {
        credit_[i] += weights_[i];
        if (credit_[i] > credit_[chosen]) chosen = i;
    }
    credit_[chosen] -= sum_;
    return chosen;
}

} // namespace postrider::cli
