// What the NetX Duo client costs with TLS and CRAM-MD5: the three calls of the original, inside them. Nothing here is counted.
#include "nxd_smtp_client.h"

extern "C" NX_IP* board_ip(void);
extern "C" NX_PACKET_POOL* board_pool(void);
extern "C" NXD_ADDRESS* board_server(void);
extern "C" CHAR* board_text(UINT which); // keeps the texts unknown here
extern "C" UINT board_tls_setup(NX_SMTP_CLIENT* client, NX_SECURE_TLS_SESSION* session);

static NX_SMTP_CLIENT client;

int main() {
    UINT status = nxd_smtp_client_create(&client, board_ip(), board_pool(), board_text(0), board_text(1), board_text(2),
                                         board_text(3), NX_SMTP_CLIENT_AUTH_CRAM_MD5, board_server(), 587);
    if (status == NX_SUCCESS)
        status = nx_smtp_client_tls_setup_set(&client, NX_SMTP_CLIENT_TLS_STARTTLS, board_text(7), board_tls_setup);
    if (status == NX_SUCCESS)
        status =
            nx_smtp_mail_send(&client, board_text(4), NX_SMTP_MAIL_PRIORITY_NORMAL, board_text(5), board_text(6), 7);
    nx_smtp_client_delete(&client);
    return static_cast<int>(status);
}
