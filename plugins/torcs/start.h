// SPDX-License-Identifier: GPL-2.0-or-later
// Where and how fast a car begins its race.
#ifndef RACEGYM_START_H
#define RACEGYM_START_H

#include <cmath>
#include <limits>

namespace racegym {

// NaN: as the grid has it.
struct Start {
    double distance = std::numeric_limits<double>::quiet_NaN();  // m along the middle from the start line, any sign
    double offset = std::numeric_limits<double>::quiet_NaN();    // half track widths, +1 is the left edge
    double heading = std::numeric_limits<double>::quiet_NaN();   // rad from the track's direction, + left
    double speed = std::numeric_limits<double>::quiet_NaN();     // m/s, forward

    bool wanted() const {
        return !(std::isnan(distance) && std::isnan(offset) && std::isnan(heading) && std::isnan(speed));
    }
};

}  // namespace racegym

#endif
