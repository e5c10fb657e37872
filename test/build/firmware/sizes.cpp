// The public types whose size a microcontroller pays for: each gives its object file a symbol of that size.
#include "postrider/action.hpp"
#include "postrider/auth.hpp"
#include "postrider/capabilities.hpp"
#include "postrider/dot_stuffer.hpp"
#include "postrider/mail.hpp"
#include "postrider/reply.hpp"
#include "postrider/reply_reader.hpp"
#include "postrider/session.hpp"

#include "nxd_smtp_client.h"

template <class T>
struct size_of {
    static char octets[sizeof(T)];
};
template <class T>
char size_of<T>::octets[sizeof(T)];

template struct size_of<postrider::action>;
template struct size_of<postrider::capabilities>;
template struct size_of<postrider::credentials>;
template struct size_of<postrider::dot_stuffer>;
template struct size_of<postrider::mail>;
template struct size_of<postrider::mailbox>;
template struct size_of<postrider::recipient>;
template struct size_of<postrider::reply>;
template struct size_of<postrider::reply_reader>;
template struct size_of<postrider::session<128>>;
template struct size_of<postrider::session<512>>;
template struct size_of<postrider::session_base>;
template struct size_of<postrider::session_options>;
template struct size_of<postrider::status>;

template struct size_of<NX_SMTP_CLIENT>;
template struct size_of<NX_TCP_SOCKET>;
