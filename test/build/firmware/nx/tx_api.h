/* ThreadX as a 32-bit target declares it, as far as the SMTP client needs: declarations alone, to measure with.  */
#ifndef TX_API_H
#define TX_API_H

#ifdef __cplusplus
extern "C" {
#endif

typedef void VOID;
typedef char CHAR;
typedef unsigned char UCHAR;
typedef int INT;
typedef unsigned int UINT;
typedef long LONG;
typedef unsigned long ULONG;
typedef short SHORT;
typedef unsigned short USHORT;

#define TX_NULL 0
#define TX_SUCCESS 0x00
#define TX_NO_WAIT ((ULONG)0)
#define TX_WAIT_FOREVER ((ULONG)0xFFFFFFFFUL)
#define TX_NO_INHERIT 0
#define TX_INHERIT 1
#define TX_TIMER_TICKS_PER_SECOND ((ULONG)100)

typedef struct TX_THREAD_STRUCT {
    ULONG tx_thread_words[44];
} TX_THREAD;

typedef struct TX_MUTEX_STRUCT {
    ULONG tx_mutex_words[13];
} TX_MUTEX;

typedef struct TX_SEMAPHORE_STRUCT {
    ULONG tx_semaphore_words[8];
} TX_SEMAPHORE;

TX_THREAD* tx_thread_identify(VOID);
UINT tx_thread_sleep(ULONG timer_ticks);
ULONG tx_time_get(VOID);
UINT tx_mutex_create(TX_MUTEX* mutex_ptr, CHAR* name_ptr, UINT inherit);
UINT tx_mutex_delete(TX_MUTEX* mutex_ptr);
UINT tx_mutex_get(TX_MUTEX* mutex_ptr, ULONG wait_option);
UINT tx_mutex_put(TX_MUTEX* mutex_ptr);
UINT tx_semaphore_create(TX_SEMAPHORE* semaphore_ptr, CHAR* name_ptr, ULONG initial_count);
UINT tx_semaphore_delete(TX_SEMAPHORE* semaphore_ptr);
UINT tx_semaphore_get(TX_SEMAPHORE* semaphore_ptr, ULONG wait_option);
UINT tx_semaphore_put(TX_SEMAPHORE* semaphore_ptr);

#ifdef __cplusplus
}
#endif

#endif
