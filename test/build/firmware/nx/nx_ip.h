/* What NetX Duo keeps beside nx_api.h and a client looks at: how an IP instance is known.  */
#ifndef NX_IP_H
#define NX_IP_H

#include "nx_api.h"

#define NX_IP_ID ((ULONG)0x49502020UL)

#endif
