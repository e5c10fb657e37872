#include "message/attachment_content.hpp"

#include "postrider/message.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <istream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace postrider {

namespace {

std::string reason(int error) { return std::system_category().message(error); }

descriptor unnamed_file(std::string& problem) {
    const char* folder = std::getenv("TMPDIR");
    if (folder == nullptr || *folder == '\0') folder = "/tmp";
    descriptor file{::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (file) return file;
    std::string name{folder};
    name += "/postrider-XXXXXX";
    file = descriptor{::mkostemp(name.data(), O_CLOEXEC)};
    if (file) ::unlink(name.c_str());
    else problem.append("no temporary file can be made in `").append(folder).append("`: ").append(reason(errno));
    return file;
}

bool write_all(int file, std::span<const char> octets) noexcept {
    while (!octets.empty()) {
        const ssize_t n = ::write(file, octets.data(), octets.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        octets = octets.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

void spool(std::istream& from, int file, std::string& problem) {
    std::vector<char> part(65536);
    do {
        from.read(part.data(), static_cast<std::streamsize>(part.size()));
        const auto octets = static_cast<std::size_t>(from.gcount());
        if (!write_all(file, {part.data(), octets})) {
            problem.append("the stream cannot be spooled: ").append(reason(errno));
            return;
        }
    } while (from.good());
    if (from.bad()) problem = "the stream cannot be read to its end";
}

} // namespace

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
    content->spool_ = unnamed_file(content->problem_);
    if (!content->spool_) return content;
    if (!from.good()) {
        content->problem_ = "the stream was at its end, or had failed, before it was read";
        return content;
    }
    // A stream that was told to throw must not do it here; and it would throw when it is told so again in that state.
    const std::ios::iostate throws_at = from.exceptions();
    from.exceptions(std::ios::goodbit);
    spool(from, content->spool_.number(), content->problem_);
    if ((from.rdstate() & throws_at) != 0) from.clear();
    from.exceptions(throws_at);
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
    if (content.spool_) return look(content.spool_.number(), "the spooled stream", problem);
    return open_file(content.path_, problem);
}

bool content_reader::open_file(const std::string& path, std::string& problem) {
    // Without O_NONBLOCK a FIFO would wait here for somebody to write to it.
    own_ = descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    const std::string what = std::string{"`"}.append(path).append("`");
    if (own_) return look(own_.number(), what, problem);
    problem.append(what).append(" cannot be opened: ").append(reason(errno));
    return false;
}

bool content_reader::look(int file, const std::string& what, std::string& problem) {
    struct stat found {};
    if (::fstat(file, &found) != 0) {
        problem.append(what).append(" cannot be looked at: ").append(reason(errno));
        return false;
    }
    if (!S_ISREG(found.st_mode)) {
        problem.append(what).append(S_ISDIR(found.st_mode) ? " is a folder: attach its files, or an archive of it"
                                                           : " is no regular file: use `attach_stream`");
        return false;
    }
    file_ = file;
    state_ = {.size = static_cast<std::uint64_t>(found.st_size),
              .changed_seconds = found.st_mtim.tv_sec,
              .changed_nanoseconds = found.st_mtim.tv_nsec,
              .device = static_cast<std::uint64_t>(found.st_dev),
              .inode = static_cast<std::uint64_t>(found.st_ino)};
    char octet = 0;
    if (state_.size != 0 || ::pread(file, &octet, 1, 0) == 0) return true;
    problem.append(what).append(" does not tell its size, as files of /proc do not: use `attach_stream`");
    return false;
}

std::ptrdiff_t content_reader::read(std::span<char> to) noexcept {
    const std::uint64_t left = state_.size - at_;
    std::size_t octets = static_cast<std::size_t>(std::min<std::uint64_t>(left, to.size()));
    if (file_ < 0) {
        std::memcpy(to.data(), content_->octets_.data() + at_, octets);
        at_ += octets;
        return static_cast<std::ptrdiff_t>(octets);
    }
    // One octet more is asked for at the end: a file that has grown is found out.
    const std::size_t asked = octets < to.size() ? octets + 1 : octets;
    std::size_t got = 0;
    while (got != asked) {
        const ssize_t n = ::pread(file_, to.data() + got, asked - got, static_cast<off_t>(at_ + got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    if (got != octets) return -1;
    at_ += got;
    return static_cast<std::ptrdiff_t>(got);
}

void content_reader::close() noexcept {
    own_ = descriptor{};
    file_ = -1;
    content_ = nullptr;
    at_ = 0;
    state_ = {};
}

} // namespace postrider
