// SPDX-License-Identifier: GPL-2.0-or-later
// One of TORCS's own drivers beside the client in a car of ours: it sees all that TORCS shows its robots, and sets the
// car's controls before the client does.
#ifndef RACEGYM_EXPERT_H
#define RACEGYM_EXPERT_H

#include <raceman.h>
#include <robot.h>

#include "lifeline.h"
#include "options.h"

namespace racegym {

class Expert {
public:
    // Loads LIB/drivers/<module>/<module>.so. Ends the process with a message if there is no such driver.
    Expert(const ExpertName& name, const Lifeline& lifeline);
    ~Expert();
    Expert(const Expert&) = delete;
    Expert& operator=(const Expert&) = delete;

    // The set-up that it wants on a car of these parameters, a handle that the engine takes over; null: none.
    void* set_up(tTrack* track, void* car_parameters, tSituation* s);

    void new_race(tCarElt* car, tSituation* s);

    // Overwrites the controls of the car.
    void drive(tCarElt* car, tSituation* s);

    // What it wants done at its pit, where only its own driving takes the car.
    int pit(tCarElt* car, tSituation* s);

    void end_race(tCarElt* car, tSituation* s);

private:
    tRobotItf robot_{};
};

}  // namespace racegym

#endif
