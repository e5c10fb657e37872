// terminal.hpp - what is different where a person looks on: colours, a line that is drawn again, a question without echo.
#ifndef POSTRIDER_CLI_TERMINAL_HPP
#define POSTRIDER_CLI_TERMINAL_HPP

#include <postrider/io/secret.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace postrider::cli {

/// Colours, or nothing: then each of these is empty. Text of the server's goes between them as the transcript and the results
/// have it, with control characters replaced.
struct style {
    std::string_view good{};   ///< green
    std::string_view bad{};    ///< red
    std::string_view unsure{}; ///< yellow
    std::string_view strong{}; ///< bold
    std::string_view faint{};
    std::string_view plain{}; ///< ends what was begun
};

bool is_terminal(int descriptor) noexcept;
/// Whether what is written to the one and to the other is seen in one place: a terminal, or one file.
bool is_same_file(int a, int b) noexcept;
/// As wide as the terminal behind the descriptor says it is; 80 if it says nothing.
unsigned width(int descriptor) noexcept;
/// With colours where `descriptor` is a terminal, TERM is not "dumb", and NO_COLOR is not set (https://no-color.org).
style style_for(int descriptor) noexcept;
extern const style colours;

/// Asks the person at the terminal, /dev/tty, who does not see what they type. Echo is turned on again however it ends.
/// Throws `failure`: 78 where there is no terminal, `instead` saying what to do then; 130 at Ctrl-C; 66 at the end of input.
secret ask_secret(const std::string& question, const std::string& instead);

/// One line on standard error that is drawn again and again, at most ten times a second; nothing at all where standard error is
/// no terminal. Whatever else is written to the terminal comes after `clear`, which another thread may call: a pool's, for the
/// transcript.
class live_line {
public:
    explicit live_line(bool wanted = true) noexcept;
    ~live_line() { clear(); }
    live_line(const live_line&) = delete;
    live_line& operator=(const live_line&) = delete;

    /// Whether drawing now would show: ask before making an expensive line.
    bool due() const noexcept;
    /// What does not fit the width is cut off.
    void draw(std::string_view text);
    void clear() noexcept;

private:
    bool is_due() const noexcept { return shown_ && std::chrono::steady_clock::now() >= next_; }

    mutable std::mutex mutex_{}; ///< for the two below
    bool shown_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point next_{};
};

/// `[=====>    ] 42 %  840.0 MB of 2.0 GB, 212.0 MB/s, 5 s left`, as wide as `columns`. `total` 0: not known, and then without
/// bar and rest.
std::string progress_text(std::uint64_t done, std::uint64_t total, std::chrono::nanoseconds since, unsigned columns);
/// `1.2 MB`: decimal, as disks and networks count.
std::string octets_text(std::uint64_t octets);
/// `350 us`, `12.3 ms`, `4.56 s`, `2 min 5 s`.
std::string duration_text(std::chrono::nanoseconds time);

} // namespace postrider::cli

#endif
