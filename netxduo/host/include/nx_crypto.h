/* NetX Crypto, so far as an SMTP client asks for it: HMAC-MD5 (CRAM-MD5), and random bits.

   The order of the members and the arguments are NetX Crypto 6's own. What is written from memory and was not compared
   with its headers is listed in ../README.md: a program compares with the names alone, and calls a method through its
   members.  */

#ifndef NX_CRYPTO_H
#define NX_CRYPTO_H

#include "nx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NX_CRYPTO_SUCCESS 0x00
#define NX_CRYPTO_PTR_ERROR 0x07
#define NX_CRYPTO_SIZE_ERROR 0x09
#define NX_CRYPTO_INVALID_ALGORITHM 0x20003

/* What a method is asked to do. */
#define NX_CRYPTO_ENCRYPT 1
#define NX_CRYPTO_DECRYPT 2
#define NX_CRYPTO_AUTHENTICATE 3
#define NX_CRYPTO_VERIFY 4
#define NX_CRYPTO_HASH_INITIALIZE 5
#define NX_CRYPTO_HASH_UPDATE 6
#define NX_CRYPTO_HASH_CALCULATE 7

#define NX_CRYPTO_AUTHENTICATION_HMAC_MD5_128 17
#define NX_CRYPTO_HMAC_MD5_ICV_FULL_LEN_IN_BITS 128

/* Without the parentheses: it is a type. */
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

typedef struct NX_CRYPTO_MD5_STRUCT {
    ULONG nx_md5_states[4];
    ULONG nx_md5_bit_count[2];
    UCHAR nx_md5_buffer[64];
    ULONG nx_md5_word_array[16];
} NX_CRYPTO_MD5;

/* The metadata of crypto_method_hmac_md5. Whole ULONGs: an application's buffer must begin at one. */
typedef struct NX_CRYPTO_MD5_HMAC_STRUCT {
    NX_CRYPTO_MD5 nx_md5_hmac_context;
    ULONG nx_md5_hmac_k_opad[16];
} NX_CRYPTO_MD5_HMAC;

/* NX_CRYPTO_AUTHENTICATE in one call, or INITIALIZE (with the key), UPDATE..., CALCULATE. The output is cut to the room that
   it is given. NX_CRYPTO_SUCCESS, NX_CRYPTO_PTR_ERROR (a pointer that is needed is NULL; the metadata is too small, or not
   at an address for a ULONG), NX_CRYPTO_INVALID_ALGORITHM (another operation). */
extern NX_CRYPTO_METHOD crypto_method_hmac_md5;

/* `bits` random bits, the rest of the last octet zero. The host's come from the operating system: they are good ones. On the
   target the macro must be given to something that is, because by default it is made of NX_RAND, which is rand(). */
UINT _nx_crypto_huge_number_rbg(UINT bits, UCHAR* result);
#ifndef NX_CRYPTO_RBG
#define NX_CRYPTO_RBG(NBITS, RESULT) _nx_crypto_huge_number_rbg(NBITS, RESULT)
#endif

#ifdef __cplusplus
}
#endif

#endif
