// SPDX-License-Identifier: GPL-2.0-or-later
#include "place.h"

#include <carstruct.h>
#include <robottools.h>

#include <cmath>
#include <initializer_list>

#include "engine.h"

namespace racegym {
namespace {

// Highest share of the rev limiter at which a car starts.
constexpr float kRevs = 0.75F;

double known(double wanted, double grid) { return std::isnan(wanted) ? grid : wanted; }

float distance_of(const tTrkLocPos& at) {
    return at.seg->lgfromstart + (at.seg->type == TR_STR ? at.toStart : at.toStart * at.seg->radius);
}

// The place `distance` m along the middle from the start line, `offset` half widths to the left of it.
tTrkLocPos find(tTrack& track, double distance, double offset) {
    const float length = track.length;
    float along = static_cast<float>(std::fmod(distance, static_cast<double>(length)));
    if (along < 0) along += length;
    if (along >= length) along = 0;
    tTrackSeg* seg = track.seg->next;  // track.seg is the last one
    while (seg != track.seg && along >= seg->lgfromstart + seg->length) seg = seg->next;
    tTrkLocPos at{};
    at.seg = seg;
    at.type = TR_LPOS_MAIN;
    at.toStart = along - seg->lgfromstart;
    if (seg->type != TR_STR) at.toStart /= seg->radius;
    const float half = RtTrackGetWidth(seg, at.toStart) / 2;
    at.toMiddle = static_cast<float>(offset) * seg->width / 2;  // as the sensor of the track position has it
    at.toLeft = half - at.toMiddle;
    at.toRight = half + at.toMiddle;
    return at;
}

// How far a car of this yaw is tilted by the road: roll to the right side down, pitch to the nose down.
struct Tilt {
    float roll, pitch;
};

Tilt tilt(tTrkLocPos at, float yaw) {
    t3Dd normal{};
    RtTrackSurfaceNormalL(&at, &normal);
    const float rise_x = -normal.x / normal.z, rise_y = -normal.y / normal.z;
    const float ahead = rise_x * std::cos(yaw) + rise_y * std::sin(yaw);
    const float left = rise_y * std::cos(yaw) - rise_x * std::sin(yaw);
    return {std::atan(left), -std::atan(ahead)};
}

tPosd pose(const tPosd& grid, tTrkLocPos from, tTrkLocPos at, double heading) {
    tPosd pos = grid;
    RtTrackLocal2Global(&at, &pos.x, &pos.y, TR_TOMIDDLE);
    pos.az = RtTrackSideTgAngleL(&at) + static_cast<float>(heading);
    NORM_PI_PI(pos.az);
    const Tilt here = tilt(at, pos.az), there = tilt(from, grid.az);
    pos.ax += here.roll - there.roll;
    pos.ay += here.pitch - there.pitch;
    pos.z += RtTrackHeightL(&at) - RtTrackHeightL(&from);
    return pos;
}

void spin(tCar& sim, float speed) {
    for (tWheel& wheel : sim.wheel) {
        const float rate = speed / wheel.radius;
        wheel.spinVel = wheel.prespinVel = wheel.in.spinVel = wheel.feedBack.spinVel = rate;
    }
    tTransmission& transmission = sim.transmission;
    const float axle = speed / sim.wheel[transmission.type == TRANS_FWD ? 0 : 2].radius;
    int gear = 1;
    while (gear < transmission.gearbox.gearMax &&
           axle * transmission.overallRatio[gear + 1] > kRevs * sim.engine.revsLimiter)
        ++gear;
    transmission.gearbox.gear = gear;
    transmission.curOverallRatio = transmission.overallRatio[gear + 1];
    transmission.clutch.state = CLUTCH_RELEASED;
    transmission.clutch.transferValue = 1;
    sim.engine.rads = std::fmax(sim.engine.tickover, axle * transmission.curOverallRatio);
}

void move(tCar& sim, const tPosd& pos, const tTrkLocPos& at, float speed) {
    const tPosd still{};
    const float climb = -std::tan(tilt(at, pos.az).pitch) * speed;  // along the road, or the wheels would dive into it
    sim.Cosz = std::cos(pos.az);
    sim.Sinz = std::sin(pos.az);
    for (tDynPt* point : {&sim.DynGC, &sim.DynGCg, &sim.preDynGC}) {
        point->pos = pos;
        point->vel = point->acc = still;
    }
    sim.DynGC.vel.x = sim.preDynGC.vel.x = speed;
    sim.DynGC.vel.z = sim.DynGCg.vel.z = sim.preDynGC.vel.z = climb;
    sim.DynGCg.vel.x = speed * sim.Cosz;
    sim.DynGCg.vel.y = speed * sim.Sinz;
    sim.speed = speed;
    sim.trkPos = at;
    sim.collision = 0;
    if (speed > 0) spin(sim, speed);
}

void report(tCarElt& car, const tCar& sim) {
    car.pub.DynGC = sim.DynGC;
    car.pub.DynGCg = sim.DynGCg;
    car.pub.speed = sim.speed;
    car.pub.trkPos = sim.trkPos;
    for (int i = 0; i < 4; ++i) {
        car._wheelSpinVel(i) = sim.wheel[i].spinVel;
        car._wheelSeg(i) = sim.trkPos.seg;
    }
    car._gear = sim.transmission.gearbox.gear;
    car._enginerpm = sim.engine.rads;
    car._distFromStartLine = distance_of(sim.trkPos);
}

}  // namespace

const char* place(tCarElt& car, const Start& start) {
    auto* const table = static_cast<tCar**>(engine::simulator_symbol("SimCarTable"));
    if (table == nullptr || *table == nullptr || (*table)[car.index].carElt != &car)
        return "a start needs the simulator simuv2";
    tCar& sim = (*table)[car.index];
    tTrack& track = *engine::track();
    const tTrkLocPos from = sim.trkPos;
    const double heading = sim.DynGCg.pos.az - RtTrackSideTgAngleL(&sim.trkPos);
    const tTrkLocPos at = find(track, known(start.distance, distance_of(from)),
                               known(start.offset, 2 * from.toMiddle / from.seg->width));
    move(sim, pose(sim.DynGCg.pos, from, at, known(start.heading, heading)), at,
         static_cast<float>(known(start.speed, sim.DynGC.vel.x)));
    report(car, sim);
    engine::moved(car);
    return nullptr;
}

}  // namespace racegym
