#include "content/rereadable.hpp"
#include "content/spool.hpp"
#include "postrider/content_source.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

namespace postrider {

namespace {

using content_detail::part_size;
using content_detail::spool;

class text_source final : public content_source {
public:
    explicit text_source(std::string&& text) noexcept : text_(std::move(text)) {}
    errc describe(mail_content& to, std::string& /*problem*/) override {
        to = {.text = text_};
        return errc::ok;
    }
    content_part pull(bool /*first*/) noexcept override { return {.octets = text_, .last = true}; }

private:
    std::string text_;
};

/// A file, which is opened for each reading, so that a thousand mails that wait hold no thousand descriptors; or a copy,
/// whose only hold is its descriptor.
class file_source final : public content_source {
public:
    explicit file_source(std::string&& path) noexcept : path_(std::move(path)) {}
    explicit file_source(std::istream& from) noexcept : stream_(&from) {}
    explicit file_source(std::shared_ptr<content_source>&& from) noexcept : source_(std::move(from)) {}

    errc describe(mail_content& to, std::string& problem) override {
        problem = open();
        content_facts facts;
        if (problem.empty()) problem = look_through(facts);
        if (!copied_) file_.close();
        if (!problem.empty()) return errc::body_failed;
        to = {.pulled = true,
              .kind = facts.eight_bit ? octets::eight_bit : octets::seven_bit,
              .utf8_header = facts.eight_bit_header,
              .repeatable = true,
              .size = facts.size + (facts.line_start ? 0 : 2),
              .exact_size = true};
        return errc::ok;
    }

    content_part pull(bool first) noexcept override {
        if (first && !begin()) return {.failed = true};
        const ssize_t read = file_.is_open() ? file_.read(at_, {part_.get(), room_}) : -1;
        // What is shorter now, or longer, or was written over. The engine would see a size that is another, and no more; and of a file
        // system that says neither, and gives nothing, there would be no end.
        if (read < 0 || (read == 0 && at_ != described_.size) || file_.now() != described_) {
            if (!copied_) file_.close();
            return {.failed = true};
        }
        at_ += static_cast<std::uint64_t>(read);
        const bool last = at_ == described_.size;
        if (last && !copied_) file_.close();
        return {.octets = {part_.get(), static_cast<std::size_t>(read)}, .last = last};
    }

private:
    std::string open() {
        if (copied_) return broken_;
        const bool once = stream_ != nullptr || source_ != nullptr;
        std::string why = stream_ != nullptr   ? file_.copy(*stream_)
                          : source_ != nullptr ? file_.copy(*source_)
                                               : file_.open(path_, copied_);
        copied_ = copied_ || once;
        if (copied_) broken_ = why;
        return why;
    }

    std::string look_through(content_facts& facts) {
        described_ = file_.now();
        const std::size_t room = room_for(described_.size);
        const auto part = std::make_unique<char[]>(room);
        ssize_t octets;
        std::uint64_t at = 0;
        while ((octets = file_.read(at, {part.get(), room})) > 0) {
            facts.look_through({part.get(), static_cast<std::size_t>(octets)});
            at += static_cast<std::uint64_t>(octets);
        }
        if (octets < 0) return name().append(": cannot be read: ").append(std::generic_category().message(errno));
        if (at != described_.size || file_.now() != described_)
            return name().append(": changes while it is read; send it when it is complete");
        facts.end();
        return {};
    }

    bool begin() noexcept {
        at_ = 0;
        if (!copied_) {
            if (!file_.reopen(path_) || file_.now() != described_) {
                file_.close();
                return false;
            }
        }
        const std::size_t room = room_for(described_.size);
        if (room != room_) part_.reset(new (std::nothrow) char[room]);
        room_ = part_ ? room : 0;
        return part_ != nullptr;
    }

    std::string name() const { return path_.empty() ? "the copy of the message" : path_; }
    /// A thousand small mails cost no thousand large buffers.
    static std::size_t room_for(std::uint64_t size) noexcept {
        return static_cast<std::size_t>(std::clamp<std::uint64_t>(size, 1, part_size));
    }

    std::string path_{};
    std::istream* stream_ = nullptr;
    std::shared_ptr<content_source> source_{};
    spool file_{};
    spool::state described_{};
    bool copied_ = false;  ///< `file_` is a copy; what it was made of is read
    std::string broken_{}; ///< why there is no whole copy
    std::uint64_t at_ = 0;
    std::unique_ptr<char[]> part_{};
    std::size_t room_ = 0;
};

} // namespace

std::shared_ptr<content_source> text_content(std::string text) {
    return std::make_shared<text_source>(std::move(text));
}

std::shared_ptr<content_source> file_content(std::string path) {
    return std::make_shared<file_source>(std::move(path));
}

std::shared_ptr<content_source> stream_content(std::istream& from) { return std::make_shared<file_source>(from); }

std::shared_ptr<content_source> content_detail::copied_content(std::shared_ptr<content_source> of) {
    return std::make_shared<file_source>(std::move(of));
}

} // namespace postrider
