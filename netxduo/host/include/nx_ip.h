/* What NetX Duo tells its own components about an IP instance: of it, the mark by which a live instance is
 * known. */

#ifndef NX_IP_H
#define NX_IP_H

#include "nx_api.h"

#define NX_IP_ID ((ULONG)0x49502020UL)

#endif
