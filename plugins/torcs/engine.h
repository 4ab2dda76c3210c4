// SPDX-License-Identifier: GPL-2.0-or-later
// The race engine's own state, reached without a patch: its exported `ReInfo` and the table of its simulator.
#ifndef RACEGYM_ENGINE_H
#define RACEGYM_ENGINE_H

#include <raceman.h>

namespace racegym::engine {

// Whether the race runs without a window: one thread and no OpenGL, so that the process may fork.
bool in_console();

// Called at the beginning of each physics step, after the robots of that step, with whether they were called.
using Step = void (*)(tSituation* s, bool robots_called);

// Puts `step` in front of the simulator's update and, with `exact_ticks`, makes the robots' calls exactly ten
// physics steps apart. Does nothing the second time.
void watch(Step step, bool exact_ticks);

// Takes it out again.
void unwatch();

}  // namespace racegym::engine

#endif
