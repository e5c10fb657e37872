/* The unchecked names, in C: an application that was built with NX_SMTP_DISABLE_ERROR_CHECKING links. */
#define NX_SMTP_DISABLE_ERROR_CHECKING
#include "nxd_smtp_client.h"

extern UINT client_checked_is_checked(void);

int main(void) {
    UINT(*create)
    (NX_SMTP_CLIENT*, NX_IP*, NX_PACKET_POOL*, CHAR*, CHAR*, CHAR*, CHAR*, UINT, NXD_ADDRESS*, UINT) =
        nxd_smtp_client_create;
    UINT (*send)(NX_SMTP_CLIENT*, CHAR*, UINT, CHAR*, CHAR*, UINT) = nx_smtp_mail_send;
    UINT (*end)(NX_SMTP_CLIENT*) = nx_smtp_client_delete;
    NX_SMTP_CLIENT client;
    CHAR text[2] = "x";

    if (create != _nxd_smtp_client_create || send != _nx_smtp_mail_send || end != _nx_smtp_client_delete) return 1;
    if (!client_checked_is_checked()) return 2;
    client.nx_smtp_client_id = 0;
    if (send(&client, text, NX_SMTP_MAIL_PRIORITY_NORMAL, text, text, 1) != NX_SMTP_CLIENT_NOT_INTIALIZED) return 3;
    if (NX_SMTP_CLIENT_NOT_INITIALIZED != NX_SMTP_CLIENT_NOT_INTIALIZED) return 4;
    return 0;
}
