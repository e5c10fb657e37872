// local_names.hpp - who and where we are, for addresses that nobody has written in full.
#ifndef POSTRIDER_CLI_LOCAL_NAMES_HPP
#define POSTRIDER_CLI_LOCAL_NAMES_HPP

#include "settings.hpp"

#include <string>

namespace postrider::cli {

/// The domain of `root`: `local-domain`, else this host's full name, else `ehlo`, else this host's short name, else `localhost`.
/// The first that can be a domain.
std::string local_domain(const settings& said);

/// Who runs this, by the user database, or as a number: there may be no entry, as in a container.
std::string user_name();

/// `Alice <alice@a.example>`, the name quoted; or the address alone.
std::string with_name(std::string_view name, const std::string& address);

} // namespace postrider::cli

#endif
