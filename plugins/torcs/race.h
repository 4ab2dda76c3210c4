// SPDX-License-Identifier: GPL-2.0-or-later
// One race with all our cars in it: who is asked when, and what a restart means.
#ifndef RACEGYM_RACE_H
#define RACEGYM_RACE_H

#include <raceman.h>

#include <map>
#include <memory>

#include "cockpit.h"
#include "circuit.h"
#include "lifeline.h"
#include "options.h"
#include "transport.h"

namespace racegym {

class Race {
public:
    explicit Race(Options options);
    ~Race();

    bool exact_ticks() const { return options_.exact_ticks; }

    // Also exports the track, if wanted.
    void set_track(tTrack* track);

    // Opens the car's port and tells the owner which.
    void enter(int index, tCarElt* car);

    // Called by the engine for one car after the other, all at the same simulated time.
    void drive(int index, tSituation* s);

    // Serves, at the end of the robots' calls, cars that the engine no longer calls, so that their clients stay in
    // step and can ask for a restart.
    void after_robots(tSituation* s);

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
    void wait_for_clients();
    void begin_tick(const tSituation& s);
    void serve(Entry& entry);
    void restart();
    static void part(int index, Entry& entry, Farewell farewell);

    Options options_;
    Lifeline lifeline_;
    tTrack* track_ = nullptr;
    std::unique_ptr<Circuit> circuit_;
    std::map<int, Entry> entries_;
    bool started_ = false;
    bool forked_ = false;
    unsigned episode_ = 0;
    long tick_ = -1;
    double tick_time_ = 0;
};

}  // namespace racegym

#endif
