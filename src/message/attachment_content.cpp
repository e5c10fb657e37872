#include "message/attachment_content.hpp"

#include "postrider/message.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace postrider {

std::shared_ptr<const attachment_content> attachment_content::of_file(std::string path) {
    auto content = std::make_shared<attachment_content>();
    content->path_ = std::move(path);
    if (content->path_.empty()) content->problem_ = "the path of the file is empty";
    if (content->path_.find('\0') != std::string::npos) content->problem_ = "the path of the file holds a NUL";
    return content;
}

std::shared_ptr<const attachment_content> attachment_content::of_octets(std::string octets) {
    auto content = std::make_shared<attachment_content>();
    content->octets_ = std::move(octets);
    return content;
}

std::shared_ptr<const attachment_content> attachment_content::spooled(std::istream& from) {
    auto content = std::make_shared<attachment_content>();
    content->problem_ = content->spool_.copy(from);
    return content;
}

bool content_reader::open(const attachment_content& content, std::string& problem) {
    close();
    if (!content.problem_.empty()) {
        problem = content.problem_;
        return false;
    }
    content_ = &content;
    if (content.in_memory()) {
        state_ = {.size = content.octets_.size()};
        return true;
    }
    if (content.path_.empty()) return look(content.spool_, "the spooled stream", problem);
    const std::string what = std::string{"`"}.append(content.path_).append("`");
    if (own_.reopen(content.path_)) return look(own_, what, problem);
    problem.append(what).append(" cannot be opened: ").append(std::generic_category().message(errno));
    return false;
}

bool content_reader::look(const content_detail::spool& file, const std::string& what, std::string& problem) {
    using kind = content_detail::spool::state::kind;
    state_ = file.now();
    if (state_.what != kind::regular) {
        problem.append(what).append(state_.what == kind::folder ? " is a folder: attach its files, or an archive of it"
                                                                : " is no regular file: use `attach_stream`");
        return false;
    }
    file_ = &file;
    char octet = 0;
    if (state_.size != 0 || file.read(0, {&octet, 1}) == 0) return true;
    problem.append(what).append(" does not tell its size, as files of /proc do not: use `attach_stream`");
    return false;
}

std::ptrdiff_t content_reader::read(std::span<char> to) noexcept {
    const std::uint64_t left = state_.size - at_;
    std::size_t octets = static_cast<std::size_t>(std::min<std::uint64_t>(left, to.size()));
    if (file_ == nullptr) {
        std::memcpy(to.data(), content_->octets_.data() + at_, octets);
        at_ += octets;
        return static_cast<std::ptrdiff_t>(octets);
    }
    // One octet more is asked for at the end: a file that has grown is found out.
    const std::size_t asked = octets < to.size() ? octets + 1 : octets;
    std::size_t got = 0;
    while (got != asked) {
        const ssize_t n = file_->read(at_ + got, to.subspan(got, asked - got));
        if (n < 0) return -1;
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    if (got != octets) return -1;
    at_ += got;
    return static_cast<std::ptrdiff_t>(got);
}

void content_reader::close() noexcept {
    own_.close();
    file_ = nullptr;
    content_ = nullptr;
    at_ = 0;
    state_ = {};
}

} // namespace postrider
