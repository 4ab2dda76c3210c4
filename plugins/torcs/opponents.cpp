// SPDX-License-Identifier: GPL-2.0-or-later
#include "opponents.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace racegym {
namespace {
constexpr double kDegrees = 180 / 3.14159265358979323846;
constexpr double kSectorWidth = 360.0 / kSectors;
}  // namespace

Opponents::Opponents(float x, float y, float yaw) : x_(x), y_(y), yaw_(yaw * kDegrees) { readings_.fill(kReach); }

void Opponents::see(float x, float y) {
    const double dx = x - x_, dy = y - y_;
    const auto distance = static_cast<float>(std::sqrt(dx * dx + dy * dy));
    if (distance == 0 || distance >= kReach) return;
    double bearing = yaw_ - std::atan2(dy, dx) * kDegrees;  // clockwise from the nose
    while (bearing > 180) bearing -= 360;
    while (bearing < -180) bearing += 360;
    const auto sector = std::min(static_cast<std::size_t>((180 + bearing) / kSectorWidth), readings_.size() - 1);
    readings_[sector] = std::min(readings_[sector], distance);
}

}  // namespace racegym
