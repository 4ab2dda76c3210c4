// SPDX-License-Identifier: GPL-2.0-or-later
// How the race goes, told to the owner who wants to show it: one line each half second, and one for each result.
#ifndef RACEGYM_PROGRESS_H
#define RACEGYM_PROGRESS_H

#include <chrono>
#include <map>

#include "lifeline.h"
#include "state.h"

namespace racegym {

class Progress {
public:
    Progress(Lifeline& lifeline, bool wanted) : lifeline_(lifeline), wanted_(wanted) {}

    // `client <index>`: the car's client has identified itself.
    void met(int index);

    // Takes note of a car's state.
    void see(int index, const State& state);

    // `now <tick> <race time>` and for each car `<index>:<laps>:<distance raced>:<position>:<damage>`, when due.
    void tick(long tick, double time);

    // `result <index> <position> <laps> <race time> <best lap> <damage> <distance raced>`
    void result(int index, double time);

private:
    using Clock = std::chrono::steady_clock;

    Lifeline& lifeline_;
    bool wanted_;
    std::map<int, State> states_;
    Clock::time_point next_;
};

}  // namespace racegym

#endif
