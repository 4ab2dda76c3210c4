// SPDX-License-Identifier: GPL-2.0-or-later
// Shared memory as a transport: the rows of all cars are handed over together, once for each command of the client.
#ifndef RACEGYM_LOCKSTEP_H
#define RACEGYM_LOCKSTEP_H

#include <functional>
#include <memory>
#include <vector>

#include "record.h"
#include "shared.h"
#include "transport.h"
#include "worlds.h"

namespace racegym {

// The conversation of one race. The client numbers its commands; answering one is publishing its number.
class Lockstep {
public:
    // Throws std::runtime_error when the memory cannot be used. Several games take turns in this process (worlds.h).
    Lockstep(int fd, const std::vector<int>& games, Lifeline& lifeline);

    // Waits for the command that opens the race; who the client is, after that.
    const Identification& greet(int car);

    void post(int car, const State& state);

    // The answer to the states posted since the last one; waits for it when it is asked for first.
    Action collect(int car);

    // Asks for a picture of the present state, where there is a camera.
    static inline std::function<void()> film;

    // Writes the order of the whole race down; whether that went well.
    static inline std::function<bool()> standings;

    // The race is over: rows stay, with `finished` set, until the client wants another race.
    [[noreturn]] void finish();

private:
    void introduce();  // as who answers from now on
    void exchange();
    void publish(Verdict verdict = Verdict::done);
    void await();
    void converse();
    void save(std::uint32_t slot);
    void freeze(std::uint32_t slot);
    bool order(std::uint32_t slot, std::uint32_t order);
    void restore(std::uint32_t slot);
    bool told(unsigned game) const;
    Worlds::Turn next_turn();
    SharedHeader& header() const { return shared_.header(Worlds::present()); }
    Word& word(std::uint32_t slot) const { return shared_.slot(Worlds::present(), slot); }
    double* rows() const { return shared_.telemetry(Worlds::present()); }
    double* row(int car) const { return rows() + car * record_.width(); }

    Shared shared_;
    Bell& bell_;
    Lifeline& lifeline_;
    Record record_;
    Identification client_;
    std::vector<double> kept_;           // rows at the moment of a save
    std::vector<double> began_;          // race time of each car's first state
    std::vector<unsigned char> touched_;  // a collision in a tick of this step
    std::uint32_t ticks_ = 1;            // left of the step
    bool greeted_ = false;
    bool exchanged_ = false;
    bool restart_ = false;
};

// One car's part in it.
class Seat : public Transport {
public:
    Seat(std::shared_ptr<Lockstep> lockstep, int car) : lockstep_(std::move(lockstep)), car_(car) {}

    const std::optional<Identification>& client() const override { return client_; }
    std::string endpoint() const override { return "shared " + std::to_string(kSharedVersion); }
    int descriptor() const override { return -1; }
    void identify() override { client_ = lockstep_->greet(car_); }
    void post(const State& state) override { lockstep_->post(car_, state); }
    std::optional<Action> collect() override { return lockstep_->collect(car_); }
    void end(Farewell farewell) override;
    std::string account() const override { return ""; }

private:
    std::shared_ptr<Lockstep> lockstep_;
    int car_;
    std::optional<Identification> client_;
};

}  // namespace racegym

#endif
