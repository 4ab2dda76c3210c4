// SPDX-License-Identifier: GPL-2.0-or-later
#include "lockstep.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "futex.h"
#include "keeper.h"

namespace racegym {
namespace {

constexpr long kGlance = 50'000'000;  // ns  // how often a wait looks whether the owner still lives

// What a kept state's word says.
enum Order : std::uint32_t { kFree, kKeep, kBranch, kLeave };

inline void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

}  // namespace

Lockstep::Lockstep(int fd, const std::vector<int>& games, Lifeline& lifeline)
    : shared_(fd, games), bell_(shared_.bell()), lifeline_(lifeline), record_(Layout(shared_.layout())) {
    kept_.resize(static_cast<std::size_t>(record_.width()) * header().cars);
    began_.resize(header().cars, NAN);
    touched_.resize(header().cars);
    client_.extended = true;
    for (std::size_t i = 0; i < client_.angles.size(); ++i) client_.angles[i] = static_cast<float>(-header().beams[i]);
}

const Identification& Lockstep::greet(int car) {
    if (shared_.games() > 1 && !Worlds::divided())
        if (const char* why = Worlds::divide(shared_.games(), [this] { return next_turn(); }))
            lifeline_.fail("games cannot take turns in one process (" + std::string(why) + "); set the option isolated: true");
    introduce();
    while (!greeted_) {
        await();
        if (static_cast<Command>(header().command) != Command::restart) {
            publish(Verdict::refused);
            continue;
        }
        client_.seed.reset();
        if (header().seeded != 0) client_.seed = header().seed;
        greeted_ = true;  // answered by the first state
    }
    client_.start = shared_.start(Worlds::present(), car);
    return client_;
}

void Lockstep::introduce() { header().driver = static_cast<std::uint32_t>(getpid()); }

void Lockstep::post(int car, const State& state) {
    double* const to = row(car);
    record_.write(state, to);
    double& began = began_[static_cast<std::size_t>(car)];
    if (std::isnan(began)) began = state.totalTime;
    to[record_.time()] = state.totalTime - began;
    unsigned char& touched = touched_[static_cast<std::size_t>(car)];
    touched |= state.collision;
    to[record_.collision()] = touched;
    exchanged_ = false;
}

Action Lockstep::collect(int car) {
    if (!exchanged_) exchange();
    exchanged_ = true;
    Action action = record_.read(shared_.controls(Worlds::present()) + car * record_.control_width());
    action.restart = restart_;
    return action;
}

void Lockstep::exchange() {
    if (--ticks_ > 0) return;  // the client wants to see only the last tick of its step
    publish();
    converse();
    std::fill(touched_.begin(), touched_.end(), 0);
}

// Serves commands up to one that lets the race go on, or ends it.
void Lockstep::converse() {
    for (;;) {
        await();
        switch (static_cast<Command>(header().command)) {
            case Command::drive: ticks_ = std::max(header().argument, 1U); return;
            case Command::restart: restart_ = true; return;
            case Command::save: save(header().argument); break;
            case Command::restore: restore(header().argument); break;
            case Command::release:
                publish(order(header().argument, kLeave) ? Verdict::done : Verdict::refused);
                break;
            case Command::film:
                if (film) film();
                publish(film ? Verdict::done : Verdict::refused);
                break;
            case Command::standings:
                publish(standings && standings() ? Verdict::done : Verdict::refused);
                break;
            default: publish(Verdict::refused);
        }
    }
}

void Lockstep::publish(Verdict verdict) {
    header().verdict = static_cast<std::uint32_t>(verdict);
    header().state_seq.store(header().command_seq.load(std::memory_order_relaxed));
    if (bell_.pending.fetch_sub(1) != 1) return;
    if (bell_.answered.exchange(kGiven) == kSleptOn) futex_wake(bell_.answered);
}

bool Lockstep::told(unsigned game) const {
    const SharedHeader& header = shared_.header(game);
    return header.command_seq.load(std::memory_order_acquire) != header.state_seq.load(std::memory_order_relaxed);
}

// Whichever of our games has a command that is not answered; the one that had its turn last needs no exchange.
Worlds::Turn Lockstep::next_turn() {
    std::uint32_t bits = 0;
    for (unsigned game = 0; game < shared_.games(); ++game) bits |= shared_.header(game).bell_bit;
    for (std::uint32_t left = shared_.header(0).spin;;) {
        const std::uint32_t rung = bell_.rings.load(std::memory_order_acquire);
        for (unsigned step = 0; step < shared_.games(); ++step) {
            const unsigned game = (Worlds::present() + step) % shared_.games();
            if (told(game)) return {game, static_cast<Command>(shared_.header(game).command) == Command::restart};
        }
        if (left > 0) --left, pause_briefly();
        else if (!futex_wait_bits(bell_.rings, rung, bits, kGlance))
            lifeline_.wait({}, std::chrono::steady_clock::now());  // does not come back when the owner has gone
    }
}

// Waits for a command that has not been answered.
void Lockstep::await() {
    if (Worlds::divided()) {
        while (!told(Worlds::present())) Worlds::rest();
        return;
    }
    const std::uint32_t answered = header().state_seq.load(std::memory_order_relaxed);
    for (std::uint32_t left = header().spin; left > 0; --left) {
        if (header().command_seq.load(std::memory_order_acquire) != answered) return;
        pause_briefly();
    }
    for (;;) {
        const std::uint32_t rung = bell_.rings.load(std::memory_order_acquire);
        if (header().command_seq.load(std::memory_order_acquire) != answered) return;
        if (futex_wait_bits(bell_.rings, rung, header().bell_bit, kGlance)) continue;
        lifeline_.wait({}, std::chrono::steady_clock::now());  // does not come back when the owner has gone
    }
}

void Lockstep::save(std::uint32_t slot) {
    if (slot >= header().slots || word(slot).load() != kFree) return publish(Verdict::refused);
    std::copy_n(rows(), kept_.size(), kept_.begin());
    word(slot).store(kKeep);
    const Keeper::Side side = Keeper::branch();
    if (side == Keeper::Side::twin) return freeze(slot);
    if (side == Keeper::Side::none) word(slot).store(kFree);
    publish(side == Keeper::Side::none ? Verdict::refused : Verdict::done);
}

// The kept state: sleeps, and sends a copy of itself into the race whenever it is restored. Returns in those copies.
void Lockstep::freeze(std::uint32_t slot) {
    Word& kept = word(slot);
    for (;;) {
        const std::uint32_t order = kept.load();
        if (order == kLeave) {
            kept.store(kFree);
            Keeper::leave();
        }
        if (order != kBranch) {
            futex_wait(kept, order, nullptr);  // the keeper's death is ours, and the owner's is the keeper's
            continue;
        }
        kept.store(kKeep);
        const Keeper::Side side = Keeper::branch();
        if (side == Keeper::Side::none) lifeline_.fail("cannot fork to restore a state");
        if (side == Keeper::Side::old) continue;
        std::copy(kept_.begin(), kept_.end(), rows());
        introduce();
        return publish();
    }
}

bool Lockstep::order(std::uint32_t slot, std::uint32_t order) {
    if (slot >= header().slots || word(slot).load() != kKeep) return false;
    word(slot).store(order);
    futex_wake(word(slot));
    return true;
}

// The kept state answers in our place.
void Lockstep::restore(std::uint32_t slot) {
    if (order(slot, kBranch)) Keeper::leave();
    publish(Verdict::refused);
}

void Lockstep::finish() {
    for (std::uint32_t car = 0; car < header().cars; ++car) row(static_cast<int>(car))[record_.finished()] = 1;
    for (;;) {
        publish();
        converse();
        if (restart_) Keeper::start_over();
    }
}

void Seat::end(Farewell farewell) {
    if (farewell == Farewell::shutdown && client_) lockstep_->finish();
}

}  // namespace racegym
