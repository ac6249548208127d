// Kernel interfaces that Swift's Glibc module lacks. No _GNU_SOURCE here: it changes types the
// importer already knows; calls that need it stand in linux.c.
#ifndef CLINUX_H
#define CLINUX_H
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif
