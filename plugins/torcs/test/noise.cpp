// SPDX-License-Identifier: GPL-2.0-or-later
#include "noise.h"

#include <array>

#include "check.h"

using namespace racegym;

namespace {
std::array<float, 5> disturbed(std::uint64_t seed, unsigned car, unsigned episode) {
    Noise noise({0.1, 0, 0});
    noise.seed(seed, car, episode);
    std::array<float, 5> readings{100, 100, 100, 100, 100};
    noise.disturb(readings, noise.levels().track);
    return readings;
}
}  // namespace

TEST(equal_seeds_give_equal_noise) { EQUAL(disturbed(5, 0, 1) == disturbed(5, 0, 1), true); }

TEST(seeds_cars_and_episodes_give_different_noise) {
    EQUAL(disturbed(5, 0, 1) == disturbed(6, 0, 1), false);
    EQUAL(disturbed(5, 0, 1) == disturbed(5, 1, 1), false);
    EQUAL(disturbed(5, 0, 1) == disturbed(5, 0, 2), false);
}

TEST(noise_has_the_spread_asked_for) {
    Noise noise;
    noise.seed(1, 0, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < 20000; ++i) {
        std::array<float, 1> reading{50};
        noise.disturb(reading, 0.02);
        sum += reading[0] - 50, squares += (reading[0] - 50) * (reading[0] - 50);
    }
    NEAR(sum / 20000, 0, 0.03);
    NEAR(std::sqrt(squares / 20000), 1, 0.03);
}
