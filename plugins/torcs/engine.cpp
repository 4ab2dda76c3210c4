// SPDX-License-Identifier: GPL-2.0-or-later
#include "engine.h"

extern tRmInfo* ReInfo;  // of libraceengine

namespace racegym::engine {
namespace {

// The engine calls the robots when `now - last >= 0.02`, which rounding often misses by the last digits, so that a tick
// takes eleven steps. Setting `last` back by far less than a step, and far more than rounding, makes it ten.
constexpr double kNudge = 1e-7;  // s

struct Watch {
    tfSimUpdate update = nullptr;  // the simulator's own
    Step step = nullptr;
    bool exact_ticks = false;
} watched;

void update(tSituation* s, double dt, int telemetry) {
    const bool robots_called = ReInfo->_reLastTime == s->currentTime;
    watched.step(s, robots_called);
    if (robots_called && watched.exact_ticks) ReInfo->_reLastTime -= kNudge;
    watched.update(s, dt, telemetry);
}

}  // namespace

bool in_console() { return ReInfo->_displayMode == RM_DISP_MODE_CONSOLE; }

void watch(Step step, bool exact_ticks) {
    if (watched.update != nullptr) return;
    watched = {ReInfo->_reSimItf.update, step, exact_ticks};
    ReInfo->_reSimItf.update = update;
}

void unwatch() {
    if (watched.update != nullptr && ReInfo->_reSimItf.update == update) ReInfo->_reSimItf.update = watched.update;
    watched = {};
}

}  // namespace racegym::engine
