// SPDX-License-Identifier: GPL-2.0-or-later
// One race with all our cars in it: who is asked when, and what a restart means.
#ifndef RACEGYM_RACE_H
#define RACEGYM_RACE_H

#include <raceman.h>

#include <map>
#include <memory>

#include "camera.h"
#include "cockpit.h"
#include "circuit.h"
#include "clean.h"
#include "expert.h"
#include "lifeline.h"
#include "options.h"
#include "progress.h"
#include "transport.h"

namespace racegym {

class Race {
public:
    explicit Race(Options options);
    ~Race();

    bool exact_ticks() const { return options_.exact_ticks; }

    // Also exports the track, if wanted.
    void set_track(tTrack* track);

    // Seats the car's expert, if one is wanted; its set-up of the car, or null: the car stays as TORCS ships it.
    void* set_up(int index, void* car_parameters, tSituation* s);

    // Opens the car's port and tells the owner which.
    void enter(int index, tCarElt* car, tSituation* s);

    // Called by the engine for one car after the other, all at the same simulated time.
    void drive(int index, tSituation* s);

    // Serves, at the end of the robots' calls, cars that the engine no longer calls, so that their clients stay in
    // step and can ask for a restart.
    void after_robots(tSituation* s);

    // The car's expert, or null.
    Expert* expert(int index) const;

    // The race is over for this car. True when it was the last of ours.
    bool leave(int index);

private:
    struct Entry {
        Cockpit cockpit;
        std::unique_ptr<Transport> transport;
        Action action;       // obeyed last
        bool posted = false;  // this tick's state is out and not yet answered
    };

    void start();
    void set_up_camera();
    void wait_for_clients();
    void begin_tick(tSituation& s);
    void serve(Entry& entry);
    void restart();
    void take_leave();
    void report_end();
    static void part(int index, Entry& entry, Farewell farewell);

    Options options_;
    Lifeline lifeline_;
    tTrack* track_ = nullptr;
    std::unique_ptr<Circuit> circuit_;
    std::unique_ptr<CleanBeams> clean_;
    std::map<int, std::unique_ptr<Expert>> experts_;
    std::map<int, Entry> entries_;
    std::unique_ptr<Camera> camera_;
    Progress progress_;
    tSituation* situation_ = nullptr;  // the engine's only one
    bool started_ = false;
    bool over_ = false;
    bool forked_ = false;
    unsigned episode_ = 0;
    long tick_ = -1;
    long looks_ = 0;  // ticks counted, to ask now and then whether the owner is still there
    double tick_time_ = 0;
};

}  // namespace racegym

#endif
