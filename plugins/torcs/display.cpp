// SPDX-License-Identifier: GPL-2.0-or-later
#include "display.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace racegym {
namespace {

constexpr std::chrono::seconds kPatience{20};

[[noreturn]] void become(const std::string& xvfb, pid_t parent, int number) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // not SIGKILL: it has a socket and a lock file to remove
    if (getppid() != parent) _exit(1);
    const int silence = open("/dev/null", O_RDWR);
    dup2(silence, STDIN_FILENO);
    dup2(number, 3);
    for (int fd = 4; fd < 256; ++fd) close(fd);  // of the race's, some of which tell of its end
    unsetenv("LD_LIBRARY_PATH");  // TORCS's own
    execl(xvfb.c_str(), "Xvfb", "-displayfd", "3", "-screen", "0", "2048x2048x24", "-nolisten", "tcp", "-noreset",
          "-ac", "+extension", "GLX", static_cast<char*>(nullptr));
    _exit(127);
}

}  // namespace

std::string open_display(const std::string& xvfb, Lifeline& lifeline) {
    int ends[2];
    if (pipe(ends) != 0) lifeline.fail("cannot make a pipe");
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) lifeline.fail("cannot fork");
    if (child == 0) become(xvfb, parent, ends[1]);
    close(ends[1]);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::string number;
    while (number.empty() || number.back() != '\n') {
        char letters[16];
        const bool told = lifeline.wait({ends[0]}, deadline);
        const ssize_t got = told ? read(ends[0], letters, sizeof letters) : 0;
        if (got <= 0) lifeline.fail(xvfb + (told ? " ended at once" : " does not come up") + "; try it by hand");
        number.append(letters, static_cast<std::size_t>(got));
    }
    close(ends[0]);
    number.pop_back();
    return ":" + number;
}

}  // namespace racegym
