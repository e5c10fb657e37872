// CRAM-MD5 for the client, by NetX Crypto's HMAC-MD5. Empty unless NX_SMTP_CLIENT_CRAM_MD5 is defined.

#include "nxd_smtp_client.h"

#ifdef NX_SMTP_CLIENT_CRAM_MD5

#include "connection.hpp"

#include "postrider/config.hpp"
#include "postrider/cram_md5.hpp"

#include "nx_crypto.h"

#include <new>

// Where NetX Crypto defines it, no header of it declares it.
extern "C" NX_CRYPTO_METHOD crypto_method_hmac_md5;

namespace postrider::netxduo_client {

static_assert(config::all_mechanisms, "NX_SMTP_CLIENT_CRAM_MD5 needs POSTRIDER_ALL_MECHANISMS");

/// HMAC-MD5, and nothing else.
class nx_digests final : public digests {
public:
    bool hmac(digest which, std::string_view key, std::span<const std::string_view> parts, char* to) noexcept override {
        NX_CRYPTO_METHOD* const method = &crypto_method_hmac_md5;
        // NetX Crypto's has 280 octets. A method of an accelerator says by itself what it needs.
        ULONG metadata[96];
        if (which != digest::md5 || parts.size() != 1 || method->nx_crypto_operation == NX_NULL ||
            method->nx_crypto_metadata_area_size > sizeof metadata)
            return false;
        UCHAR* const secret = reinterpret_cast<UCHAR*>(const_cast<char*>(key.data()));
        const NX_CRYPTO_KEY_SIZE bits = static_cast<NX_CRYPTO_KEY_SIZE>(8 * key.size());
        UCHAR* const text = reinterpret_cast<UCHAR*>(const_cast<char*>(parts[0].data()));
        VOID* handler = NX_NULL;
        UINT status = NX_CRYPTO_SUCCESS;
        if (method->nx_crypto_init != NX_NULL)
            status = method->nx_crypto_init(method, secret, bits, &handler, metadata, sizeof metadata);
        if (status == NX_CRYPTO_SUCCESS)
            status =
                method->nx_crypto_operation(NX_CRYPTO_AUTHENTICATE, handler, method, secret, bits, text,
                                            static_cast<ULONG>(parts[0].size()), NX_NULL, reinterpret_cast<UCHAR*>(to),
                                            size_of(digest::md5), metadata, sizeof metadata, NX_NULL, NX_NULL);
        if (method->nx_crypto_cleanup != NX_NULL) method->nx_crypto_cleanup(metadata);
        wipe_object(metadata); // the password, but for an exclusive or
        return status == NX_CRYPTO_SUCCESS;
    }
};

namespace {

struct exchange {
    nx_digests library;
    cram_md5 mechanism{library};
    sasl_exchange* list[1] = {&mechanism};
};

static_assert(sizeof(exchange) == sizeof(NX_SMTP_CLIENT_EXCHANGE) &&
              alignof(exchange) <= alignof(NX_SMTP_CLIENT_EXCHANGE));

} // namespace

// What was there was wiped when its exchange ended: the session sees to that.
std::span<sasl_exchange* const> exchanges_of(NX_SMTP_CLIENT* client) noexcept {
    return (new (client->nx_smtp_client_exchange.nx_smtp_client_exchange_octets) exchange)->list;
}

} // namespace postrider::netxduo_client

#endif
