// SPDX-License-Identifier: GPL-2.0-or-later
// The tie to the process that started this race: it is told our ports, and its end is ours.
#ifndef RACEGYM_LIFELINE_H
#define RACEGYM_LIFELINE_H

#include <poll.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace racegym {

class Lifeline {
public:
    // `fd` is a stream socket shared with the owner, or -1: no owner, live on our own.
    // `directory` is removed when the owner has died.
    Lifeline(int fd, std::string directory);

    // Sends one line; an owner that has gone is noticed by the next wait.
    void tell(const std::string& line) const;

    // The same for a line that may be lost: an owner who does not listen never holds up the race.
    void hint(const std::string& line) const;

    // Says what went wrong, here and to the owner, and ends the process.
    [[noreturn]] void fail(const std::string& message) const;

    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    // Waits until one of `fds` is readable or closed (true) or the deadline has passed (false).
    // Calls abandon() if the owner dies meanwhile.
    bool wait(const std::vector<int>& fds, Deadline deadline = std::nullopt);

    // What has to be said before the process ends with its owner.
    std::function<void()> last_words;

    // Says the last words, removes the directory and ends the process.
    [[noreturn]] void abandon();

private:
    int fd_;
    std::string directory_;
    std::vector<pollfd> polled_;
};

}  // namespace racegym

#endif
