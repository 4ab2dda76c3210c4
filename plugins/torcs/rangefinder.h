// SPDX-License-Identifier: GPL-2.0-or-later
// SCR's track range finders: a ray marched segment by segment through the plan of the track.
#ifndef RACEGYM_RANGEFINDER_H
#define RACEGYM_RANGEFINDER_H

#include "segment.h"

namespace racegym {

struct Place {
    const Segment* segment = nullptr;
    float to_left = 0;   // m to the left edge
    float to_start = 0;  // m on a straight, rad in a turn
    float tangent = 0;   // rad, direction of the track here
    float yaw = 0;       // rad, direction of the car
};

// Metres from `place` to the track's edge along `beam` degrees clockwise from the nose, at most `reach`.
//
// Follows the original server to the last bit where it can: single precision throughout, double precision only where
// an expression there held pi, and its known flaws (turns of more than 90 degrees in one segment, beams inward and
// backward that pass the inner edge, segments of changing width) are kept, so that policies see what they were trained
// with. Clean geometry is what the exported track is for.
float rangefinder(const Place& place, float beam, float reach);

}  // namespace racegym

#endif
