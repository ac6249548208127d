// Kernel interfaces that Swift's Glibc module lacks. No _GNU_SOURCE here: it changes types the
// importer already knows; calls that need it stand in linux.c.
//
// Every function answers as the system call does: -1 and errno on failure.
#ifndef CLINUX_H
#define CLINUX_H
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

// The calling thread's fault plan (a Swift object that a test owns), or null: the only cost in production is this load.
extern _Thread_local void *live_fault_plan;
static inline void *live_fault_plan_get(void) { return live_fault_plan; }
static inline void live_fault_plan_set(void *plan) { live_fault_plan = plan; }

// struct epoll_event is packed on x86-64: C reads and writes its token, so no Swift load depends on alignment.
static inline uint64_t live_event_token(const struct epoll_event *event) { return event->data.u64; }
static inline int live_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events};
    event.data.u64 = token;
    return epoll_ctl(epoll, operation, fd, &event);
}

// Two buffers in one system call, without a signal and without waiting.
static inline ssize_t live_send_two(int fd, const void *first, size_t firstCount, const void *second,
                                    size_t secondCount) {
    struct iovec parts[2] = {{(void *)first, firstCount}, {(void *)second, secondCount}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC; `address` has room for a sockaddr_storage.
int live_accept(int listener, struct sockaddr_storage *address, socklen_t *length);

// Allocates [offset, offset + length) of a file and lets it read as zeros; never falls back to writing.
int live_allocate(int fd, off_t offset, off_t length);

// Name and CPU of the calling thread. The name is cut to 15 bytes by the caller.
int live_thread_name(const char *name);
int live_thread_pin(int cpu);
// How late the kernel may wake the calling thread from a timed wait (50 000 ns unless set).
int live_thread_timer_slack(unsigned long ns);
// Writes up to `max` numbers of CPUs that this thread may run on; answers how many there are.
int live_cpus(int *cpus, int max);

// Whether the kernel's clock is kept in step by a time service: 1, 0, or -1 where it does not say.
int live_clock_in_step(void);
/// Gives freed memory back to the system, as far as the C library can (malloc_trim(3)). Takes milliseconds: not on a
/// reactor.
void live_give_back_memory(void);

#endif
