// SPDX-License-Identifier: GPL-2.0-or-later
#include "focus.h"

#include "check.h"

using namespace racegym;

TEST(focus_reads_once_a_second_from_the_green_light_on) {
    Focus focus;
    EQUAL(focus.due(-0.98), false);
    EQUAL(focus.due(0.018), true);
    EQUAL(focus.due(1.0), false);
    EQUAL(focus.due(1.024), true);
}

TEST(focus_beams_lie_a_degree_apart_around_the_command) {
    Focus focus;
    focus.aim(-40);
    EQUAL(focus.beam(0), -42.0F);
    EQUAL(focus.beam(4), -38.0F);
}

TEST(a_focus_command_out_of_range_wants_no_reading) {
    Focus focus;
    for (const int command : {360, 91, -91}) {
        focus.aim(command);
        EQUAL(focus.due(5), false);
    }
}
