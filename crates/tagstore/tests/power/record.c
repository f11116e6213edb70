/* Writes down, in their order, all calls by which this process changes files below POWER_ROOT, into POWER_TRACE.
 *
 * Loaded with LD_PRELOAD into a test of the store; the test knows the form of the records (trace.rs). SQLite and Rust reach
 * the kernel by these functions of the C library. Should a call be missing here, what the records build is not what lies in
 * the folder, and the test says so.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static const char *root;
static size_t root_length;
/* of the files below the root: whether they are open for appending, plus one */
static unsigned char watched[MOST_FILES];

#define REAL(name, type, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("POWER_TRACE");
    root = getenv("POWER_ROOT");
    if (path && root) {
        root_length = strlen(root);
        REAL(open, int, const char *, int, ...);
        trace = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static int below(const char *path)
{
    return trace >= 0 && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || !path[root_length]);
}

static int is_watched(int file)
{
    return trace >= 0 && file >= 0 && file < MOST_FILES && watched[file];
}

static void put(const void *bytes, size_t length)
{
    REAL(write, ssize_t, int, const void *, size_t);
    const char *at = bytes;
    while (length > 0) {
        ssize_t done = real(trace, at, length);
        if (done < 0) abort();
        at += done;
        length -= (size_t)done;
    }
}

/* One record: what, which file, a number, two texts. */
static void record(char what, int file, int64_t number, const void *a, size_t a_length, const void *b, size_t b_length)
{
    char head[1 + 4 + 8 + 8 + 8];
    int32_t small = file;
    uint64_t lengths[2] = { a_length, b_length };
    head[0] = what;
    memcpy(head + 1, &small, 4);
    memcpy(head + 5, &number, 8);
    memcpy(head + 13, lengths, 16);
    put(head, sizeof head);
    put(a, a_length);
    put(b, b_length);
}

static void opened(int file, const char *path, int flags)
{
    int before = errno;
    if (file >= 0 && file < MOST_FILES && below(path)) {
        watched[file] = (flags & O_APPEND) ? 2 : 1;
        record('o', file, flags & (O_CREAT | O_TRUNC), path, strlen(path), "", 0);
    }
    errno = before;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        REAL(name, int, const char *, int, ...); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = va_arg(more, mode_t); \
        va_end(more); \
        pthread_mutex_lock(&lock); \
        int file = real(path, flags, mode); \
        opened(file, path, flags); \
        pthread_mutex_unlock(&lock); \
        return file; \
    }

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) \
    { \
        REAL(name, int, int, const char *, int, ...); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = va_arg(more, mode_t); \
        va_end(more); \
        pthread_mutex_lock(&lock); \
        int file = real(folder, path, flags, mode); \
        opened(file, path, flags); \
        pthread_mutex_unlock(&lock); \
        return file; \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int file)
{
    REAL(close, int, int);
    pthread_mutex_lock(&lock);
    if (is_watched(file)) {
        watched[file] = 0;
        record('c', file, 0, "", 0, "", 0);
    }
    int result = real(file);
    pthread_mutex_unlock(&lock);
    return result;
}

#define DUPLICATE(name) \
    int name(int file, int command, ...) \
    { \
        REAL(name, int, int, int, ...); \
        va_list more; \
        va_start(more, command); \
        void *argument = va_arg(more, void *); \
        va_end(more); \
        int result = real(file, command, argument); \
        if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && result >= 0 && result < MOST_FILES && is_watched(file)) { \
            pthread_mutex_lock(&lock); \
            watched[result] = watched[file]; \
            record('d', file, result, "", 0, "", 0); \
            pthread_mutex_unlock(&lock); \
        } \
        return result; \
    }

DUPLICATE(fcntl)
DUPLICATE(fcntl64)

ssize_t write(int file, const void *bytes, size_t length)
{
    REAL(write, ssize_t, int, const void *, size_t);
    if (!is_watched(file)) return real(file, bytes, length);
    pthread_mutex_lock(&lock);
    off64_t at = lseek64(file, 0, watched[file] == 2 ? SEEK_END : SEEK_CUR);
    ssize_t done = real(file, bytes, length);
    if (done > 0) record('w', file, at, bytes, (size_t)done, "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    REAL(writev, ssize_t, int, const struct iovec *, int);
    if (!is_watched(file)) return real(file, parts, count);
    ssize_t all = 0;
    for (int part = 0; part < count; part++) {
        ssize_t done = write(file, parts[part].iov_base, parts[part].iov_len);
        if (done < 0) return all > 0 ? all : done;
        all += done;
        if ((size_t)done < parts[part].iov_len) break;
    }
    return all;
}

#define PWRITE(name, offset) \
    ssize_t name(int file, const void *bytes, size_t length, offset at) \
    { \
        REAL(name, ssize_t, int, const void *, size_t, offset); \
        if (!is_watched(file)) return real(file, bytes, length, at); \
        pthread_mutex_lock(&lock); \
        ssize_t done = real(file, bytes, length, at); \
        if (done > 0) record('w', file, at, bytes, (size_t)done, "", 0); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define ON_FILE(name, what, number, ...) \
    { \
        pthread_mutex_lock(&lock); \
        int result = real(__VA_ARGS__); \
        if (result == 0 && is_watched(file)) record(what, file, number, "", 0, "", 0); \
        pthread_mutex_unlock(&lock); \
        return result; \
    }

int ftruncate(int file, off_t length) { REAL(ftruncate, int, int, off_t); ON_FILE(ftruncate, 't', length, file, length) }
int ftruncate64(int file, off64_t length) { REAL(ftruncate64, int, int, off64_t); ON_FILE(ftruncate64, 't', length, file, length) }
int fsync(int file) { REAL(fsync, int, int); ON_FILE(fsync, 's', 0, file) }
int fdatasync(int file) { REAL(fdatasync, int, int); ON_FILE(fdatasync, 's', 0, file) }

#define ON_NAMES(what, a, b, ...) \
    { \
        pthread_mutex_lock(&lock); \
        int result = real(__VA_ARGS__); \
        if (result == 0 && below(a)) record(what, -1, 0, a, strlen(a), b, strlen(b)); \
        pthread_mutex_unlock(&lock); \
        return result; \
    }

int rename(const char *from, const char *to) { REAL(rename, int, const char *, const char *); ON_NAMES('r', from, to, from, to) }
int link(const char *from, const char *to) { REAL(link, int, const char *, const char *); ON_NAMES('l', from, to, from, to) }
int unlink(const char *path) { REAL(unlink, int, const char *); ON_NAMES('u', path, "", path) }
int mkdir(const char *path, mode_t mode) { REAL(mkdir, int, const char *, mode_t); ON_NAMES('m', path, "", path, mode) }
int rmdir(const char *path) { REAL(rmdir, int, const char *); ON_NAMES('u', path, "", path) }
