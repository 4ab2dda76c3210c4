// SPDX-License-Identifier: GPL-2.0-or-later
// What one car tells its client each tick, and what the client answers: plain values, whatever the transport.
#ifndef RACEGYM_STATE_H
#define RACEGYM_STATE_H

#include <array>
#include <cstdint>
#include <optional>

#include "start.h"

namespace racegym {

constexpr int kBeams = 19;      // track range finders
constexpr int kSectors = 36;    // opponent sensors of 10 degrees each
constexpr int kFocusBeams = 5;  // focus range finders, one degree apart
constexpr int kWheels = 4;      // front right, front left, rear right, rear left
constexpr float kReach = 200;   // metres, range of every range finder
constexpr float kUnread = -1;   // a reading that could not be taken
constexpr int kNoFocus = 360;   // focus command: no reading wanted
constexpr int kOpenGear = 127;  // gear command: left to the expert

struct State {
    // The classic SCR signals.
    float angle = 0;  // rad, track tangent minus yaw
    float curLapTime = 0, lastLapTime = 0;  // s
    int damage = 0;
    float distFromStart = 0, distRaced = 0;  // m
    float fuel = 0;  // l
    int gear = 0, racePos = 0;
    std::array<float, kSectors> opponents{};  // m
    float rpm = 0;  // ten times the engine speed in rad/s
    float speedX = 0, speedY = 0, speedZ = 0;  // km/h, car frame
    std::array<float, kBeams> track{};  // m
    float trackPos = 0;  // +1 left edge, -1 right edge
    std::array<float, kWheels> wheelSpinVel{};  // rad/s
    float z = 0;  // m above the track
    std::array<float, kFocusBeams> focus{};  // m

    // The racegym extension, SI throughout.
    long tick = 0;  // robot calls since the first state of the race
    double totalTime = 0;  // s, negative before the green light
    int laps = 0;  // completed
    double bestLapTime = 0;  // s
    float x = 0, y = 0, posZ = 0;  // m, world
    float roll = 0, pitch = 0, yaw = 0;  // rad
    float yawRate = 0;  // rad/s
    std::array<float, 3> accel{};  // m/s^2, car frame
    float steerApplied = 0, throttleApplied = 0, brakeApplied = 0, clutchApplied = 0;
    bool collision = false;  // touched a wall or a car since the state before
    int wheelsOff = 0;  // wheels beside the main track
    bool finished = false;  // all laps done

    // What TORCS's own driver would do now, if there is one in the car.
    bool expert = false;
    float expertSteer = 0, expertThrottle = 0, expertBrake = 0, expertClutch = 0;
    int expertGear = 0;
};

struct Action {
    // NaN leaves a control to the expert, kOpenGear the gear.
    float accel = 0, brake = 0, steer = 0, clutch = 0;
    int gear = 1;  // SCR's default when the tag is missing
    int focus = 0;
    bool restart = false;  // meta == 1
    std::optional<long> tick;  // the state it answers, if the client said so
};

struct Identification {
    std::array<float, kBeams> angles{};  // degrees, clockwise positive
    bool extended = false;
    std::optional<std::uint64_t> seed;  // of this episode's sensor noise
    Start start;
};

}  // namespace racegym

#endif
