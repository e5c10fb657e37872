#include "terminal.hpp"

#include "failure.hpp"
#include "interrupt.hpp"

#include <postrider/secret.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

namespace postrider::cli {

const style colours{"\033[32m", "\033[31m", "\033[33m", "\033[1m", "\033[2m", "\033[0m"};

bool is_terminal(int descriptor) noexcept { return ::isatty(descriptor) == 1; }

bool is_same_file(int a, int b) noexcept {
    struct stat one {
    }, other{};
    return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

unsigned width(int descriptor) noexcept {
    winsize size{};
    return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : 80;
}

style style_for(int descriptor) noexcept {
    const char* const terminal = std::getenv("TERM");
    const char* const without = std::getenv("NO_COLOR");
    const bool dumb = terminal == nullptr || std::strcmp(terminal, "dumb") == 0;
    return !is_terminal(descriptor) || dumb || (without != nullptr && *without != '\0') ? style{} : colours;
}

namespace {

/// The terminal of the process, whatever standard input is, without echo as long as this lives.
class silent_terminal {
public:
    silent_terminal() : file_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
        if (file_ < 0 || ::tcgetattr(file_, &before_) != 0) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
        silent.c_lflag |= static_cast<tcflag_t>(ICANON);
        // Ctrl-\ and Ctrl-Z would end and stop this where nothing brings echo back. Ctrl-C is heard.
        silent.c_cc[VQUIT] = silent.c_cc[VSUSP] = _POSIX_VDISABLE;
        changed_ = ::tcsetattr(file_, TCSAFLUSH, &silent) == 0;
    }
    ~silent_terminal() {
        if (changed_) {
            ::tcsetattr(file_, TCSAFLUSH, &before_);
            say("\n");
        }
        if (file_ >= 0) ::close(file_);
    }
    silent_terminal(const silent_terminal&) = delete;
    silent_terminal& operator=(const silent_terminal&) = delete;

    bool is_silent() const noexcept { return changed_; }
    void say(std::string_view text) const noexcept {
        if (::write(file_, text.data(), text.size()) < 0)
            return; // then the person sees no question, and no more is lost
    }
    /// A line, with its end; 0: none came. Ctrl-C may come before the read begins, so it is waited for beside it.
    std::size_t read(char* to, std::size_t room) const noexcept {
        std::array<pollfd, 2> waits{pollfd{file_, POLLIN, 0}, pollfd{interrupt().native_handle(), POLLIN, 0}};
        while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
        }
        if (interrupted()) return 0;
        const ssize_t got = ::read(file_, to, room);
        return got > 0 ? static_cast<std::size_t>(got) : 0;
    }

private:
    int file_;
    termios before_{};
    bool changed_ = false;
};

} // namespace

secret ask_secret(const std::string& question, const std::string& instead) {
    static_cast<void>(interrupt()); // from here on Ctrl-C ends the read, and echo comes back
    std::array<char, 4096> line{};  // as long as the system's own lines
    std::size_t size = 0;
    {
        const silent_terminal terminal;
        if (!terminal.is_silent()) throw failure{EX_CONFIG, instead};
        terminal.say(question);
        size = terminal.read(line.data(), line.size());
    }
    while (size != 0 && (line[size - 1] == '\n' || line[size - 1] == '\r')) --size;
    secret given{std::string_view{line.data(), size}};
    wipe(line);
    if (interrupted()) throw failure{130, "interrupted"};
    if (given.empty()) throw failure{EX_NOINPUT, "nothing was typed"};
    return given;
}

live_line::live_line(bool wanted) noexcept : shown_(wanted && is_terminal(STDERR_FILENO)) {}

bool live_line::due() const noexcept {
    const std::lock_guard lock{mutex_};
    return is_due();
}

void live_line::draw(std::string_view text) {
    const std::lock_guard lock{mutex_};
    if (!is_due()) return;
    next_ = std::chrono::steady_clock::now() + std::chrono::milliseconds{100};
    std::string line = "\r";
    line.append(text.substr(0, width(STDERR_FILENO) - 1)).append("\033[K");
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
    drawn_ = true;
}

void live_line::clear() noexcept {
    const std::lock_guard lock{mutex_};
    if (!drawn_) return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
    drawn_ = false;
}

namespace {

std::string with_unit(double value, const char* unit) {
    std::array<char, 48> text{};
    const int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    std::snprintf(text.data(), text.size(), "%.*f %s", digits, value, unit);
    return text.data();
}

} // namespace

std::string octets_text(std::uint64_t octets) {
    if (octets < 1000) return std::to_string(octets) + (octets == 1 ? " octet" : " octets");
    double value = static_cast<double>(octets);
    const char* unit = "";
    for (const char* next : {"KB", "MB", "GB", "TB"}) {
        if (value < 999.5 && *unit != '\0') break;
        value /= 1000;
        unit = next;
    }
    return with_unit(value, unit);
}

std::string duration_text(std::chrono::nanoseconds time) {
    const double ns = static_cast<double>(time.count());
    if (ns < 999.5e3) return with_unit(ns / 1e3, "us");
    if (ns < 999.5e6) return with_unit(ns / 1e6, "ms");
    if (ns < 120e9) return with_unit(ns / 1e9, "s");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
}

std::string progress_text(std::uint64_t done, std::uint64_t total, std::chrono::nanoseconds since, unsigned columns) {
    const double seconds = std::max(static_cast<double>(since.count()) / 1e9, 1e-3);
    const double rate = static_cast<double>(done) / seconds;
    const std::string speed = octets_text(static_cast<std::uint64_t>(rate)) + "/s";
    if (total == 0) return octets_text(done) + ", " + speed;
    const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    std::string words = std::to_string(static_cast<int>(part * 100)) + " %  " + octets_text(done) + " of " +
                        octets_text(total) + ", " + speed;
    if (seconds >= 1 && rate > 0 && done < total) {
        const double left = static_cast<double>(total - done) / rate;
        words += ", " + duration_text(std::chrono::seconds{static_cast<std::int64_t>(left + 1)}) + " left";
    }
    if (columns < words.size() + 14) return words;
    const std::size_t room = std::min<std::size_t>(columns - words.size() - 5, 40);
    const auto full = static_cast<std::size_t>(part * static_cast<double>(room));
    std::string bar(room, ' ');
    for (std::size_t i = 0; i != full; ++i) bar[i] = '=';
    if (full < room) bar[full] = '>';
    return std::string{"["}.append(bar).append("] ").append(words);
}

} // namespace postrider::cli
