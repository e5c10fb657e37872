// inputs.hpp - files that are read, and standard input, which can be read for one thing only.
#ifndef POSTRIDER_CLI_INPUTS_HPP
#define POSTRIDER_CLI_INPUTS_HPP

#include <cstdint>
#include <istream>
#include <memory>
#include <span>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

namespace postrider::cli {

/// A file that is open to be read, or standard input for `-`, which stays open.
class input_file {
public:
    explicit input_file(const std::string& name);
    ~input_file();
    input_file(const input_file&) = delete;
    input_file& operator=(const input_file&) = delete;

    int error() const noexcept { return error_; } ///< an `errno`: why it could not be opened; else 0
    /// What is open, whatever has the name by now; of an unopened one all is zero.
    struct stat facts() const noexcept;
    /// In octets; 0: not known.
    std::uint64_t size() const noexcept;
    /// 0: the end; -1: see `errno`.
    ssize_t read(std::span<char> to) const noexcept;
    /// To its end; 0, or an `errno`: EFBIG beyond `most` octets.
    int read_all(std::string& to, std::size_t most = std::string::npos) const;

private:
    int value_;
    int error_;
};

/// `option` is for messages: who wants it. All throw `failure`: 64, standard input is wanted twice; 66, it cannot be read.
class inputs {
public:
    /// All of a file, or of standard input for `-`.
    std::string text(const std::string& option, const std::string& file);
    /// Standard input, from here on somebody's.
    std::istream& standard(const std::string& option);
    /// Whether it is a FIFO, as `<(command)` is: read once, to its end.
    static bool is_pipe(const std::string& file) noexcept;
    /// A stream of one, which stays open as long as this. It is opened here, and waits until somebody writes to it.
    std::istream& pipe(const std::string& option, const std::string& file);
    /// Nobody's yet, and not closed when we were called.
    bool is_open() const noexcept;

private:
    std::string taken_by_;
    std::vector<std::unique_ptr<std::istream>> pipes_;
};

} // namespace postrider::cli

#endif
