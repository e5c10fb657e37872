// idn2.hpp - internationalised domains as A-labels, so that a mail to them needs no SMTPUTF8.
#ifndef POSTRIDER_IO_IDN2_HPP
#define POSTRIDER_IO_IDN2_HPP

#include <postrider/errc.hpp>

#include <string>
#include <string_view>

namespace postrider {

/// `ascii` becomes `text`, which is UTF-8, with its domain in A-labels: `bob@bücher.example` becomes
/// `bob@xn--bcher-kva.example` (RFC 5891 §5; UTS 46 non-transitional, as browsers have it). Without angle brackets.
/// Where the local part has octets above 127 `ascii` is `text` as it is: it needs SMTPUTF8 in any case, and servers that
/// have that take the domain as people write it (`mailbox::parse_utf8`).
///
/// `ok`; `invalid_mailbox`: the domain is none (IDNA 2008), or `text` is not UTF-8; then `ascii` is empty. What has no
/// octet above 127 comes back as it is, and is not checked: `mailbox::parse` does that. `std::bad_alloc` may pass.
[[nodiscard]] errc mailbox_to_ascii(std::string_view text, std::string& ascii);

/// The same for a domain by itself: `invalid_domain`.
[[nodiscard]] errc domain_to_ascii(std::string_view text, std::string& ascii);

} // namespace postrider

#endif
