// SPDX-License-Identifier: GPL-2.0-or-later
#include "engine.h"

#include <dlfcn.h>

extern tRmInfo* ReInfo;  // of libraceengine

namespace racegym::engine {
namespace {

// The engine calls the robots when `now - last >= 0.02`, which rounding often misses by the last digits, so that a tick
// takes eleven steps. Setting `last` back by far less than a step, and far more than rounding, makes it ten.
constexpr double kNudge = 1e-7;  // s

struct Watch {
    tfSimUpdate update = nullptr;  // the simulator's own
    Step step = nullptr;
    After after = nullptr;
    bool exact_ticks = false;
} watched;

void update(tSituation* s, double dt, int telemetry) {
    const bool robots_called = ReInfo->_reLastTime == s->currentTime;
    watched.step(s, robots_called);
    if (robots_called && watched.exact_ticks) ReInfo->_reLastTime -= kNudge;
    watched.update(s, dt, telemetry);
    watched.after(s);
}

}  // namespace

bool in_console() { return ReInfo->_displayMode == RM_DISP_MODE_CONSOLE; }

void watch(Step step, After after, bool exact_ticks) {
    if (watched.update != nullptr) return;
    watched = {ReInfo->_reSimItf.update, step, after, exact_ticks};
    ReInfo->_reSimItf.update = update;
}

void unwatch() {
    if (watched.update != nullptr && ReInfo->_reSimItf.update == update) ReInfo->_reSimItf.update = watched.update;
    watched = {};
}

tTrack* track() { return ReInfo->track; }

void* simulator_symbol(const char* name) {
    Dl_info info;
    if (watched.update == nullptr || dladdr(reinterpret_cast<void*>(watched.update), &info) == 0) return nullptr;
    void* const module = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (module == nullptr) return nullptr;
    void* const symbol = dlsym(module, name);
    dlclose(module);
    return symbol;
}

void moved(const tCarElt& car) { ReInfo->_reCarInfo[car.index].prevTrkPos = car.pub.trkPos; }

}  // namespace racegym::engine
