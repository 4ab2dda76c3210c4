// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"

#include <algorithm>
#include <cmath>

namespace racegym {
namespace {

constexpr double kWrecked = 10000;  // damage at which TORCS takes a car out
constexpr double kDegree = M_PI / 180;
constexpr double kKilometreAnHour = 1 / 3.6;  // m/s
constexpr double kRpm = 0.1;  // SCR's rpm is ten times the angular speed in rad/s

template <auto Member>
void one(const State& s, double* to) {
    *to = static_cast<double>(s.*Member);
}

template <auto Member>
void all(const State& s, double* to) {
    std::copy((s.*Member).begin(), (s.*Member).end(), to);
}

void position(const State& s, double* to) { to[0] = s.x, to[1] = s.y, to[2] = s.posZ; }

void velocity(const State& s, double* to) {
    to[0] = s.speedX * kKilometreAnHour, to[1] = s.speedY * kKilometreAnHour, to[2] = s.speedZ * kKilometreAnHour;
}

// Off the track the beams read -1 in SCR.
void rangefinders(const State& s, double* to) {
    for (const float reading : s.track) *to++ = std::max(static_cast<double>(reading), 0.0);
}

// SCR counts the right wheel of an axle first.
void wheel_speeds(const State& s, double* to) {
    constexpr std::size_t kOrder[] = {1, 0, 3, 2};
    for (const std::size_t wheel : kOrder) *to++ = s.wheelSpinVel[wheel];
}

const Reading kReadings[] = {
    {"time", 1, one<&State::totalTime>},
    {"position", 3, position},
    {"yaw", 1, [](const State& s, double* to) { *to = std::remainder(static_cast<double>(s.yaw), 2 * M_PI); }},
    {"pitch", 1, one<&State::pitch>},
    {"roll", 1, one<&State::roll>},
    {"speed", 1, [](const State& s, double* to) {
         *to = std::hypot(s.speedX * kKilometreAnHour, s.speedY * kKilometreAnHour);
     }},
    {"velocity", 3, velocity},
    {"acceleration", 3, all<&State::accel>},
    {"yaw_rate", 1, one<&State::yawRate>},
    {"heading_error", 1, [](const State& s, double* to) { *to = -static_cast<double>(s.angle); }},
    {"track_position", 1, one<&State::trackPos>},
    {"distance", 1, one<&State::distRaced>},
    {"lap_distance", 1, one<&State::distFromStart>},
    {"rangefinders", kBeams, rangefinders},
    {"opponents", kSectors, all<&State::opponents>},
    {"focus", kFocusBeams, all<&State::focus>},
    {"race_position", 1, one<&State::racePos>},
    {"engine_speed", 1, [](const State& s, double* to) { *to = s.rpm * kRpm; }},
    {"gear", 1, one<&State::gear>},
    {"wheel_speeds", kWheels, wheel_speeds},
    {"steer", 1, one<&State::steerApplied>},
    {"throttle", 1, one<&State::throttleApplied>},
    {"brake", 1, one<&State::brakeApplied>},
    {"clutch", 1, one<&State::clutchApplied>},
    {"fuel", 1, one<&State::fuel>},
    {"damage", 1, [](const State& s, double* to) { *to = std::min(s.damage / kWrecked, 1.0); }},
    {"collision", 1, one<&State::collision>},
    {"height", 1, one<&State::z>},
    {"laps", 1, one<&State::laps>},
    {"lap_time", 1, one<&State::curLapTime>},
    {"last_lap_time", 1, one<&State::lastLapTime>},
    {"best_lap_time", 1, one<&State::bestLapTime>},
    {"off_track", 1, [](const State& s, double* to) { *to = std::fabs(s.trackPos) > 1; }},
    {"finished", 1, one<&State::finished>},
    {"expert_steer", 1, one<&State::expertSteer>, true},
    {"expert_throttle", 1, one<&State::expertThrottle>, true},
    {"expert_brake", 1, one<&State::expertBrake>, true},
    {"expert_clutch", 1, one<&State::expertClutch>, true},
    {"expert_gear", 1, one<&State::expertGear>, true},
};

}  // namespace

Record::Record(const Layout& layout) : width_(layout.telemetry.width), control_width_(layout.controls.width) {
    for (const Reading& reading : kReadings)
        slots_.push_back({&reading, layout.telemetry.column(reading.name, reading.size)});
    time_ = layout.telemetry.column("time", 1);
    collision_ = layout.telemetry.column("collision", 1);
    finished_ = layout.telemetry.column("finished", 1);
    steer_ = layout.controls.column("steer", 1);
    throttle_ = layout.controls.column("throttle", 1);
    brake_ = layout.controls.column("brake", 1);
    clutch_ = layout.controls.column("clutch", 1);
    gear_ = layout.controls.column("gear", 1);
    focus_ = layout.controls.column("focus", 1);
}

void Record::write(const State& state, double* row) const {
    for (const Slot& slot : slots_)
        if (state.expert || !slot.reading->of_expert) slot.reading->write(state, row + slot.column);
}

Action Record::read(const double* row) const {
    Action action;
    action.steer = static_cast<float>(row[steer_]);
    action.accel = static_cast<float>(row[throttle_]);
    action.brake = static_cast<float>(row[brake_]);
    action.clutch = static_cast<float>(row[clutch_]);
    action.gear = std::isnan(row[gear_]) ? kOpenGear : static_cast<int>(std::lround(row[gear_]));
    action.focus = std::isnan(row[focus_]) ? kNoFocus : -static_cast<int>(std::lround(row[focus_] / kDegree));
    return action;
}

}  // namespace racegym
