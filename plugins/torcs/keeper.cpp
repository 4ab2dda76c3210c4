// SPDX-License-Identifier: GPL-2.0-or-later
#include "keeper.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>

namespace racegym {
namespace {

constexpr int kStartOver = 79;  // exit code; TORCS itself knows 0 and 1

// From here on the child dies with its parent, also if that died before we asked.
void die_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
}

}  // namespace

unsigned Keeper::hold_start_line() {
    const pid_t self = getpid();
    for (unsigned race = 0;; ++race) {
        int alive[2];  // the child holds the write end, so its end is readable without signal handlers
        if (pipe2(alive, O_CLOEXEC) < 0)
            lifeline_.fail("cannot make a pipe: " + std::generic_category().message(errno));
        std::fflush(nullptr);  // or the child would write our pending output again
        const pid_t child = fork();
        if (child < 0) lifeline_.fail("cannot fork: " + std::generic_category().message(errno));
        if (child == 0) {
            die_with(self);
            close(alive[0]);
            return race;
        }
        close(alive[1]);
        const int status = wait_for(child, alive[0]);
        close(alive[0]);
        if (WIFEXITED(status) && WEXITSTATUS(status) == kStartOver) continue;
        if (WIFSIGNALED(status)) {
            lifeline_.tell("error the race ended by signal " + std::to_string(WTERMSIG(status)));
            _exit(128 + WTERMSIG(status));
        }
        _exit(WEXITSTATUS(status));
    }
}

int Keeper::wait_for(int child, int alive) {
    lifeline_.stop_first = child;
    lifeline_.wait({alive});
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    lifeline_.stop_first = 0;
    return status;
}

void Keeper::start_over() {
    std::fflush(nullptr);
    _exit(kStartOver);
}

}  // namespace racegym
