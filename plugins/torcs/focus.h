// SPDX-License-Identifier: GPL-2.0-or-later
// SCR's focus sensor: when its five beams may be read, and where they point.
#ifndef RACEGYM_FOCUS_H
#define RACEGYM_FOCUS_H

#include "state.h"

namespace racegym {

class Focus {
public:
    // `degrees` clockwise from the nose; outside -90..90 means that no reading is wanted.
    void aim(int degrees) { command_ = degrees < -90 || degrees > 90 ? kNoFocus : degrees; }

    // Whether a reading is due at `race_time` seconds; if so the next one is a second away.
    bool due(double race_time) {
        if (command_ == kNoFocus || ready_at_ > race_time) return false;
        ready_at_ = static_cast<float>(race_time + 1.0);
        return true;
    }

    // Degrees clockwise of beam 0..4.
    float beam(int index) const { return static_cast<float>(command_ + index - 2.0); }

private:
    int command_ = 0;
    float ready_at_ = 0;  // SCR keeps it in single precision, so that some readings come a tick earlier or later
};

}  // namespace racegym

#endif
