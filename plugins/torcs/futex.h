// SPDX-License-Identifier: GPL-2.0-or-later
// Sleeping on a word of shared memory, and waking who sleeps there.
#ifndef RACEGYM_FUTEX_H
#define RACEGYM_FUTEX_H

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>

namespace racegym {

// Sleeps while `word` is `value`, for `limit` at most (null: without limit); false when that has passed. May also
// return for no reason.
inline bool futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t value, const timespec* limit) {
    return syscall(SYS_futex, &word, FUTEX_WAIT, value, limit, nullptr, 0) == 0 || errno != ETIMEDOUT;
}

// The same, but woken only by `futex_wake` or for one of the `bits`.
inline bool futex_wait_bits(std::atomic<std::uint32_t>& word, std::uint32_t value, std::uint32_t bits, long nanoseconds) {
    timespec until{};
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += nanoseconds;
    if (until.tv_nsec >= 1'000'000'000) until.tv_nsec -= 1'000'000'000, ++until.tv_sec;
    return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, value, &until, nullptr, bits) == 0 || errno != ETIMEDOUT;
}

inline void futex_wake(std::atomic<std::uint32_t>& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace racegym

#endif
