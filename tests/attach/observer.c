// An observer of a ring, made from docs/attach.md alone ("Observer"). Prints each message, and at
// the end how many it received and lost. For layout 2 with words of 8 bytes.
//   cc -O2 -o observer observer.c && ./observer /dev/shm/NAME
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { VARIABLE = 1, NO_OBSERVERS = 8 }; // flags of the ring's header
static const uint8_t *data; // the data segment, mapped read-only
#define LOAD(type, at) __atomic_load_n((const type *)(data + (at)), __ATOMIC_RELAXED)
static uint32_t u32(uint64_t at) { return LOAD(uint32_t, at); }
static uint64_t u64(uint64_t at) { return LOAD(uint64_t, at); }
static void acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static void require(int holds, const char *why) {
    if (!holds) fprintf(stderr, "observer: %s\n", why), exit(2);
}

int main(int argc, char **argv) {
    // "Opening", steps 1 to 4.
    int file = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    struct stat stat;
    require(file >= 0 && !fstat(file, &stat) && S_ISREG(stat.st_mode), "no such file");
    uint64_t size = stat.st_size;
    data = size < 256 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
    require(data != MAP_FAILED && !memcmp(data, "RINGWAY", 8) && !memcmp(data + 12, "RDAT", 4),
            "not a ring");
    require(u32(8) == 0x01020304 && u32(16) == 2 && u32(20) == 8, "another layout");
    uint64_t capacity = u64(72), origin = u64(88), arena = u64(112), arena_len = 128ull * u32(108);
    uint64_t flags = u32(64), max_len = u32(80), stride = u32(96), payload = u32(100);
    uint64_t slots = u32(104);
    require(!(flags & NO_OBSERVERS), "the ring has no observers");
    require(capacity && !(capacity & (capacity - 1)) && stride && slots <= size
            && capacity <= (size - slots) / stride && payload + max_len <= stride
            && arena <= size && arena_len <= size - arena, "corrupt header");
    uint64_t longest = arena_len / 2 > max_len ? arena_len / 2 : max_len, received = 0, lost = 0;
    uint64_t *copy = malloc(longest + 8);

    // "Observer", step 2: begin at the oldest message.
    uint32_t lapped = u32(140);
    acquire();
    uint64_t next = lapped ? u64(128) - capacity : origin;
    const char *end = NULL;
    printf("from %llu\n", (unsigned long long)next), fflush(stdout);
    while (!end) {
        // Steps 3 and 4: the first look.
        uint32_t wake = u32(148);
        uint64_t slot = slots + (next & (capacity - 1)) * stride;
        uint64_t state = u64(slot), want = 2 * next + 2;
        acquire();
        if (state == want) {
            // Step 5: copy, and look again.
            uint64_t span = flags & VARIABLE ? u64(slot + 8) : max_len;
            uint64_t len = (uint32_t)span, place = span >> 32, at = 64 * (place - 1);
            uint64_t from = place ? arena + at : slot + payload;
            uint64_t room = place ? (at < arena_len ? arena_len - at : 0) : max_len;
            int fits = len <= room && len <= longest;
            for (uint64_t i = 0; fits && 8 * i < len; i++) copy[i] = u64(from + 8 * i);
            acquire();
            if (u64(slot) != want) continue;
            require(fits, "corrupt length");
            printf("%llu ", (unsigned long long)next);
            for (uint64_t i = 0; i < len; i++) printf("%02x", ((uint8_t *)copy)[i]);
            printf("\n");
            next++, received++;
        } else if ((int64_t)(state - want) > 0) {
            // Step 6: lapped. The slot is of the message that is `ahead` of the wanted one.
            uint64_t ahead = (state - 2 * next - 1) / 2, gone = ahead - capacity + 1;
            if (arena_len && (state & 1) && ahead != capacity) gone -= capacity;
            lost += gone, next += gone;
        } else if (u32(136)) {
            // Step 7: closed, and then nothing there.
            acquire();
            if (u64(slot) == state) end = "closed";
        } else {
            // Step 8: sleep for a millisecond at most, and see whether the producer lives.
            struct timespec limit = {0, 1000000};
            syscall(SYS_futex, data + 148, FUTEX_WAIT, wake, &limit, NULL, 0);
            struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
            int is_dead = !fcntl(file, F_OFD_GETLK, &lock) && lock.l_type == F_UNLCK && u32(156);
            if (is_dead && u64(slot) == state && !u32(136)) end = "died";
        }
    }
    printf("received %llu lost %llu %s\n", (unsigned long long)received,
           (unsigned long long)lost, end);
}
