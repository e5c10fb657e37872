/* NetX Crypto as a 32-bit target declares it, as far as the SMTP client needs: declarations alone.  */
#ifndef NX_CRYPTO_H
#define NX_CRYPTO_H

#include "nx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NX_CRYPTO_SUCCESS 0x00
#define NX_CRYPTO_AUTHENTICATE 3
#define NX_CRYPTO_KEY_SIZE UINT

typedef struct NX_CRYPTO_METHOD_STRUCT {
    USHORT nx_crypto_algorithm;
    USHORT nx_crypto_key_size_in_bits;
    USHORT nx_crypto_IV_size_in_bits;
    USHORT nx_crypto_ICV_size_in_bits;
    ULONG nx_crypto_block_size_in_bytes;
    ULONG nx_crypto_metadata_area_size;
    UINT(*nx_crypto_init)
    (struct NX_CRYPTO_METHOD_STRUCT* method, UCHAR* key, NX_CRYPTO_KEY_SIZE key_size_in_bits, VOID** handler,
     VOID* crypto_metadata, ULONG crypto_metadata_size);
    UINT (*nx_crypto_cleanup)(VOID* crypto_metadata);
    UINT(*nx_crypto_operation)
    (UINT op, VOID* handler, struct NX_CRYPTO_METHOD_STRUCT* method, UCHAR* key, NX_CRYPTO_KEY_SIZE key_size_in_bits,
     UCHAR* input, ULONG input_length_in_byte, UCHAR* iv_ptr, UCHAR* output, ULONG output_length_in_byte,
     VOID* crypto_metadata, ULONG crypto_metadata_size, VOID* packet_ptr,
     VOID (*nx_crypto_hw_process_callback)(VOID* packet_ptr, UINT status));
} NX_CRYPTO_METHOD;

#ifdef __cplusplus
}
#endif

#endif
