// SPDX-License-Identifier: GPL-2.0-or-later
#include "self_drive.h"

#include <unistd.h>

namespace racegym {
namespace {

constexpr float kSpeed = 60;  // km/h, slow enough for the bends of any track

}  // namespace

SelfDrive::SelfDrive(long ticks, Lifeline& lifeline) : ticks_(ticks), left_(ticks), lifeline_(lifeline) {
    client_.emplace();
    client_->extended = true;
    for (std::size_t i = 0; i < client_->angles.size(); ++i) client_->angles[i] = -90.0F + 10.0F * static_cast<float>(i);
}

void SelfDrive::post(const State& state) {
    if (left_ == ticks_) began_ = std::chrono::steady_clock::now();
    action_.steer = state.angle - 0.3F * state.trackPos;
    action_.accel = state.speedX < kSpeed ? 0.4F : 0.0F;
    action_.gear = state.speedX < 40 ? 1 : 2;
    action_.focus = kNoFocus;
}

std::optional<Action> SelfDrive::collect() {
    if (left_-- > 0) return action_;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    lifeline_.tell("rate " + std::to_string(static_cast<double>(ticks_) / took.count()));
    _exit(0);
}

}  // namespace racegym
