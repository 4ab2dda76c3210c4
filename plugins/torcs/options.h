// SPDX-License-Identifier: GPL-2.0-or-later
// What the launcher asks of the robot, read from environment variables. README.md lists them.
#ifndef RACEGYM_OPTIONS_H
#define RACEGYM_OPTIONS_H

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "noise.h"

namespace racegym {

// One of TORCS's own drivers, numbered as in race files.
struct ExpertName {
    std::string module;
    int index = 0;
};

struct Options {
    std::string host = "127.0.0.1";
    int port = 3001;            // of the first car; 0: the kernel chooses one a car
    long timeout_us = 10000;    // wait for an answer; 0: without limit
    bool exact_ticks = false;   // 20 ms each instead of the engine's 20 or 22
    bool countdown = true;      // clients see the ticks before the green light
    bool laptime_limit = true;  // the engine eliminates a car that takes too long over a lap
    bool damage_shown_only = false;  // it has no effect
    bool clean_beams = false;   // true geometry instead of the original's range finders
    NoiseLevels noise;
    std::uint64_t noise_seed = 0;
    std::optional<ExpertName> expert;  // drives whatever a client leaves to it
    std::string track_file;
    int shared = -1;  // descriptor of the memory to use instead of UDP
    std::vector<int> games{0};  // which of the games there are ours
    int camera = -1;  // descriptor of the memory for pictures, if any are wanted
    std::string xvfb;  // the X server to draw them on; empty: the display of the environment
    long self_drive = 0;  // ticks to drive without a client, for measuring; 0: with one
    bool progress = false;  // is told to the owner
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
