// SPDX-License-Identifier: GPL-2.0-or-later
// The race engine's own state, reached without a patch: its exported `ReInfo` and the table of its simulator.
#ifndef RACEGYM_ENGINE_H
#define RACEGYM_ENGINE_H

#include <car.h>
#include <raceman.h>

namespace racegym::engine {

// Whether the race runs without a window: one thread and no OpenGL, so that the process may fork.
bool in_console();

// Called at the beginning of each physics step, after the robots of that step, with whether they were called.
using Step = void (*)(tSituation* s, bool robots_called);
using After = void (*)(tSituation* s);

// Puts `step` in front of the simulator's update, `after` behind it and, with `exact_ticks`, makes the robots' calls exactly ten
// physics steps apart. Does nothing the second time.
void watch(Step step, After after, bool exact_ticks);

// Takes it out again.
void unwatch();

tTrack* track();

// A symbol of the simulator's module, once it is watched; null if it has none of that name.
void* simulator_symbol(const char* name);

// Makes the engine take the car's present place for the one before, so that it has crossed no line to get there.
void moved(const tCarElt& car);

}  // namespace racegym::engine

#endif
