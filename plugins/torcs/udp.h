// SPDX-License-Identifier: GPL-2.0-or-later
// SCR over UDP: one socket a car, one datagram a message.
#ifndef RACEGYM_UDP_H
#define RACEGYM_UDP_H

#include <netinet/in.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "transport.h"

namespace racegym {

class Udp : public Transport {
public:
    // Binds the base port plus `index`, or one that the kernel chooses when the base is 0.
    Udp(const Options& options, int index, Lifeline& lifeline);
    ~Udp() override;
    Udp(const Udp&) = delete;
    Udp& operator=(const Udp&) = delete;

    int port() const;

    const std::optional<Identification>& client() const override { return client_; }
    int descriptor() const override { return fd_; }
    void identify() override;
    void post(const State& state) override;
    std::optional<Action> collect() override;
    void end(Farewell farewell) override;
    std::string endpoint() const override;
    std::string account() const override;

    // Datagrams that were not used, by reason, and answers that did not come in time.
    struct Counters {
        long garbage = 0, foreign = 0, late = 0, missed = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    using Clock = std::chrono::steady_clock;
    enum class Received { nothing, dropped, text };

    Received receive();
    bool from_client() const;
    bool may_identify() const;
    void accept();
    std::optional<Action> answer();
    void send(std::string_view text);
    void send_state();
    void send_message();

    int index_;
    int fd_ = -1;
    long timeout_us_;
    bool expert_;  // actions may leave controls open
    Lifeline& lifeline_;
    std::optional<Identification> client_;
    sockaddr_in address_{};  // of the client
    sockaddr_in sender_{};   // of the datagram received last
    std::array<char, 1 << 16> buffer_{};  // no datagram is larger
    std::string_view text_;  // the datagram received last
    State state_;            // posted last
    std::string message_;
    Clock::time_point heard_, posted_;
    Counters counters_;
};

}  // namespace racegym

#endif
