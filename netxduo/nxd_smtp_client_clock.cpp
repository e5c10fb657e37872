// Date and Message-ID for the NetX Duo SMTP Client. Linked only where an application gives a clock or entropy.

#include "nxd_smtp_client.h"

#include <cstdint>

#ifndef NX_SMTP_CLIENT_BASIC

namespace {

CHAR* put(CHAR* to, const CHAR* text) noexcept {
    while (*text != '\0') *to++ = *text++;
    return to;
}

CHAR* put_two_digits(CHAR* to, UINT number) noexcept {
    *to++ = static_cast<CHAR>('0' + number / 10 % 10);
    *to++ = static_cast<CHAR>('0' + number % 10);
    return to;
}

CHAR* put_hex(CHAR* to, ULONG number) noexcept {
    for (int shift = 28; shift >= 0; shift -= 4) *to++ = "0123456789abcdef"[number >> shift & 15];
    return to;
}

/// RFC 5322 §3.3, in UTC.
CHAR* put_date(CHAR* to, ULONG unix_time) noexcept {
    static const CHAR days[] = "ThuFriSatSunMonTueWed";
    static const CHAR months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
    const ULONG day = unix_time / 86400;
    const ULONG second = unix_time % 86400;
    // Years that begin in March, so that the leap day is the last of its year. 1968-03-01 is day -671, and 1968 was a leap
    // year; 2100 is none, and is counted as if day 47541, its 1st of March, came after a 29th of February.
    const ULONG since_march_1968 = day + (day < 47541 ? 671u : 672u);
    ULONG year = (4 * since_march_1968 + 3) / 1461;
    const ULONG day_of_year = since_march_1968 - year * 1461 / 4;
    const ULONG month = (5 * day_of_year + 2) / 153;
    const UINT day_of_month = static_cast<UINT>(day_of_year - (153 * month + 2) / 5 + 1);
    year += 1968 + (month >= 10 ? 1 : 0);

    to = put(to, "Date: ");
    for (int i = 0; i != 3; ++i) *to++ = days[day % 7 * 3 + static_cast<ULONG>(i)];
    to = put(to, ", ");
    to = put_two_digits(to, day_of_month);
    *to++ = ' ';
    for (int i = 0; i != 3; ++i) *to++ = months[month * 3 + static_cast<ULONG>(i)];
    *to++ = ' ';
    to = put_two_digits(to, static_cast<UINT>(year / 100));
    to = put_two_digits(to, static_cast<UINT>(year % 100));
    *to++ = ' ';
    to = put_two_digits(to, static_cast<UINT>(second / 3600));
    *to++ = ':';
    to = put_two_digits(to, static_cast<UINT>(second / 60 % 60));
    *to++ = ':';
    to = put_two_digits(to, static_cast<UINT>(second % 60));
    return put(to, " +0000\r\n");
}

/// `*length` is 0: takes the stamp of a mail - the time, 0 for none, and the numbers of its Message-ID, of which the last is
/// never 0 for a mail that gets one. 1 is Date, 2 is Message-ID: it gets the number of octets in `text`.
VOID trace_headers(NX_SMTP_CLIENT* client, ULONG* stamp, CHAR* text, UINT* length) {
    CHAR* end = text;
    ULONG (*const entropy)(VOID) = client->nx_smtp_client_entropy;
    if (*length == 0) {
        const ULONG now = client->nx_smtp_client_clock != NX_NULL ? client->nx_smtp_client_clock() : 0;
        stamp[0] = now;
        stamp[3] = 0;
        if (now == 0 && entropy == NX_NULL) return;
        // Within one second it is the ticks, and within one tick the number of the mail and the client, that differ.
        stamp[1] = now != 0 ? now : entropy();
        stamp[2] = entropy != NX_NULL ? entropy() : tx_time_get();
        stamp[3] = client->nx_smtp_client_mail_number++ ^ static_cast<ULONG>(reinterpret_cast<std::uintptr_t>(client))
                                                              << 8;
        if (stamp[3] == 0) stamp[3] = 1;
    } else if (*length == 1) {
        if (stamp[0] != 0) end = put_date(end, stamp[0]);
    } else if (stamp[3] != 0) {
        end = put(end, "Message-ID: <");
        for (int i = 1; i != 4; ++i) {
            end = put_hex(end, stamp[i]);
            *end++ = i == 3 ? '@' : '.';
        }
        end = put(put(end, client->nx_smtp_client_domain), ">\r\n");
    }
    *length = static_cast<UINT>(end - text);
}

} // namespace

UINT nx_smtp_client_clock_set(NX_SMTP_CLIENT* client_ptr, ULONG (*unix_time)(VOID), ULONG (*entropy)(VOID)) {
    if (client_ptr == NX_NULL) return NX_PTR_ERROR;
    if (client_ptr->nx_smtp_client_id != NX_SMTP_CLIENT_ID) return NX_SMTP_CLIENT_NOT_INTIALIZED;
    client_ptr->nx_smtp_client_clock = unix_time;
    client_ptr->nx_smtp_client_entropy = entropy;
    client_ptr->nx_smtp_client_trace_headers = unix_time != NX_NULL || entropy != NX_NULL ? trace_headers : NX_NULL;
    return NX_SUCCESS;
}

#endif
