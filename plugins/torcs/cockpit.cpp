// SPDX-License-Identifier: GPL-2.0-or-later
#include "cockpit.h"

#include <robottools.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "damage.h"
#include "opponents.h"
#include "rangefinder.h"

namespace racegym {
namespace {

// The lowest bit is set by walls and by a suspension that bottoms out, which does not count as touching something.
bool touched(int bits) {
    const bool bottomed = (bits & SEM_COLLISION_Z) != 0;
    return (bits & (SEM_COLLISION_XYSCENE | SEM_COLLISION_CAR)) != 0 || ((bits & SEM_COLLISION) != 0 && !bottomed);
}

// As the engine takes a control in.
float clipped(float control, float low) { return std::isfinite(control) ? std::clamp(control, low, 1.0F) : 0.0F; }

// Whether the client decided this control itself.
bool set(float& control, float wanted) {
    if (std::isnan(wanted)) return false;
    control = wanted;
    return true;
}

float kilometres_an_hour(float speed) { return static_cast<float>(speed * 3.6); }

float heading_error(tTrkLocPos& place, float yaw) {
    float angle = RtTrackSideTgAngleL(&place) - yaw;
    NORM_PI_PI(angle);
    return angle;
}

}  // namespace

Cockpit::Cockpit(tCarElt* car, const Circuit& circuit, float track_length, NoiseLevels noise, Expert* expert)
    : car_(car), circuit_(circuit), track_length_(track_length), noise_(noise), expert_(expert) {}

State Cockpit::sense(tSituation& s, long tick) {
    State state;
    state.tick = tick;
    sense_scalars(state);
    sense_ranges(state);
    sense_opponents(s, state);
    sense_extension(s, state);
    if (expert_ != nullptr) consult(s, state);
    car_->priv.collision = 0;  // the engine only adds to it; clearing is the consumers' part, and experts read it too
    return state;
}

void Cockpit::sense_scalars(State& state) {
    state.angle = heading_error(car_->_trkPos, car_->_yaw);
    state.curLapTime = static_cast<float>(car_->_curLapTime);
    state.lastLapTime = static_cast<float>(car_->_lastLapTime);
    state.damage = damage::shown(*car_);
    state.distFromStart = car_->_distFromStartLine;
    state.distRaced = raced_ += distance_since_last();
    state.fuel = car_->_fuel;
    state.gear = car_->_gear;
    state.racePos = car_->_pos;
    state.rpm = car_->_enginerpm * 10;
    state.speedX = kilometres_an_hour(car_->_speed_x);
    state.speedY = kilometres_an_hour(car_->_speed_y);
    state.speedZ = kilometres_an_hour(car_->_speed_z);
    state.trackPos = 2 * car_->_trkPos.toMiddle / car_->_trkPos.seg->width;
    for (int i = 0; i < kWheels; ++i) state.wheelSpinVel[static_cast<std::size_t>(i)] = car_->_wheelSpinVel(i);
    state.z = car_->_pos_Z - RtTrackHeightL(&car_->_trkPos);
}

// SCR sums up the distance itself, in single precision; a jump of more than 100 m is the start line.
float Cockpit::distance_since_last() {
    const float distance = car_->_distFromStartLine;
    if (last_distance_ < 0) last_distance_ = distance;
    float driven = distance - last_distance_;
    last_distance_ = distance;
    if (driven > 100) driven -= track_length_;
    if (driven < -100) driven += track_length_;
    return driven;
}

void Cockpit::sense_ranges(State& state) {
    state.track.fill(kUnread);
    state.focus.fill(kUnread);
    if (!(state.trackPos <= 1 && state.trackPos >= -1)) return;
    tTrkLocPos& at = car_->_trkPos;
    const Place place{&circuit_.at(at.seg), at.toLeft, at.toStart, RtTrackSideTgAngleL(&at), car_->_yaw};
    const auto range = [&](float beam) {
        return clean_ == nullptr ? rangefinder(place, beam, kReach) : clean_->read(*car_, beam, kReach);
    };
    for (std::size_t i = 0; i < state.track.size(); ++i) state.track[i] = range(angles_[i]);
    noise_.disturb(state.track, noise_.levels().track);
    if (!focus_.due(car_->_curLapTime + car_->_curTime)) return;
    for (std::size_t i = 0; i < state.focus.size(); ++i) state.focus[i] = range(focus_.beam(static_cast<int>(i)));
    noise_.disturb(state.focus, noise_.levels().focus);
}

void Cockpit::sense_opponents(const tSituation& s, State& state) {
    Opponents opponents(car_->_pos_X, car_->_pos_Y, car_->_yaw);
    for (int i = 0; i < s._ncars; ++i)
        if (s.cars[i] != car_) opponents.see(s.cars[i]->_pos_X, s.cars[i]->_pos_Y);
    state.opponents = opponents.readings();
    noise_.disturb(state.opponents, noise_.levels().opponents);
}

void Cockpit::sense_extension(const tSituation& s, State& state) {
    state.totalTime = s.currentTime;
    state.laps = std::max(car_->_laps - 1, 0);  // the engine counts the first crossing of the line too
    state.bestLapTime = car_->_bestLapTime;
    const tPosd& pose = car_->_DynGC.pos;
    state.x = pose.x, state.y = pose.y, state.posZ = pose.z;
    state.roll = pose.ax, state.pitch = pose.ay, state.yaw = pose.az;
    state.yawRate = car_->_yaw_rate;
    state.accel = {car_->_accel_x, car_->_accel_y, car_->_accel_z};
    state.steerApplied = car_->_steerCmd;
    state.throttleApplied = car_->_accelCmd;
    state.brakeApplied = car_->_brakeCmd;
    state.clutchApplied = car_->_clutchCmd;
    state.collision = touched(car_->priv.collision);
    for (int i = 0; i < kWheels; ++i) state.wheelsOff += car_->_wheelSeg(i)->type2 != TR_MAIN;
    state.finished = (car_->_state & RM_CAR_STATE_FINISH) != 0 && (car_->_state & RM_CAR_STATE_DNF) == 0;
}

void Cockpit::consult(tSituation& s, State& state) {
    if (driven()) {
        expert_->drive(car_, &s);
        choice_ = car_->ctrl;
    }
    state.expert = true;
    state.expertSteer = clipped(choice_.steer, -1);
    state.expertThrottle = clipped(choice_.accelCmd, 0);
    state.expertBrake = clipped(choice_.brakeCmd, 0);
    state.expertClutch = clipped(choice_.clutchCmd, 0);
    state.expertGear = choice_.gear;
}

void Cockpit::obey(const Action& action) {
    if (expert_ != nullptr) car_->ctrl = choice_;
    bool meddled = expert_ == nullptr || action.gear != kOpenGear;
    if (meddled) car_->_gearCmd = action.gear;
    meddled |= set(car_->_accelCmd, action.accel);
    meddled |= set(car_->_brakeCmd, action.brake);
    meddled |= set(car_->_steerCmd, action.steer);
    meddled |= set(car_->_clutchCmd, action.clutch);
    if (meddled) car_->_raceCmd = RM_CMD_NONE;  // an expert finds its pit only when it drives alone
    focus_.aim(action.focus);
}

void Cockpit::hold(tSituation& s) {
    if (expert_ != nullptr) return expert_->drive(car_, &s);
    Action still;
    still.brake = 1;
    still.gear = 0;
    obey(still);
}

}  // namespace racegym
