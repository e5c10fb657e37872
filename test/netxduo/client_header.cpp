// The header alone, in C++.
#include "nxd_smtp_client.h"
static_assert(NX_SMTP_CLIENT_NOT_INTIALIZED == 0xB2);
