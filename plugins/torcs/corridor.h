// SPDX-License-Identifier: GPL-2.0-or-later
// A closed road in plan as a ring of cross-sections, and rays in it: the range finders' true geometry.
#ifndef RACEGYM_CORRIDOR_H
#define RACEGYM_CORRIDOR_H

#include <cstddef>
#include <utility>
#include <vector>

namespace racegym {

struct Point {
    double x = 0, y = 0;  // m, world
};

// From the right to the left edge, in driving direction. Cell i lies between section i and the next one.
struct Section {
    Point right, left;
};

class Corridor {
public:
    explicit Corridor(std::vector<Section> sections) : sections_(std::move(sections)) {}

    // Metres along a ray from `from`, which lies in `cell`, to the edge it leaves by; at most `reach`. `heading` is
    // in rad, counter-clockwise from the x axis. A point a little outside of its cell counts as on its border.
    double cast(std::size_t cell, Point from, double heading, double reach) const;

private:
    std::vector<Section> sections_;
};

}  // namespace racegym

#endif
