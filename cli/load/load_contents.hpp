// load_contents.hpp - what the mails of a load carry: made up in given sizes, or from files, and in which order.
#ifndef POSTRIDER_CLI_LOAD_CONTENTS_HPP
#define POSTRIDER_CLI_LOAD_CONTENTS_HPP

#include <postrider/content_source.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace postrider::cli {

struct load_content {
    std::shared_ptr<content_source> source{};
    std::uint64_t octets = 0; ///< on the wire, with CRLF line ends
    unsigned weight = 1;      ///< so many of all are this one
    std::string file{};       ///< empty: made up
};

/// `10k`, `1k,10k,1M`, `1k*90,1M*10`: sizes with weights. k, M are 1,000 and 1,000,000 octets, Ki, Mi 1,024 and 1,048,576.
/// Throws `failure` (64).
std::vector<load_content> made_up_contents(const std::string& sizes, const std::string& from);

/// Each file, and each file of a folder that is named, in the order of their names, hidden ones left out. Up to 1 MB each and
/// 256 MB together they are held in memory; what is more is read anew for each mail. What can be read only once, such as a pipe, is
/// held, too: up to 256 MB. Throws `failure` (66).
std::vector<load_content> contents_of_files(const std::vector<std::string>& paths);

/// In turn, each as often as its weight says, and spread as evenly as can be: weights 2 and 1 make 0 1 0, 0 1 0.
class turns {
public:
    explicit turns(const std::vector<load_content>& contents);
    std::size_t next() noexcept;

private:
    std::vector<std::int64_t> weights_;
    std::vector<std::int64_t> credit_;
    std::int64_t sum_ = 0;
    bool all_alike_ = false;
    std::uint64_t given_ = 0; ///< where all are
};

} // namespace postrider::cli

#endif
