// SPDX-License-Identifier: GPL-2.0-or-later
#include "rangefinder.h"

#include <vector>

#include "check.h"
#include "state.h"

using namespace racegym;

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kPieces = 8;
constexpr double kLength = 150, kRadius = 60, kWidth = 12;

// Two straights and two half circles, driven anticlockwise (or clockwise): the points at kRadius around a line of
// kLength. The first straight begins at the origin and runs along x; a half circle is eight segments.
std::vector<Segment> stadium(Bend bend) {
    const float near = kRadius - kWidth / 2, far = kRadius + kWidth / 2;
    const Segment straight{Bend::straight, kLength, kWidth, 0, 0, 0, nullptr, nullptr};
    const Segment turn{bend,
                       static_cast<float>(kRadius * kPi / kPieces),
                       kWidth,
                       static_cast<float>(kPi / kPieces),
                       bend == Bend::left ? near : far,
                       bend == Bend::left ? far : near,
                       nullptr,
                       nullptr};
    std::vector<Segment> all;
    for (int side = 0; side < 2; ++side) {
        all.push_back(straight);
        all.insert(all.end(), static_cast<std::size_t>(kPieces), turn);
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].next = &all[(i + 1) % all.size()];
        all[i].prev = &all[(i + all.size() - 1) % all.size()];
    }
    return all;
}

// Metres from (x, y) to the track's edge in direction `heading`, by sphere tracing: inside the track no edge is nearer
// than half the width less the distance from the middle.
double traced(Bend bend, double x, double y, double heading) {
    const double axis = bend == Bend::left ? kRadius : -kRadius;
    double way = 0;
    while (way < kReach) {
        const double px = x + way * std::cos(heading), py = y + way * std::sin(heading) - axis;
        const double past = std::fmax(0, std::fmax(-px, px - kLength));
        const double gap = kWidth / 2 - std::fabs(std::hypot(past, py) - kRadius);
        if (gap < 1e-7) break;
        way += gap;
    }
    return std::fmin(way, kReach);
}

struct Spot {
    Place place;
    double x, y;
};

// `along` is metres on the first straight (segment 0) or radians in the first turn (segment 1); `offset` metres left.
Spot spot(const std::vector<Segment>& track, int segment, double along, double offset, double slant) {
    const bool left = track[1].bend == Bend::left;
    const double tangent = segment == 0 ? 0 : left ? along : -along;
    const double side = left ? 1 : -1;
    const double r = kRadius - side * offset;
    const double x = segment == 0 ? along : kLength + r * std::sin(along);
    const double y = segment == 0 ? offset : side * (kRadius - r * std::cos(along));
    return {{&track[static_cast<std::size_t>(segment)], static_cast<float>(kWidth / 2 - offset),
             static_cast<float>(along), static_cast<float>(tangent), static_cast<float>(tangent + slant)},
            x, y};
}

}  // namespace

TEST(on_a_straight_beams_measure_the_edges) {
    const auto track = stadium(Bend::left);
    const Place place = spot(track, 0, 20, 2, 0).place;
    NEAR(rangefinder(place, -90, kReach), 4, 1e-4);
    NEAR(rangefinder(place, 90, kReach), 8, 1e-4);
    NEAR(rangefinder(place, -30, kReach), 8, 1e-4);
    NEAR(rangefinder(place, 150, kReach), 16, 1e-4);
}

TEST(a_beam_that_meets_nothing_reads_its_reach) {
    auto track = stadium(Bend::left);
    track[0].length = 1000;
    const Place place{&track[0], 6, 0, 0, 0};
    EQUAL(rangefinder(place, 0, kReach), kReach);
    EQUAL(rangefinder(place, 0, 100), 100.0F);
}

TEST(the_march_agrees_with_true_geometry_for_all_beams_ahead) {
    for (const Bend bend : {Bend::left, Bend::right}) {
        const auto track = stadium(bend);
        for (const int segment : {0, 1})
            for (const double along : {0.02, 0.1, 0.2, 0.3, 0.38})
                for (const double offset : {-5.0, -1.0, 0.0, 3.0})
                    for (const double slant : {-0.3, 0.0, 0.2})
                        for (int beam = -70; beam <= 70; beam += 7) {
                            const auto at = spot(track, segment, segment == 0 ? along * 390 : along, offset, slant);
                            const double heading = static_cast<double>(at.place.yaw) - beam * kPi / 180;
                            NEAR(rangefinder(at.place, static_cast<float>(beam), kReach),
                                 traced(bend, at.x, at.y, heading), 0.02);
                        }
    }
}

TEST(the_march_agrees_with_true_geometry_backwards_on_a_straight) {
    for (const Bend bend : {Bend::left, Bend::right}) {
        const auto track = stadium(bend);
        for (int beam = 100; beam <= 260; beam += 20) {
            const auto at = spot(track, 0, 140, 1, 0);
            NEAR(rangefinder(at.place, static_cast<float>(beam), kReach),
                 traced(bend, at.x, at.y, -beam * kPi / 180), 0.02);
        }
    }
}
