#include "content/spool.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <istream>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace postrider::content_detail {

namespace {

std::string words(int number) { return std::generic_category().message(number); }

std::string temporary_folder() {
    const char* const folder = std::getenv("TMPDIR");
    return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

/// Some file systems have no O_TMPFILE; there the name is gone before an octet is in the file.
int open_unnamed(const std::string& folder) {
#ifdef O_TMPFILE
    const int unnamed = ::open(folder.c_str(), O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (unnamed >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return unnamed;
#endif
    std::string name = folder;
    name.append("/postrider.XXXXXX");
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

int open_to_read(const std::string& path, int how) noexcept {
    for (;;) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | how);
        if (file >= 0 || errno != EINTR) return file;
    }
}

ssize_t read_some(int file, char* to, std::size_t room) {
    for (;;) {
        const ssize_t octets = ::read(file, to, room);
        if (octets >= 0 || errno != EINTR) return octets;
    }
}

struct closes {
    int file;
    ~closes() { ::close(file); }
};

} // namespace

bool spool::reopen(const std::string& path) noexcept {
    close();
    file_ = open_to_read(path, O_NONBLOCK);
    return file_ >= 0;
}

std::string spool::open(const std::string& path, bool& copied) {
    close();
    copied = false;
    error_ = errc::body_failed;
    const int file = open_to_read(path, 0);
    if (file < 0) return std::string{path}.append(": cannot be opened: ").append(words(errno));
    file_ = file;
    struct stat of = {};
    std::string why;
    if (::fstat(file, &of) != 0) why = std::string{path}.append(": cannot be read: ").append(words(errno));
    else if (S_ISDIR(of.st_mode)) why = std::string{path}.append(": is a folder; a file with a message is expected");
    else if (S_ISREG(of.st_mode)) return {};
    file_ = -1;
    const closes after{file};
    if (!why.empty()) return why;
    copied = true;
    return copy(file, path);
}

std::string spool::copy(int from, const std::string& path) {
    std::string why = begin();
    const auto part = std::make_unique<char[]>(part_size);
    while (why.empty()) {
        const ssize_t octets = read_some(from, part.get(), part_size);
        if (octets == 0) return {};
        if (octets < 0) why = std::string{path}.append(": cannot be read: ").append(words(errno));
        else why = append({part.get(), static_cast<std::size_t>(octets)});
    }
    close();
    return why;
}

// By `read`, which catches what a file's buffer throws when the system fails it.
std::string spool::copy(std::istream& from) {
    if (from.fail()) {
        close();
        return "the stream cannot be read: was what it reads from opened?";
    }
    const std::ios::iostate throws_at = from.exceptions();
    from.exceptions(std::ios::goodbit);
    std::string why = begin();
    const auto part = std::make_unique<char[]>(part_size);
    while (why.empty() && from) {
        from.read(part.get(), part_size);
        why = append({part.get(), static_cast<std::size_t>(from.gcount())});
    }
    if (why.empty() && from.bad()) why = "the stream failed before its end";
    if (throws_at != std::ios::goodbit) {
        from.clear(); // or to set them would throw
        from.exceptions(throws_at);
    }
    if (!why.empty()) close();
    return why;
}

std::string spool::copy(content_source& from) {
    std::string why = begin();
    for (bool first = true; why.empty(); first = false) {
        const content_part part = from.pull(first);
        if (part.failed) why = "the content of the mail cannot be read to its end";
        else why = append(part.octets);
        if (part.last && why.empty()) return {};
    }
    close();
    return why;
}

std::string spool::not_copied(int number) {
    error_ = errc::system_failure;
    return std::string{"what is sent cannot be copied to "}
        .append(temporary_folder())
        .append(": ")
        .append(words(number))
        .append("; TMPDIR can name another folder");
}

std::string spool::begin() {
    close();
    error_ = errc::body_failed;
    file_ = open_unnamed(temporary_folder());
    return file_ < 0 ? not_copied(errno) : std::string{};
}

std::string spool::append(std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written = ::write(file_, octets.data(), octets.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return not_copied(errno);
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

void spool::close() noexcept {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
}

ssize_t spool::read(std::uint64_t offset, std::span<char> room) const noexcept {
    for (;;) {
        const ssize_t octets = ::pread(file_, room.data(), room.size(), static_cast<off_t>(offset));
        if (octets >= 0 || errno != EINTR) return octets;
    }
}

spool::state spool::now() const noexcept {
    struct stat of = {};
    if (file_ < 0 || ::fstat(file_, &of) != 0) return {};
    return {.what = S_ISREG(of.st_mode)   ? state::kind::regular
                    : S_ISDIR(of.st_mode) ? state::kind::folder
                                          : state::kind::other,
            .device = of.st_dev,
            .inode = of.st_ino,
            .size = static_cast<std::uint64_t>(of.st_size),
            .seconds = of.st_mtim.tv_sec,
            .nanoseconds = of.st_mtim.tv_nsec};
}

} // namespace postrider::content_detail
