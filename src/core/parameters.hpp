// parameters.hpp - the parameters of MAIL and RCPT: which are well formed, and how they stand on the wire.
#ifndef POSTRIDER_CORE_PARAMETERS_HPP
#define POSTRIDER_CORE_PARAMETERS_HPP

#include "core/command_writer.hpp"
#include "postrider/errc.hpp"
#include "postrider/mail.hpp"

namespace postrider {

/// `invalid_parameter` if one of them is out of its range, or could not be framed.
errc check_parameters(const mail& m) noexcept;

/// Whether HOLDFOR and HOLDUNTIL are within what the server holds at most (RFC 4865 §4.1).
bool can_be_held(const mail_parameters& p, const capabilities& offered) noexcept;

/// Puts those whose extension is among `usable`, each with a space in front. SIZE, BODY and SMTPUTF8 are not here: they
/// follow from the content.
void put_mail_parameters(command_writer& to, const mail_parameters& p, flags<extension> usable) noexcept;
void put_rcpt_parameters(command_writer& to, const recipient& r, flags<extension> usable) noexcept;

} // namespace postrider

#endif
