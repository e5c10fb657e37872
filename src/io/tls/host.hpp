// host.hpp - a host as TLS wants it: without brackets, zone and final dot, and whether it is an address.
#ifndef POSTRIDER_SRC_IO_TLS_HOST_HPP
#define POSTRIDER_SRC_IO_TLS_HOST_HPP

#include "postrider/short_text.hpp"

#include <string_view>

namespace postrider::tls_detail {

/// In small letters, so that it is one key whatever the user's spelling.
struct host {
    short_text<253> text{};
    bool address = false; ///< no server name indication for it: RFC 6066 §3 has host names alone
};

/// False: there is an octet that no host has (a name has to be in A-labels), or it is longer than a name can be. An empty
/// text is a host without a name.
bool parse(std::string_view text, host& to) noexcept;

} // namespace postrider::tls_detail

#endif
