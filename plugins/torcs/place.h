// SPDX-License-Identifier: GPL-2.0-or-later
// Puts a car that stands on the grid somewhere else, as if it had come rolling.
#ifndef RACEGYM_PLACE_H
#define RACEGYM_PLACE_H

#include <car.h>

#include "start.h"

namespace racegym {

// Moves the record of the car and what the simulator knows of it. The suspension stays as it has settled, wheels,
// engine and gear turn with the speed. Returns what went wrong, or null.
const char* place(tCarElt& car, const Start& start);

}  // namespace racegym

#endif
