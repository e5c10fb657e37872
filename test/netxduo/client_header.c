/* The header alone, in C, with the checked names. */
#include "nxd_smtp_client.h"

UINT (*const client_checked[])(NX_SMTP_CLIENT*) = {nx_smtp_client_delete};

UINT client_checked_is_checked(void);
UINT client_checked_is_checked(void) { return nx_smtp_client_delete == _nxe_smtp_client_delete; }
