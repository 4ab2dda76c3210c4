// SPDX-License-Identifier: GPL-2.0-or-later
#include "lifeline.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace racegym {
namespace {

constexpr short kGone = POLLRDHUP | POLLHUP | POLLERR | POLLNVAL;

timespec left_until(std::chrono::steady_clock::time_point deadline) {
    using namespace std::chrono;
    const auto left = std::max(nanoseconds(0), duration_cast<nanoseconds>(deadline - steady_clock::now()));
    return {static_cast<time_t>(left.count() / 1000000000), static_cast<long>(left.count() % 1000000000)};
}

}  // namespace

Lifeline::Lifeline(int fd, std::string directory) : fd_(fd), directory_(std::move(directory)) {
    if (fd_ < 0 || fcntl(fd_, F_GETFD) >= 0) return;
    fd_ = -1;
    fail("RACEGYM_LIFELINE names a descriptor that is not open; the launcher has to pass it on");
}

void Lifeline::tell(const std::string& line) const {
    if (fd_ < 0) return;
    const std::string text = line + "\n";
    if (send(fd_, text.data(), text.size(), MSG_NOSIGNAL) < 0 && errno != EPIPE)
        std::perror("scr_server: cannot write to the lifeline");
}

void Lifeline::hint(const std::string& line) const {
    if (fd_ < 0) return;
    const std::string text = line + "\n";
    send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Lifeline::fail(const std::string& message) const {
    std::fprintf(stderr, "scr_server: %s\n", message.c_str());
    tell("error " + message);
    std::fflush(nullptr);
    _exit(1);
}

bool Lifeline::wait(const std::vector<int>& fds, Deadline deadline) {
    polled_.clear();
    for (const int fd : fds) polled_.push_back({fd, POLLIN, 0});
    polled_.push_back({fd_, POLLRDHUP, 0});  // poll passes over negative descriptors
    for (;;) {
        timespec left{};
        if (deadline) left = left_until(*deadline);
        const int count = ppoll(polled_.data(), polled_.size(), deadline ? &left : nullptr, nullptr);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("cannot wait: " + std::generic_category().message(errno));
        if (polled_.back().revents & kGone) abandon();
        return count > 0;
    }
}

void Lifeline::abandon() {
    if (last_words) std::exchange(last_words, nullptr)();
    const std::filesystem::path directory(directory_);
    if (directory.is_absolute() && directory.has_relative_path()) {  // never the root, never something relative
        std::error_code ignored;  // nobody is left to tell
        std::filesystem::remove_all(directory, ignored);
    }
    _exit(0);
}

}  // namespace racegym
