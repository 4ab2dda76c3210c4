// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <map>

#include "check.h"

using namespace racegym;

namespace {
using Environment = std::map<std::string, std::string>;

Options with(const Environment& environment) {
    return read_options([&](const char* name) {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
    });
}

std::string complaint(const Environment& environment) {
    try {
        with(environment);
    } catch (const OptionError& error) {
        return error.what();
    }
    return "";
}
}  // namespace

TEST(without_variables_the_robot_behaves_as_the_classic_server_on_loopback) {
    const Options options = with({});
    EQUAL(options.host, "127.0.0.1");
    EQUAL(options.port, 3001);
    EQUAL(options.timeout_us, 10000);
    EQUAL(options.exact_ticks, false);
    EQUAL(options.countdown, true);
    EQUAL(options.laptime_limit, true);
    EQUAL(options.noise.track, 0.0);
    EQUAL(options.lifeline, -1);
    EQUAL(options.expert.has_value(), false);
}

TEST(every_variable_is_read) {
    const Options options = with({{"RACEGYM_HOST", "127.0.0.2"}, {"RACEGYM_PORT", "0"}, {"RACEGYM_TIMEOUT_US", "0"},
                                  {"RACEGYM_TICKS", "exact"}, {"RACEGYM_COUNTDOWN", "0"},
                                  {"RACEGYM_NOISE", "0.1,0.02,0.01"}, {"RACEGYM_NOISE_SEED", "18446744073709551615"},
                                  {"RACEGYM_LAPTIME_LIMIT", "0"}, {"RACEGYM_TRACK_FILE", "/tmp/t"},
                                  {"RACEGYM_LIFELINE", "7"}, {"RACEGYM_DIRECTORY", "/tmp/d"}});
    EQUAL(options.host, "127.0.0.2");
    EQUAL(options.port, 0);
    EQUAL(options.timeout_us, 0);
    EQUAL(options.exact_ticks, true);
    EQUAL(options.countdown, false);
    EQUAL(options.noise.focus, 0.01);
    EQUAL(options.noise_seed, UINT64_MAX);
    EQUAL(options.laptime_limit, false);
    EQUAL(options.track_file, "/tmp/t");
    EQUAL(options.lifeline, 7);
    EQUAL(options.directory, "/tmp/d");
}

TEST(an_empty_variable_counts_as_unset) { EQUAL(with({{"RACEGYM_PORT", ""}, {"RACEGYM_NOISE", ""}}).port, 3001); }

TEST(a_wrong_value_is_named_with_what_is_expected) {
    EQUAL(complaint({{"RACEGYM_TICKS", "fast"}}), "RACEGYM_TICKS=fast: expected original or exact");
    EQUAL(complaint({{"RACEGYM_PORT", "70000"}}), "RACEGYM_PORT=70000: expected a number from 0 to 65535");
    for (const char* noise : {"0.1", "0.1,0.2", "0.1,0.2,x", "0.1,0.2,0.3,0.4", "-1,0,0", "nan,0,0"})
        EQUAL(complaint({{"RACEGYM_NOISE", noise}}),
              std::string("RACEGYM_NOISE=") + noise + ": expected three fractions, like 0.1,0.02,0.01");
}

TEST(shared_memory_is_a_descriptor_and_perhaps_places_in_it) {
    EQUAL(with({{"RACEGYM_SHARED", "5"}}).shared, 5);
    EQUAL(with({{"RACEGYM_SHARED", "5"}}).games.at(0), 0);
    EQUAL(with({{"RACEGYM_SHARED", "5:31"}}).shared, 5);
    EQUAL(with({{"RACEGYM_SHARED", "5:31"}}).games.at(0), 31);
    const std::vector<int> several = with({{"RACEGYM_SHARED", "5:0,2,31"}}).games;
    EQUAL(several.size(), 3U);
    EQUAL(several.at(1), 2);
    for (const char* wrong : {"x", "5:", ":5", "5:-1", "5:1:2", "5 1"})
        EQUAL(complaint({{"RACEGYM_SHARED", wrong}}),
              "RACEGYM_SHARED=" + std::string(wrong) + ": expected a descriptor and the numbers of games in it, like 5 or 5:2 or 5:0,1,2");
}

TEST(an_expert_is_a_module_and_an_index) {
    const Options options = with({{"RACEGYM_EXPERT", "berniw2:10"}});
    EQUAL(options.expert->module, "berniw2");
    EQUAL(options.expert->index, 10);
    for (const char* name : {"bt", "bt:", ":2", "bt:x", "bt:2x", "bt:-1", "../bt:2"})
        EQUAL(complaint({{"RACEGYM_EXPERT", name}}),
              std::string("RACEGYM_EXPERT=") + name + ": expected module:index of a driver, like bt:2");
}
