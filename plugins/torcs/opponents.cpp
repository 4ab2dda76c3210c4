// SPDX-License-Identifier: GPL-2.0-or-later
#include "opponents.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace racegym {
namespace {
constexpr double kPi = 3.14159265358979323846;
constexpr double kSectorWidth = 360.0 / kSectors;

double degrees(float radians) { return radians * 180 / kPi; }

// Counter-clockwise from the x axis, degrees. In single precision and quadrant by quadrant, as SCR has it: a car on
// the border of two sectors must fall into the same one.
double direction(float dx, float dy) {
    const double slope = degrees(std::atan(dy / dx));
    if (dx >= 0) return slope;
    return dy >= 0 ? 180 + slope : -180 + slope;
}

}  // namespace

Opponents::Opponents(float x, float y, float yaw) : x_(x), y_(y), yaw_(degrees(yaw)) { readings_.fill(kReach); }

void Opponents::see(float x, float y) {
    const double dx = x - x_, dy = y - y_;
    const auto distance = static_cast<float>(std::sqrt(dx * dx + dy * dy));
    if (distance == 0 || distance >= kReach) return;
    double bearing = yaw_ - direction(static_cast<float>(dx), static_cast<float>(dy));  // clockwise from the nose
    if (bearing >= 180) bearing -= 360;
    if (bearing <= -180) bearing += 360;
    const auto sector = std::min(static_cast<std::size_t>((180 + bearing) / kSectorWidth), readings_.size() - 1);
    readings_[sector] = std::min(readings_[sector], distance);
}

}  // namespace racegym
