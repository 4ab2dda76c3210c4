// SPDX-License-Identifier: GPL-2.0-or-later
// Restart without the engine's help: a process stays behind on the start line and sends a copy of itself into each
// race.
#ifndef RACEGYM_KEEPER_H
#define RACEGYM_KEEPER_H

#include "lifeline.h"

namespace racegym {

class Keeper {
public:
    explicit Keeper(Lifeline& lifeline) : lifeline_(lifeline) {}

    // Forks. Returns in the child, once for every race, with the number of the race (0, 1, ...); the caller's process
    // itself never returns: it waits, forks again when a child asked for it, and ends as the child ended otherwise.
    // The process must have one thread only.
    unsigned hold_start_line();

    // Ends the child so that the keeper sends the next one.
    [[noreturn]] static void start_over();

private:
    int wait_for(int child, int alive);

    Lifeline& lifeline_;
};

}  // namespace racegym

#endif
