// SPDX-License-Identifier: GPL-2.0-or-later
#include "corridor.h"

#include <algorithm>
#include <cmath>

#include "check.h"

using namespace racegym;

namespace {

constexpr double kPi = 3.14159265358979323846;

// Round the origin, counter-clockwise, between the radii 90 and 110 m.
Corridor ring() {
    std::vector<Section> sections;
    for (int i = 0; i < 720; ++i) {
        const double angle = i * kPi / 360;
        sections.push_back({{110 * std::cos(angle), 110 * std::sin(angle)}, {90 * std::cos(angle), 90 * std::sin(angle)}});
    }
    return Corridor(sections);
}

// Distance from (100, 0) to the circle of this radius, the nearer crossing ahead.
double circle(double heading, double radius) {
    const double along = 100 * std::cos(heading), root = along * along - 100 * 100 + radius * radius;
    if (root < 0) return 1e9;
    const double near = -along - std::sqrt(root), far = -along + std::sqrt(root);
    return near > 0 ? near : far > 0 ? far : 1e9;
}

}  // namespace

TEST(rays_in_a_ring_end_at_its_circles_in_every_direction) {
    const Corridor corridor = ring();
    for (int degrees = -180; degrees < 180; degrees += 7) {
        const double heading = degrees * kPi / 180;
        const double wanted = std::min({circle(heading, 90), circle(heading, 110), 200.0});
        NEAR(corridor.cast(0, {100, 0}, heading, 200), wanted, 0.05);
    }
}

TEST(a_ray_is_cut_off_at_its_reach) {
    EQUAL(ring().cast(0, {100, 0}, kPi / 2, 20), 20.0);
}

TEST(a_point_on_the_edge_looks_outward_over_nothing) {
    NEAR(ring().cast(0, {110.001, 0.01}, 0, 200), 0.0, 0.002);
}
