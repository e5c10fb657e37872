#include "content/rereadable.hpp"
#include "content/spool.hpp"
#include "postrider/content_source.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

namespace postrider {

namespace {

using content_detail::part_size;
using content_detail::spool;

class text_source final : public content_source {
public:
    explicit text_source(std::shared_ptr<const std::string> text) noexcept : text_(std::move(text)) {}
    errc describe(mail_content& to, std::string& /*problem*/) override {
        to = {.text = *text_};
        return errc::ok;
    }
    content_part pull(bool /*first*/) noexcept override { return {.octets = *text_, .last = true}; }
    std::shared_ptr<content_source> clone() override { return std::make_shared<text_source>(text_); }

private:
    std::shared_ptr<const std::string> text_;
};

/// What all readers of a content have in common: where it lies, and the copy that was made of it where it can be read only once.
struct origin {
    std::string path{};
    std::istream* stream = nullptr;
    std::shared_ptr<content_source> source{};
    std::mutex mutex{};
    spool copy{};
    bool copied = false;  ///< what the copy was made of is read
    std::string broken{}; ///< why there is no whole copy
};

/// A file, which is opened for each reading, so that a thousand mails that wait hold no thousand descriptors; or a copy,
/// whose only hold is its descriptor.
class file_source final : public content_source {
public:
    explicit file_source(std::shared_ptr<origin> of) noexcept : of_(std::move(of)) {}
    std::shared_ptr<content_source> clone() override { return std::make_shared<file_source>(of_); }

    errc describe(mail_content& to, std::string& problem) override {
        errc e = open(problem);
        content_facts facts;
        if (e == errc::ok) {
            problem = look_through(facts);
            if (!problem.empty()) e = errc::body_failed;
        }
        own_.close();
        if (e != errc::ok) return e;
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
        const ssize_t read = file_->is_open() ? file_->read(at_, {part_.get(), room_}) : -1;
        // What is shorter now, or longer, or was written over. The engine would see a size that is another, and no more; and of a file
        // system that says neither, and gives nothing, there would be no end.
        if (read < 0 || (read == 0 && at_ != described_.size) || file_->now() != described_) {
            own_.close();
            return {.failed = true};
        }
        at_ += static_cast<std::uint64_t>(read);
        const bool last = at_ == described_.size;
        if (last) own_.close();
        return {.octets = {part_.get(), static_cast<std::size_t>(read)}, .last = last};
    }

private:
    errc open(std::string& problem) {
        const std::lock_guard lock{of_->mutex};
        problem = open_alone();
        return problem.empty() ? errc::ok : file_->error();
    }

    /// While no other reader does.
    std::string open_alone() {
        const bool once = of_->stream != nullptr || of_->source != nullptr;
        if (!of_->copied && once) {
            file_ = &of_->copy;
            // Where a copy cannot even be begun nothing was read: the next time it may.
            if (std::string why = of_->copy.begin(); !why.empty()) return why;
            of_->broken = of_->stream != nullptr ? of_->copy.copy(*of_->stream) : of_->copy.copy(*of_->source);
            of_->copied = true;
        } else if (!of_->copied) {
            file_ = &own_;
            std::string why = own_.open(of_->path, of_->copied);
            if (!of_->copied) return why;
            of_->copy.swap(own_);
            of_->broken = std::move(why);
        }
        file_ = &of_->copy;
        return of_->broken;
    }

    std::string look_through(content_facts& facts) {
        described_ = file_->now();
        const std::size_t room = room_for(described_.size);
        const auto part = std::make_unique<char[]>(room);
        ssize_t octets;
        std::uint64_t at = 0;
        while ((octets = file_->read(at, {part.get(), room})) > 0) {
            facts.look_through({part.get(), static_cast<std::size_t>(octets)});
            at += static_cast<std::uint64_t>(octets);
        }
        if (octets < 0) return name().append(": cannot be read: ").append(std::generic_category().message(errno));
        if (at != described_.size || file_->now() != described_)
            return name().append(": changes while it is read; send it when it is complete");
        facts.end();
        return {};
    }

    bool begin() noexcept {
        at_ = 0;
        if (file_ == &own_ && (!own_.reopen(of_->path) || own_.now() != described_)) {
            own_.close();
            return false;
        }
        const std::size_t room = room_for(described_.size);
        if (room != room_) part_.reset(new (std::nothrow) char[room]);
        room_ = part_ ? room : 0;
        return part_ != nullptr;
    }

    std::string name() const { return of_->path.empty() ? "the copy of the message" : of_->path; }
    /// A thousand small mails cost no thousand large buffers.
    static std::size_t room_for(std::uint64_t size) noexcept {
        return static_cast<std::size_t>(std::clamp<std::uint64_t>(size, 1, part_size));
    }

    std::shared_ptr<origin> of_;
    spool own_{};
    spool* file_ = &own_; ///< or the copy
    spool::state described_{};
    std::uint64_t at_ = 0;
    std::unique_ptr<char[]> part_{};
    std::size_t room_ = 0;
};

} // namespace

std::shared_ptr<content_source> text_content(std::string text) {
    return std::make_shared<text_source>(std::make_shared<const std::string>(std::move(text)));
}

std::shared_ptr<content_source> file_content(std::string path) {
    auto of = std::make_shared<origin>();
    of->path = std::move(path);
    return std::make_shared<file_source>(std::move(of));
}

std::shared_ptr<content_source> stream_content(std::istream& from) {
    auto of = std::make_shared<origin>();
    of->stream = &from;
    return std::make_shared<file_source>(std::move(of));
}

std::shared_ptr<content_source> content_detail::copied_content(std::shared_ptr<content_source> from) {
    auto of = std::make_shared<origin>();
    of->source = std::move(from);
    return std::make_shared<file_source>(std::move(of));
}

} // namespace postrider
