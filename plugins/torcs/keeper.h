// SPDX-License-Identifier: GPL-2.0-or-later
// Restart without the engine's help: a process stays behind on the start line and sends a copy of itself into each
// race. All processes of a race are its children: the one that drives, and the states kept of it.
#ifndef RACEGYM_KEEPER_H
#define RACEGYM_KEEPER_H

#include <csignal>
#include <functional>
#include <utility>

#include "lifeline.h"

namespace racegym {

class Keeper {
public:
    // `companion`, if any, runs in a process of its own beside all races and never returns; its end is the keeper's.
    explicit Keeper(Lifeline& lifeline, std::function<void()> companion = nullptr)
        : lifeline_(lifeline), companion_(std::move(companion)) {}

    // Forks. Returns in the child, once for every race, with the number of the race (0, 1, ...); the caller's process
    // itself never returns: it waits, forks again when a child asked for it, and ends as any child ended otherwise.
    // The process must have one thread only.
    unsigned hold_start_line();

    // Ends the child so that the keeper sends the next one.
    [[noreturn]] static void start_over();

    enum class Side { old, twin, none };

    // Forks a child of the keeper, not of the caller; none: there cannot be another process.
    static Side branch();

    // Ends the child, and nothing follows from it.
    [[noreturn]] static void leave();

private:
    bool wait_for_next(int children);
    void send_companion(int children, const sigset_t& before);

    Lifeline& lifeline_;
    std::function<void()> companion_;
};

}  // namespace racegym

#endif
