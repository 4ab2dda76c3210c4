// SPDX-License-Identifier: GPL-2.0-or-later
// No client at all: the car follows the road by itself, with every sensor read, and the ticks in a second are told.
// What any client can reach at most.
#ifndef RACEGYM_SELF_DRIVE_H
#define RACEGYM_SELF_DRIVE_H

#include <chrono>

#include "transport.h"

namespace racegym {

class SelfDrive : public Transport {
public:
    SelfDrive(long ticks, Lifeline& lifeline);

    const std::optional<Identification>& client() const override { return client_; }
    std::string endpoint() const override { return "self"; }
    int descriptor() const override { return -1; }
    void identify() override {}
    void post(const State& state) override;

    // After the last tick it tells `rate <ticks a second>` and ends the process.
    std::optional<Action> collect() override;
    void end(Farewell) override {}
    std::string account() const override { return ""; }

private:
    long ticks_, left_;
    Lifeline& lifeline_;
    std::optional<Identification> client_;
    Action action_;
    std::chrono::steady_clock::time_point began_;
};

}  // namespace racegym

#endif
