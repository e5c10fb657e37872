// What the NetX Duo client costs: an application that makes the three calls of the original. Nothing here is counted.
#include "nxd_smtp_client.h"

extern "C" NX_IP* board_ip(void);
extern "C" NX_PACKET_POOL* board_pool(void);
extern "C" NXD_ADDRESS* board_server(void);
extern "C" CHAR* board_text(UINT which); // keeps the texts unknown here

static NX_SMTP_CLIENT client;

int main() {
    UINT status = nxd_smtp_client_create(&client, board_ip(), board_pool(), board_text(0), board_text(1), board_text(2),
                                         board_text(3), NX_SMTP_CLIENT_AUTH_PLAIN, board_server(), 25);
    if (status == NX_SUCCESS)
        status =
            nx_smtp_mail_send(&client, board_text(4), NX_SMTP_MAIL_PRIORITY_NORMAL, board_text(5), board_text(6), 7);
    nx_smtp_client_delete(&client);
    return static_cast<int>(status);
}
