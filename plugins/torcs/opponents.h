// SPDX-License-Identifier: GPL-2.0-or-later
// SCR's opponent sensors: 36 sectors of 10 degrees around the car, each the distance to the nearest other car's centre.
#ifndef RACEGYM_OPPONENTS_H
#define RACEGYM_OPPONENTS_H

#include <array>

#include "state.h"

namespace racegym {

class Opponents {
public:
    // Sector 0 lies straight behind, 9 is left, 17 and 18 are ahead, 27 is right.
    Opponents(float x, float y, float yaw);

    // Adds a car whose centre is at (x, y) metres, in the world.
    void see(float x, float y);

    const std::array<float, kSectors>& readings() const { return readings_; }

private:
    float x_, y_;
    double yaw_;  // degrees
    std::array<float, kSectors> readings_;
};

}  // namespace racegym

#endif
