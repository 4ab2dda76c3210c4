// SPDX-License-Identifier: GPL-2.0-or-later
// The little of a track segment that range finders look at.
#ifndef RACEGYM_SEGMENT_H
#define RACEGYM_SEGMENT_H

namespace racegym {

enum class Bend { straight, left, right };

struct Segment {
    Bend bend = Bend::straight;
    float length = 0;       // m along the middle
    float width = 0;        // m at its start; changes inside a segment are ignored
    float arc = 0;          // rad, turns only
    float radius_left = 0;  // m of the left edge, turns only
    float radius_right = 0;
    const Segment* next = nullptr;
    const Segment* prev = nullptr;

    // Where a ray that comes backwards enters: metres on a straight, radians in a turn.
    float end() const { return bend == Bend::straight ? length : arc; }
};

}  // namespace racegym

#endif
