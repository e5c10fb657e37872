#include "postrider/x_attributes.hpp"

#include "core/chars.hpp"
#include "core/command_writer.hpp"

namespace postrider {

errc x_attributes::add(std::string_view name, std::string_view value) noexcept {
    if (name.empty()) return errc::invalid_parameter;
    for (const char c : name)
        if (!is_alpha(c) || to_upper(c) != c) return errc::invalid_parameter;
    command_writer writer{std::span{text_}.subspan(size_), 0};
    if (size_ != 0) writer.put(" ");
    writer.put(name);
    writer.put("=");
    if (value.empty()) writer.put("[UNAVAILABLE]");
    else writer.put_xtext(value);
    if (!writer.whole()) return errc::invalid_parameter;
    size_ += writer.written();
    return errc::ok;
}

} // namespace postrider
