// The web client as bytes inside the binary: one entry for each file under Web/, by the path it is served at.
// Constant data, valid for the life of the process, safe to read from any thread.

#ifndef CWEB_H
#define CWEB_H

#include <stddef.h>

/// One file: `path` begins with a slash, `type` is its Content-Type, `bytes` are `length` bytes without a final zero.
struct cweb_asset {
    const char *path;
    const char *type;
    const unsigned char *bytes;
    size_t length;
};

/// All files of the web client, in no order that means anything; `count` gets their number.
const struct cweb_asset *cweb_assets(size_t *count);

#endif
