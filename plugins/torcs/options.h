// SPDX-License-Identifier: GPL-2.0-or-later
// What the launcher asks of the robot, read from environment variables. README.md lists them.
#ifndef RACEGYM_OPTIONS_H
#define RACEGYM_OPTIONS_H

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "noise.h"

namespace racegym {

struct Options {
    std::string host = "127.0.0.1";
    int port = 3001;            // of the first car; 0: the kernel chooses one a car
    long timeout_us = 10000;    // wait for an answer; 0: without limit
    bool exact_ticks = false;   // 20 ms each instead of the engine's 20 or 22
    bool countdown = true;      // clients see the ticks before the green light
    bool laptime_limit = true;  // the engine eliminates a car that takes too long over a lap
    NoiseLevels noise;
    std::uint64_t noise_seed = 0;
    std::string track_file;
    int lifeline = -1;
    std::string directory;
};

// Message names the variable, its value and what it may be.
struct OptionError : std::runtime_error {
    OptionError(const std::string& message, int lifeline) : std::runtime_error(message), lifeline(lifeline) {}
    int lifeline;  // for telling the owner; -1 if it is itself what is wrong
};

using Lookup = std::function<const char*(const char* name)>;

// Throws OptionError. An empty variable counts as unset.
Options read_options(const Lookup& lookup);

}  // namespace racegym

#endif
