// media_type.hpp - the type of an attachment (RFC 2045 §5): guessed by the extension of its name, or as it was given.
#ifndef POSTRIDER_MESSAGE_MEDIA_TYPE_HPP
#define POSTRIDER_MESSAGE_MEDIA_TYPE_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider {

struct media_type {
    std::string name{}; ///< `text/csv`
    std::vector<std::pair<std::string, std::string>> parameters{};

    bool is_message() const noexcept; ///< message/*: RFC 2046 §5.2 lets it not be encoded
    bool is_text() const noexcept;
    bool has(std::string_view parameter) const noexcept;
};

/// `application/octet-stream` for what nobody here knows.
std::string_view type_by_extension(std::string_view file_name) noexcept;

/// False: `problem` says why the text is no media type, or none that an attachment can have.
bool read_media_type(std::string_view text, media_type& to, std::string& problem);

} // namespace postrider

#endif
