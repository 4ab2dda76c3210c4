// SPDX-License-Identifier: GPL-2.0-or-later
// One car of ours: what its sensors read and how it obeys. Knows TORCS's records, no transport.
#ifndef RACEGYM_COCKPIT_H
#define RACEGYM_COCKPIT_H

#include <car.h>
#include <raceman.h>

#include <array>

#include "circuit.h"
#include "clean.h"
#include "expert.h"
#include "focus.h"
#include "noise.h"
#include "place.h"
#include "state.h"

namespace racegym {

class Cockpit {
public:
    // `expert` may be null.
    Cockpit(tCarElt* car, const Circuit& circuit, float track_length, NoiseLevels noise, Expert* expert);

    // What the client wants of the sensors from now on.
    void aim(const Identification& client) { angles_ = client.angles; }
    Noise& noise() { return noise_; }

    // Beams of true geometry instead of the original's; null: those.
    void look_with(const CleanBeams* clean) { clean_ = clean; }
    tCarElt* car() { return car_; }

    // Puts the car where it is to start from; what went wrong, or null.
    const char* begin(const Start& start) { return start.wanted() ? place(*car_, start) : nullptr; }

    // Reads every sensor; once a tick, because distances and the collision flag cover the time since the last reading.
    // The expert, if there is one, then sets the controls as it would have them.
    State sense(tSituation& s, long tick);

    // Sets the controls, but for those that are left to the expert; the engine clips them.
    void obey(const Action& action);

    // Stands on the brakes in neutral, or does what the expert does before the green light.
    void hold(tSituation& s);

    // Whether the engine still calls this car's robot.
    bool driven() const { return (car_->_state & RM_CAR_STATE_NO_SIMU) == 0; }

private:
    void sense_scalars(State& state);
    void sense_ranges(State& state);
    void sense_opponents(const tSituation& s, State& state);
    void sense_extension(const tSituation& s, State& state);
    void consult(tSituation& s, State& state);
    float distance_since_last();

    tCarElt* car_;
    const Circuit& circuit_;
    const CleanBeams* clean_ = nullptr;
    float track_length_;
    Noise noise_;
    Expert* expert_;
    tCarCtrl choice_{};  // the expert's
    Focus focus_;
    std::array<float, kBeams> angles_{};
    float last_distance_ = -1;  // from the start line; negative before the first reading
    float raced_ = 0;
};

}  // namespace racegym

#endif
