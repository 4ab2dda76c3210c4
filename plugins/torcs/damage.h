// SPDX-License-Identifier: GPL-2.0-or-later
// Damage that is shown and has no effect, as SCR's -nodamage has it: counted, and repaired after each physics step.
#ifndef RACEGYM_DAMAGE_H
#define RACEGYM_DAMAGE_H

#include <car.h>
#include <raceman.h>

namespace racegym::damage {

// From now on no car of the race keeps its damage; from the first physics step on, until end().
void pretend(bool wanted);
void end();

// What the car's driver is told: points.
int shown(const tCarElt& car);

// To be called after each physics step.
void after_step(tSituation* s);

}  // namespace racegym::damage

#endif
