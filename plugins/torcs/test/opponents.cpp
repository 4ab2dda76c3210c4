// SPDX-License-Identifier: GPL-2.0-or-later
#include "opponents.h"

#include "check.h"

using namespace racegym;

TEST(without_other_cars_every_sector_reads_its_reach) {
    const Opponents alone(0, 0, 0);
    for (const float reading : alone.readings()) EQUAL(reading, kReach);
}

TEST(sectors_run_from_behind_over_the_left_to_behind) {
    struct Case {
        float x, y;
        std::size_t sector;
    };
    // The car looks along y, so left is -x.
    const Case cases[] = {{-1, 20, 17}, {1, 20, 18}, {-20, 1, 9}, {20, -1, 27}, {-1, -20, 0}, {1, -20, 35}};
    for (const auto& [x, y, sector] : cases) {
        Opponents opponents(0, 0, 1.57079633F);
        opponents.see(x, y);
        NEAR(opponents.readings()[sector], 20.025, 0.001);
    }
}

TEST(the_nearest_car_of_a_sector_counts) {
    Opponents opponents(10, 10, 0);
    opponents.see(60, 9);
    opponents.see(30, 9);
    opponents.see(90, 9);
    NEAR(opponents.readings()[18], 20.025, 0.001);
}

TEST(cars_out_of_reach_or_on_the_spot_are_not_seen) {
    Opponents opponents(0, 0, 0);
    opponents.see(0, 0);
    opponents.see(200, 0);
    for (const float reading : opponents.readings()) EQUAL(reading, kReach);
}
