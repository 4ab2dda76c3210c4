// SPDX-License-Identifier: GPL-2.0-or-later
// What TORCS sees of us: a driver module with ten robots.
#include <robot.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "damage.h"
#include "engine.h"
#include "race.h"

namespace {

using racegym::Race;

constexpr int kRobots = 10;
const char* const kNames[kRobots] = {"scr_server 1", "scr_server 2", "scr_server 3", "scr_server 4", "scr_server 5",
                                     "scr_server 6", "scr_server 7", "scr_server 8", "scr_server 9", "scr_server 10"};

std::unique_ptr<Race> race;  // from the first car's track to the last car's shutdown

void open_race() {
    if (race) return;
    try {
        race = std::make_unique<Race>(racegym::read_options(std::getenv));
    } catch (const racegym::OptionError& error) {
        racegym::Lifeline(error.lifeline, "").fail(error.what());
    }
}

void new_track(int index, tTrack* track, void* car, void** settings, tSituation* s) {
    open_race();
    race->set_track(track);
    *settings = race->set_up(index, car, s);
}

void after_robots(tSituation* s, bool robots_called) {
    if (robots_called) race->after_robots(s);
}

void new_race(int index, tCarElt* car, tSituation* s) {
    race->enter(index, car, s);
    racegym::engine::watch(after_robots, racegym::damage::after_step, race->exact_ticks());
}

void drive(int index, tCarElt*, tSituation* s) { race->drive(index, s); }

int pit(int index, tCarElt* car, tSituation* s) {
    racegym::Expert* const expert = race->expert(index);
    return expert == nullptr ? ROB_PIT_IM : expert->pit(car, s);
}

void end_race(int index, tCarElt* car, tSituation* s) {
    if (racegym::Expert* const expert = race->expert(index)) expert->end_race(car, s);
}

void shutdown(int index) {
    if (race && race->leave(index)) race.reset();
}

int connect(int index, void* interface) {
    auto* robot = static_cast<tRobotItf*>(interface);
    *robot = {};
    robot->rbNewTrack = new_track;
    robot->rbNewRace = new_race;
    robot->rbDrive = drive;
    robot->rbPitCmd = pit;
    robot->rbEndRace = end_race;
    robot->rbShutdown = shutdown;
    robot->index = index;
    return 0;
}

}  // namespace

// TORCS looks the module up by the name of its file.
extern "C" __attribute__((visibility("default"))) int scr_server(tModInfo* modules) {
    std::memset(modules, 0, kRobots * sizeof *modules);
    for (int i = 0; i < kRobots; ++i) {
        modules[i].name = strdup(kNames[i]);  // the engine frees them
        modules[i].desc = strdup(kNames[i]);
        modules[i].fctInit = connect;
        modules[i].gfId = ROB_IDENT;
        modules[i].index = i;
    }
    return 0;
}
