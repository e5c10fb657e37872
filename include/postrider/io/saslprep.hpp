// saslprep.hpp - user names and passwords that hold more than ASCII, as SASL mechanisms compare them (RFC 4013).
//
//     postrider::secret user, password;
//     if (postrider::saslprep(typed_user, user) != saslprep_errc::ok || ...) ...
//     options.auth = {.user = user.reveal(), .password = password, .prepared = true};
#ifndef POSTRIDER_IO_SASLPREP_HPP
#define POSTRIDER_IO_SASLPREP_HPP

#include <postrider/io/secret.hpp>

#include <cstdint>
#include <string_view>

namespace postrider {

enum class saslprep_errc : std::uint8_t {
    ok = 0,
    not_utf8,      ///< the text is not UTF-8
    prohibited,    ///< a character that must not be there, e.g. a control character (RFC 4013 §2.3)
    unassigned,    ///< a code point that Unicode 3.2 does not have (RFC 4013 §2.5)
    bidirectional, ///< characters written from right to left not all along (RFC 4013 §2.4)
    too_long,      ///< more than `secret::most` octets
    failed,        ///< the library could not, e.g. for want of memory
};

/// One English sentence without a full stop, of static lifetime, for people.
const char* describe(saslprep_errc error) noexcept;

/// What to do with code points that Unicode 3.2 does not have: newer letters, most emoji.
enum class unassigned : std::uint8_t {
    refuse, ///< as SCRAM has it, "stored strings" (RFC 5802 §2.2)
    allow,  ///< "queries" (RFC 3454 §7), as PLAIN has it (RFC 4616 §2): they stay as they are
};

/// `prepared` becomes `text`, which is UTF-8, in the form in which both sides compare it: what looks the same is the same,
/// spaces are spaces, what is not seen is left out. It may be empty then. After an error `prepared` is empty.
///
/// ASCII stays as it is, and only we see it; for the rest the library behind it (libidn) allocates memory that is not wiped.
/// `std::bad_alloc` may pass.
[[nodiscard]] saslprep_errc saslprep(std::string_view text, secret& prepared, unassigned what = unassigned::refuse);

} // namespace postrider

#endif
