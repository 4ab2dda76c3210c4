// SPDX-License-Identifier: GPL-2.0-or-later
#include "corridor.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace racegym {
namespace {

enum Side { to_right, ahead, to_left, back };

// Where a ray leaves the cell: after `distance` by `side`.
struct Exit {
    double distance;
    Side side;
};

Exit leave(const Section& near, const Section& far, Point from, Point direction) {
    const Point corners[] = {near.right, far.right, far.left, near.left, near.right};  // counter-clockwise
    Exit exit{std::numeric_limits<double>::infinity(), ahead};
    for (const Side side : {to_right, ahead, to_left, back}) {
        const Point a = corners[side], b = corners[side + 1];
        const Point outward{b.y - a.y, a.x - b.x};
        const double speed = direction.x * outward.x + direction.y * outward.y;
        if (speed <= 0) continue;
        const double distance = ((a.x - from.x) * outward.x + (a.y - from.y) * outward.y) / speed;
        if (distance < exit.distance) exit = {distance, side};
    }
    return exit;
}

}  // namespace

double Corridor::cast(std::size_t cell, Point from, double heading, double reach) const {
    const Point direction{std::cos(heading), std::sin(heading)};
    const std::size_t count = sections_.size();
    for (std::size_t passed = 0; passed < count; ++passed) {
        const Exit exit = leave(sections_[cell], sections_[(cell + 1) % count], from, direction);
        if (exit.distance >= reach) return reach;
        if (exit.side == to_right || exit.side == to_left) return std::max(exit.distance, 0.0);
        cell = (exit.side == ahead ? cell + 1 : cell + count - 1) % count;
    }
    return reach;
}

}  // namespace racegym
