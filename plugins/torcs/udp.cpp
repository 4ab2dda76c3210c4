// SPDX-License-Identifier: GPL-2.0-or-later
#include "udp.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "protocol.h"

namespace racegym {
namespace {

// A client silent for so long may be replaced by another one that identifies itself.
constexpr std::chrono::seconds kSilence(1);

// The original takes text without a known group for an answer of defaults. So do we, but only if no better one follows
// within this time, so that stray datagrams do not shift the stream.
constexpr auto kPatience = std::chrono::milliseconds(2);
constexpr int kDrained = 1000;  // datagrams at most between two states, so that a flood cannot hold up the race

bool same(const sockaddr_in& a, const sockaddr_in& b) {
    return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

}  // namespace

Udp::Udp(const Options& options, int index, Lifeline& lifeline)
    : index_(index), timeout_us_(options.timeout_us), expert_(options.expert.has_value()), lifeline_(lifeline) {
    const std::string& host = options.host;
    const int port = options.port == 0 ? 0 : options.port + index;
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_port = htons(static_cast<in_port_t>(port));
    if (inet_pton(AF_INET, host.c_str(), &local.sin_addr) != 1)
        lifeline.fail("RACEGYM_HOST=" + host + ": expected a dotted address, like 127.0.0.1");
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ >= 0 && bind(fd_, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0) return;
    const std::string why = std::generic_category().message(errno);
    lifeline.fail("cannot listen on " + host + ":" + std::to_string(port) + " (" + why +
                  "); stop what uses it, or set RACEGYM_PORT to another base port or to 0");
}

Udp::~Udp() { close(fd_); }

int Udp::port() const {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size);
    return ntohs(local.sin_port);
}

std::string Udp::endpoint() const { return "port " + std::to_string(index_) + " " + std::to_string(port()); }

std::string Udp::account() const {
    const Counters& n = counters_;
    if (n.missed + n.late + n.foreign + n.garbage == 0) return "";
    return std::to_string(n.missed) + " answers missed, " + std::to_string(n.late) + " late; " +
           std::to_string(n.foreign) + " datagrams of others and " + std::to_string(n.garbage) + " unreadable refused";
}

// Takes one datagram off the queue; text_ and sender_ describe it.
Udp::Received Udp::receive() {
    socklen_t size = sizeof sender_;
    const ssize_t length = recvfrom(fd_, buffer_.data(), buffer_.size(), 0,
                                    reinterpret_cast<sockaddr*>(&sender_), &size);
    if (length < 0) return errno == EAGAIN ? Received::nothing : Received::dropped;
    if (static_cast<std::size_t>(length) > buffer_.size()) {
        ++counters_.garbage;
        return Received::dropped;
    }
    text_ = std::string_view(buffer_.data(), static_cast<std::size_t>(length));
    return Received::text;
}

bool Udp::from_client() const { return client_ && same(sender_, address_); }

bool Udp::may_identify() const {
    return is_identification(text_) && (!client_ || from_client() || Clock::now() - heard_ > kSilence);
}

void Udp::accept() {
    client_ = parse_identification(text_);
    address_ = sender_;
    heard_ = Clock::now();
    send(kIdentified);
}

void Udp::identify() {
    while (!client_) {
        const Received received = receive();
        if (received == Received::nothing) return;
        if (received == Received::dropped) continue;
        if (may_identify())
            accept();
        else
            ++counters_.garbage;  // an action left over from the race before ends here too
    }
}

void Udp::send(std::string_view text) {
    message_.assign(text) += '\0';
    send_message();
}

void Udp::send_state() {
    message_.clear();
    format_state(state_, client_->extended, message_);
    message_ += '\0';
    send_message();
}

// A message that cannot be sent is lost like any datagram.
void Udp::send_message() {
    const auto* to = reinterpret_cast<const sockaddr*>(&address_);
    sendto(fd_, message_.data(), message_.size(), MSG_NOSIGNAL, to, sizeof address_);
}

void Udp::post(const State& state) {
    // What lies in the queue now answers an earlier state: used, it would put every later answer one tick behind.
    for (int left = kDrained; left > 0; --left) {
        const Received received = receive();
        if (received == Received::nothing) break;
        if (received == Received::text) ++(from_client() ? counters_.late : counters_.foreign);
    }
    state_ = state;
    posted_ = Clock::now();
    send_state();
}

std::optional<Action> Udp::collect() {
    Lifeline::Deadline deadline;
    if (timeout_us_ > 0) deadline = posted_ + std::chrono::microseconds(timeout_us_);
    bool mumbled = false;
    for (;;) {
        const Received received = receive();
        if (received == Received::text) {
            const long before = counters_.garbage;
            if (const auto action = answer()) return action;
            if (counters_.garbage > before && !client_->extended && !std::exchange(mumbled, true)) {
                const auto patience = Clock::now() + kPatience;
                deadline = deadline ? std::min(*deadline, patience) : patience;
            }
        }
        const bool empty = received == Received::nothing;
        if (empty ? !lifeline_.wait({fd_}, deadline) : deadline && Clock::now() > *deadline) {
            if (mumbled) return Action{};
            ++counters_.missed;
            return std::nullopt;
        }
    }
}

// The action in the datagram received last, if it is one for the state posted last.
std::optional<Action> Udp::answer() {
    if (may_identify()) {
        accept();
        send_state();
        return std::nullopt;
    }
    if (!from_client()) {
        ++counters_.foreign;
        return std::nullopt;
    }
    const auto action = parse_action(text_, expert_ && client_->extended);
    if (!action) {
        ++counters_.garbage;
        return std::nullopt;
    }
    if (client_->extended && action->tick && *action->tick != state_.tick) {
        ++counters_.late;
        return std::nullopt;
    }
    heard_ = Clock::now();
    return action;
}

void Udp::end(Farewell farewell) {
    if (client_) send(farewell == Farewell::restart ? kRestart : kShutdown);
    client_.reset();
}

}  // namespace racegym
