#define _GNU_SOURCE
#include "CLinux.h"

#include <malloc.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/timex.h>

_Thread_local void *live_fault_plan;

int live_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int live_allocate(int fd, off_t offset, off_t length) { return fallocate(fd, 0, offset, length); }

// The pthread calls answer the error itself: turn it into errno.
static int answer(int error) {
    if (error == 0) return 0;
    errno = error;
    return -1;
}

int live_thread_name(const char *name) { return answer(pthread_setname_np(pthread_self(), name)); }

int live_thread_timer_slack(unsigned long ns) { return prctl(PR_SET_TIMERSLACK, ns, 0, 0, 0); }

int live_thread_pin(int cpu) {
    if (cpu < 0 || cpu >= CPU_SETSIZE) return answer(EINVAL);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return answer(pthread_setaffinity_np(pthread_self(), sizeof set, &set));
}

int live_cpus(int *cpus, int max) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
    int count = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &set)) continue;
        if (count < max) cpus[count] = cpu;
        count++;
    }
    return count;
}

int live_clock_in_step(void) {
    struct timex state = {.modes = 0};
    int code = adjtimex(&state);
    return code < 0 ? -1 : code != TIME_ERROR;
}

void live_give_back_memory(void) { malloc_trim(0); }
