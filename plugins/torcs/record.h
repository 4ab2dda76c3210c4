// SPDX-License-Identifier: GPL-2.0-or-later
// A car's state and action as rows of float64 in SI units and ISO axes, each quantity where the layout puts it.
#ifndef RACEGYM_RECORD_H
#define RACEGYM_RECORD_H

#include <vector>

#include "layout.h"
#include "state.h"

namespace racegym {

// Where a quantity goes, and how it is got.
struct Reading {
    const char* name;
    int size;
    void (*write)(const State& state, double* to);
    bool of_expert = false;  // only when the state has an expert's choice
};

class Record {
public:
    // Throws LayoutError when a quantity of ours is missing or of another size.
    explicit Record(const Layout& layout);

    // Fills the columns that the state has something for; the others are left alone.
    void write(const State& state, double* row) const;

    // NaN leaves a control or the gear open, and wants no focus.
    Action read(const double* row) const;

    int time() const { return time_; }
    int collision() const { return collision_; }
    int finished() const { return finished_; }
    int width() const { return width_; }
    int control_width() const { return control_width_; }

private:
    struct Slot {
        const Reading* reading;
        int column;
    };
    std::vector<Slot> slots_;
    int width_, control_width_, time_, collision_, finished_;
    int steer_, throttle_, brake_, clutch_, gear_, focus_;
};

}  // namespace racegym

#endif
