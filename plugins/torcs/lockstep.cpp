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

Lockstep::Lockstep(int fd, int game, Lifeline& lifeline)
    : shared_(fd, game), header_(shared_.header()), bell_(shared_.bell()), lifeline_(lifeline), record_(Layout(shared_.layout())) {
    kept_.resize(static_cast<std::size_t>(record_.width()) * header_.cars);
    began_.resize(header_.cars, NAN);
    touched_.resize(header_.cars);
    client_.extended = true;
    for (std::size_t i = 0; i < client_.angles.size(); ++i) client_.angles[i] = static_cast<float>(-header_.beams[i]);
}

const Identification& Lockstep::greet(int car) {
    while (!greeted_) {
        await();
        if (static_cast<Command>(header_.command) != Command::restart) {
            publish(Verdict::refused);
            continue;
        }
        client_.seed.reset();
        if (header_.seeded != 0) client_.seed = header_.seed;
        greeted_ = true;  // answered by the first state
    }
    client_.start = shared_.start(car);
    return client_;
}

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
    Action action = record_.read(shared_.controls() + car * record_.control_width());
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
        switch (static_cast<Command>(header_.command)) {
            case Command::drive: ticks_ = std::max(header_.argument, 1U); return;
            case Command::restart: restart_ = true; return;
            case Command::save: save(header_.argument); break;
            case Command::restore: restore(header_.argument); break;
            case Command::release:
                publish(order(header_.argument, kLeave) ? Verdict::done : Verdict::refused);
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
    header_.verdict = static_cast<std::uint32_t>(verdict);
    header_.driver = static_cast<std::uint32_t>(getpid());
    header_.state_seq.store(header_.command_seq.load(std::memory_order_relaxed));
    if (bell_.pending.fetch_sub(1) != 1) return;
    bell_.answered.store(1);
    futex_wake(bell_.answered);
}

// Waits for a command that has not been answered.
void Lockstep::await() {
    const std::uint32_t answered = header_.state_seq.load(std::memory_order_relaxed);
    for (std::uint32_t left = header_.spin; left > 0; --left) {
        if (header_.command_seq.load(std::memory_order_acquire) != answered) return;
        pause_briefly();
    }
    for (;;) {
        const std::uint32_t rung = bell_.rings.load(std::memory_order_acquire);
        if (header_.command_seq.load(std::memory_order_acquire) != answered) return;
        if (futex_wait_bits(bell_.rings, rung, header_.bell_bit, kGlance)) continue;
        lifeline_.wait({}, std::chrono::steady_clock::now());  // does not come back when the owner has gone
    }
}

void Lockstep::save(std::uint32_t slot) {
    if (slot >= header_.slots || shared_.slot(slot).load() != kFree) return publish(Verdict::refused);
    std::copy_n(shared_.telemetry(), kept_.size(), kept_.begin());
    shared_.slot(slot).store(kKeep);
    const Keeper::Side side = Keeper::branch();
    if (side == Keeper::Side::twin) return freeze(slot);
    if (side == Keeper::Side::none) shared_.slot(slot).store(kFree);
    publish(side == Keeper::Side::none ? Verdict::refused : Verdict::done);
}

// The kept state: sleeps, and sends a copy of itself into the race whenever it is restored. Returns in those copies.
void Lockstep::freeze(std::uint32_t slot) {
    Word& word = shared_.slot(slot);
    for (;;) {
        const std::uint32_t order = word.load();
        if (order == kLeave) {
            word.store(kFree);
            Keeper::leave();
        }
        if (order != kBranch) {
            futex_wait(word, order, nullptr);  // the keeper's death is ours, and the owner's is the keeper's
            continue;
        }
        word.store(kKeep);
        const Keeper::Side side = Keeper::branch();
        if (side == Keeper::Side::none) lifeline_.fail("cannot fork to restore a state");
        if (side == Keeper::Side::old) continue;
        std::copy(kept_.begin(), kept_.end(), shared_.telemetry());
        return publish();
    }
}

bool Lockstep::order(std::uint32_t slot, std::uint32_t order) {
    if (slot >= header_.slots || shared_.slot(slot).load() != kKeep) return false;
    shared_.slot(slot).store(order);
    futex_wake(shared_.slot(slot));
    return true;
}

// The kept state answers in our place.
void Lockstep::restore(std::uint32_t slot) {
    if (order(slot, kBranch)) Keeper::leave();
    publish(Verdict::refused);
}

void Lockstep::finish() {
    for (std::uint32_t car = 0; car < header_.cars; ++car) row(static_cast<int>(car))[record_.finished()] = 1;
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
