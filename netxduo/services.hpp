// services.hpp - what the services beyond the original share: the mail in its storage, and the sending of several.
#ifndef POSTRIDER_NETXDUO_SERVICES_HPP
#define POSTRIDER_NETXDUO_SERVICES_HPP

#include "connection.hpp"

namespace postrider::netxduo_client {

/// What lies in an NX_SMTP_MAIL.
struct stored_mail : mail_item {
    ULONG id = 0;
    bool of_client = false; ///< the sender is the client's
    bool declared_eight_bit = false;
    bool declared_exact = false;
    UINT mail_priority = NX_SMTP_MAIL_PRIORITY_NORMAL;
    UINT chosen = 0; ///< NX_SMTP_MAIL_...
    UINT room = 0;   ///< for recipients
    ULONG declared_size = 0;
    flags<extension> asked{}; ///< required by the application
    mail_parameters options{};
};

/// The mail in its storage; null, and `status` why, if there is none.
stored_mail* mail_in(NX_SMTP_MAIL* storage, UINT& status) noexcept;

/// Makes a mail ready to be sent by this client. Else the status.
UINT prepare(NX_SMTP_CLIENT* client, stored_mail& m) noexcept;

/// Sends the mails from `first` on; those that have `standing::done` are passed over. Returns what the client's last result
/// says.
UINT send_all(NX_SMTP_CLIENT* client, mail_item* first, UINT window) noexcept;

/// The status for a result of this mail.
UINT status_for(const mail_item& m, const status& result) noexcept;

/// Makes sure that there is a session: the one that was kept open, if its connection stands, else a new one. Returns
/// whether it is ready; else `c.status`, or the session's error, says why, and the connection is closed.
bool get_ready(connection& c, bool& kept, CHAR* out, CHAR* in) noexcept;
/// Leaves a session that is open - `ready` - where sessions are kept, and ends it where not.
void put_away(connection& c, bool ready, CHAR* out, CHAR* in, bool keep = true) noexcept;

UINT check_caller(NX_SMTP_CLIENT* client) noexcept;

} // namespace postrider::netxduo_client

#endif
