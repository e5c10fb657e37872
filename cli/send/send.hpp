// send.hpp - `postrider send`: composes a message, or takes one that is written already, and says what became of it.
#ifndef POSTRIDER_CLI_SEND_HPP
#define POSTRIDER_CLI_SEND_HPP

#include "inputs.hpp"
#include "program.hpp"
#include "settings.hpp"

#include <postrider/content_source.hpp>
#include <postrider/message.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::cli {

/// What a file named as recipients: those of `composed.to` from `first` on, and in which lines they stand.
struct listed_recipients {
    std::string file{};
    std::size_t first = 0;
    std::vector<std::uint32_t> lines{};
};

struct send_request {
    settings said{};
    message composed{}; ///< its addresses, texts and so on; `from` may be empty: the account's

    // Where what `composed` holds in memory is read from; `-` is standard input.
    inputs from{};                          ///< what is read only as it is sent is read from there
    std::vector<std::string> to_files{};    ///< an address a line
    std::vector<listed_recipients> lists{}; ///< of them
    std::string text_file{};
    std::string html_file{};
    std::string calendar_file{};
    std::vector<std::string> attach{};  ///< `FILE[;name=NAME][;type=TYPE]`
    std::vector<std::string> inlines{}; ///< `CONTENT-ID=FILE`
    bool has_text = false;              ///< `--text` was said, perhaps with an empty one

    std::string raw_file{}; ///< a message that is written already; `composed` then gives the envelope alone
    std::shared_ptr<content_source> raw{}; ///< it, opened once: standard input is there for one reader
    bool keep_bcc = false;

    bool each = false;        ///< one mail a recipient
    unsigned connections = 1; ///< for `each`
    bool dry_run = false;     ///< writes the message instead of sending it
    bool transcript = false;
    bool quiet = false; ///< of recipients only those that have not got it
    bool progress = true;
};

/// Throws `failure` for what is wrong before anything was sent; else the exit code says what became of all mails.
int run_send(const program& in, send_request& request);

} // namespace postrider::cli

#endif
