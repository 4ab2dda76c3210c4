// SPDX-License-Identifier: GPL-2.0-or-later
#include "keeper.h"

#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>

namespace racegym {
namespace {

// Exit codes; TORCS itself knows 0 and 1.
constexpr int kStartOver = 79;
constexpr int kLeft = 80;

pid_t keeper = 0;

// How long the keeper lets its child take leave of its clients when their common owner has gone.
constexpr int kLeaveTaking = 300;  // ms

// From here on the child dies with the keeper, also if that died before we asked.
void die_with_keeper() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) _exit(1);
}

sigset_t child_signal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    return signals;
}

}  // namespace

unsigned Keeper::hold_start_line() {
    keeper = getpid();
    const sigset_t signals = child_signal();
    sigset_t before;
    sigprocmask(SIG_BLOCK, &signals, &before);
    const int children = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children < 0) lifeline_.fail("cannot watch children: " + std::generic_category().message(errno));
    lifeline_.last_words = [children] {
        pollfd news{children, POLLIN, 0};
        poll(&news, 1, kLeaveTaking);
    };
    if (companion_) send_companion(children, before);
    for (unsigned race = 0;; ++race) {
        std::fflush(nullptr);  // or the child would write our pending output again
        const pid_t child = fork();
        if (child < 0) lifeline_.fail("cannot fork: " + std::generic_category().message(errno));
        if (child == 0) {
            die_with_keeper();
            close(children);
            sigprocmask(SIG_SETMASK, &before, nullptr);
            return race;
        }
        while (!wait_for_next(children)) {
        }
    }
}

void Keeper::send_companion(int children, const sigset_t& before) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) lifeline_.fail("cannot fork: " + std::generic_category().message(errno));
    if (child > 0) return;
    die_with_keeper();
    close(children);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    lifeline_.last_words = nullptr;
    companion_();
    _exit(1);
}

// Whether a child wants the next race.
bool Keeper::wait_for_next(int children) {
    lifeline_.wait({children});
    signalfd_siginfo news;
    while (read(children, &news, sizeof news) > 0) {
    }
    bool next = false;
    int status = 0;
    while (waitpid(-1, &status, WNOHANG) > 0) {
        if (WIFSIGNALED(status)) {
            lifeline_.tell("error the race ended by signal " + std::to_string(WTERMSIG(status)));
            _exit(128 + WTERMSIG(status));
        }
        const int code = WEXITSTATUS(status);
        if (code != kStartOver && code != kLeft) _exit(code);
        next |= code == kStartOver;
    }
    return next;
}

void Keeper::start_over() {
    std::fflush(nullptr);
    _exit(kStartOver);
}

Keeper::Side Keeper::branch() {
    std::fflush(nullptr);
    // Not fork(): that knows no CLONE_PARENT. There are no other threads whose locks it would have to care for.
    const long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (child < 0) return Side::none;
    if (child > 0) return Side::old;
    die_with_keeper();
    return Side::twin;
}

void Keeper::leave() {
    std::fflush(nullptr);
    _exit(kLeft);
}

}  // namespace racegym
