/* ThreadX's services, over the operating system's threads: what an application of the SMTP client uses of
   them.

   Names, types and values are ThreadX's own, so that the application's source is the same on the PC and on
   the target. Where the host cannot be the target is said in ../README.md; in one line: threads run in
   parallel, priorities and the application's stacks are accepted and not used.  */

#ifndef TX_API_H
#define TX_API_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Says that this is the host platform; real ThreadX and NetX Duo never define it. */
#define POSTRIDER_NETXDUO_HOST 1

#define THREADX_MAJOR_VERSION 6
#define THREADX_MINOR_VERSION 1

/* ULONG has 32 bits on a 64-bit host too, as in ThreadX's own ports: a pointer never goes through it. */
#define VOID void
typedef char CHAR;
typedef unsigned char UCHAR;
typedef int INT;
typedef unsigned int UINT;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef uint64_t ULONG64;
typedef short SHORT;
typedef unsigned short USHORT;
#define ALIGN_TYPE uintptr_t

#define TX_NULL 0
#define TX_TRUE 1
#define TX_FALSE 0

#define TX_TIMER_TICKS_PER_SECOND 100
#define TX_MAX_PRIORITIES 32
#define TX_MINIMUM_STACK 200

#define TX_NO_WAIT ((ULONG)0)
#define TX_WAIT_FOREVER ((ULONG)0xFFFFFFFFUL)
#define TX_NO_TIME_SLICE ((ULONG)0)
#define TX_AUTO_START 1
#define TX_DONT_START 0
#define TX_INHERIT 1
#define TX_NO_INHERIT 0

#define TX_READY 0
#define TX_COMPLETED 1
#define TX_TERMINATED 2
#define TX_SUSPENDED 3

#define TX_SUCCESS 0x00
#define TX_DELETED 0x01
#define TX_POOL_ERROR 0x02
#define TX_PTR_ERROR 0x03
#define TX_WAIT_ERROR 0x04
#define TX_SIZE_ERROR 0x05
#define TX_GROUP_ERROR 0x06
#define TX_NO_EVENTS 0x07
#define TX_OPTION_ERROR 0x08
#define TX_QUEUE_ERROR 0x09
#define TX_QUEUE_EMPTY 0x0A
#define TX_QUEUE_FULL 0x0B
#define TX_SEMAPHORE_ERROR 0x0C
#define TX_NO_INSTANCE 0x0D
#define TX_THREAD_ERROR 0x0E
#define TX_PRIORITY_ERROR 0x0F
#define TX_NO_MEMORY 0x10
#define TX_START_ERROR 0x10
#define TX_DELETE_ERROR 0x11
#define TX_RESUME_ERROR 0x12
#define TX_CALLER_ERROR 0x13
#define TX_SUSPEND_ERROR 0x14
#define TX_TIMER_ERROR 0x15
#define TX_TICK_ERROR 0x16
#define TX_ACTIVATE_ERROR 0x17
#define TX_THRESH_ERROR 0x18
#define TX_SUSPEND_LIFTED 0x19
#define TX_WAIT_ABORTED 0x1A
#define TX_WAIT_ABORT_ERROR 0x1B
#define TX_MUTEX_ERROR 0x1C
#define TX_NOT_AVAILABLE 0x1D
#define TX_NOT_OWNED 0x1E
#define TX_INHERIT_ERROR 0x1F
#define TX_NOT_DONE 0x20
#define TX_CEILING_EXCEEDED 0x21
#define TX_INVALID_CEILING 0x22
#define TX_FEATURE_NOT_ENABLED 0xFF

/* The control blocks are the application's memory, and nothing hangs from them on the heap. Members named
   `_host_` are ours; the rest are ThreadX's names, to be read only. All of them belong to the kernel's lock.
 */
typedef struct TX_THREAD_STRUCT {
    ULONG tx_thread_id;
    ULONG tx_thread_run_count;
    CHAR* tx_thread_name;
    UINT tx_thread_state;
    UINT tx_thread_priority;
    VOID (*tx_thread_entry)(ULONG entry_input);
    ULONG tx_thread_entry_parameter;
    VOID* tx_thread_stack_start;
    ULONG tx_thread_stack_size;

    struct TX_THREAD_STRUCT* tx_thread_suspended_next;
    struct TX_THREAD_STRUCT* tx_thread_suspended_previous;
    UINT tx_thread_suspend_status;
    VOID* tx_thread_additional_suspend_info;
    struct TX_MUTEX_STRUCT* tx_thread_owned_mutex_list;

    int tx_thread_host_wake_up;      /* the descriptor that ends any wait of this thread */
    UINT tx_thread_host_suspended;   /* it stands in a suspension list */
    UINT tx_thread_host_running;     /* it has a thread of the operating system */
    UINT tx_thread_host_pending;     /* it starts when tx_application_define returns */
    UINT tx_thread_host_terminating; /* its waits are refused */
    UINT tx_thread_host_refusals;    /* how many were */
    UINT tx_thread_host_unwinding;   /* its stack is being unwound by force */
} TX_THREAD;

typedef struct TX_MUTEX_STRUCT {
    ULONG tx_mutex_id;
    CHAR* tx_mutex_name;
    UINT tx_mutex_ownership_count;
    TX_THREAD* tx_mutex_owner;
    UINT tx_mutex_inherit;
    TX_THREAD* tx_mutex_suspension_list;
    struct TX_MUTEX_STRUCT* tx_mutex_owned_next;
} TX_MUTEX;

typedef struct TX_SEMAPHORE_STRUCT {
    ULONG tx_semaphore_id;
    CHAR* tx_semaphore_name;
    ULONG tx_semaphore_count;
    TX_THREAD* tx_semaphore_suspension_list;
} TX_SEMAPHORE;

/* Calls the application's tx_application_define, then starts the threads that it made, and returns when the
   last thread has ended: on the target it never returns, on the host `main` goes on and the process can end.
 */
VOID tx_kernel_enter(VOID);
VOID tx_application_define(VOID* first_unused_memory);

UINT tx_thread_create(TX_THREAD* thread_ptr, CHAR* name_ptr, VOID (*entry_function)(ULONG entry_input),
                      ULONG entry_input, VOID* stack_start, ULONG stack_size, UINT priority, UINT preempt_threshold,
                      ULONG time_slice, UINT auto_start);
UINT tx_thread_resume(TX_THREAD* thread_ptr);
UINT tx_thread_terminate(TX_THREAD* thread_ptr);
UINT tx_thread_delete(TX_THREAD* thread_ptr);
UINT tx_thread_sleep(ULONG timer_ticks);
VOID tx_thread_relinquish(VOID);
TX_THREAD* tx_thread_identify(VOID);
ULONG tx_time_get(VOID);

UINT tx_mutex_create(TX_MUTEX* mutex_ptr, CHAR* name_ptr, UINT inherit);
UINT tx_mutex_get(TX_MUTEX* mutex_ptr, ULONG wait_option);
UINT tx_mutex_put(TX_MUTEX* mutex_ptr);
UINT tx_mutex_delete(TX_MUTEX* mutex_ptr);

UINT tx_semaphore_create(TX_SEMAPHORE* semaphore_ptr, CHAR* name_ptr, ULONG initial_count);
UINT tx_semaphore_get(TX_SEMAPHORE* semaphore_ptr, ULONG wait_option);
UINT tx_semaphore_put(TX_SEMAPHORE* semaphore_ptr);
UINT tx_semaphore_delete(TX_SEMAPHORE* semaphore_ptr);

#ifdef __cplusplus
}
#endif

#endif
