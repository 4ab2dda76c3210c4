// SPDX-License-Identifier: GPL-2.0-or-later
#include "progress.h"

#include <cstdio>
#include <string>

namespace racegym {
namespace {

constexpr std::chrono::milliseconds kPause(500);

template <typename... Values>
std::string text(const char* format, Values... values) {
    char line[200];
    std::snprintf(line, sizeof line, format, values...);
    return line;
}

}  // namespace

void Progress::met(int index) {
    if (wanted_) lifeline_.hint(text("client %d", index));
}

void Progress::see(int index, const State& state) {
    if (wanted_) states_[index] = state;
}

void Progress::tick(long tick, double time) {
    if (!wanted_ || Clock::now() < next_) return;
    next_ = Clock::now() + kPause;
    std::string line = text("now %ld %.3f", tick, time);
    for (const auto& [index, state] : states_)
        line += text(" %d:%d:%.1f:%d:%d", index, state.laps, static_cast<double>(state.distRaced), state.racePos,
                     state.damage);
    lifeline_.hint(line);
}

void Progress::result(int index, double time) {
    const auto found = states_.find(index);
    if (!wanted_ || found == states_.end()) return;
    const State& state = found->second;
    lifeline_.hint(text("result %d %d %d %.3f %.3f %d %.3f", index, state.racePos, state.laps, time, state.bestLapTime,
                        state.damage, static_cast<double>(state.distRaced)));
}

}  // namespace racegym
