// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol.h"

#include <cmath>

#include "check.h"

using namespace racegym;

TEST(a_state_is_written_as_the_classic_server_writes_it) {
    State state;
    state.angle = 4.97566e-06F;
    state.curLapTime = -0.982F;
    state.distFromStart = 1957.56F;
    state.fuel = 94;
    state.gear = -1;
    state.opponents.fill(200);
    state.racePos = 1;
    state.rpm = 942.478F;
    state.track.fill(-1);
    state.focus.fill(-1);
    std::string text;
    format_state(state, false, text);
    const std::string opponents = [] {
        std::string all = "(opponents";
        for (int i = 0; i < kSectors; ++i) all += " 200";
        return all + ")";
    }();
    EQUAL(text,
          "(angle 4.97566e-06)(curLapTime -0.982)(damage 0)(distFromStart 1957.56)(distRaced 0)(fuel 94)(gear -1)"
          "(lastLapTime 0)" + opponents +
          "(racePos 1)(rpm 942.478)(speedX 0)(speedY 0)(speedZ 0)"
          "(track -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1)(trackPos 0)(wheelSpinVel 0 0 0 0)(z 0)"
          "(focus -1 -1 -1 -1 -1)");
}

TEST(the_extension_follows_the_classic_groups_with_nine_digits) {
    State state;
    state.tick = 7;
    state.totalTime = -0.98;
    state.laps = 2;
    state.x = 22.36647F;
    state.yaw = 0.1F;
    state.accel = {1, 2, 3};
    state.steerApplied = -0.5F;
    state.collision = true;
    state.wheelsOff = 3;
    std::string classic, text;
    format_state(state, false, classic);
    format_state(state, true, text);
    EQUAL(text.substr(0, classic.size()), classic);
    EQUAL(text.substr(classic.size()),
          "(tick 7)(totalTime -0.98)(laps 2)(bestLapTime 0)(x 22.3664703)(y 0)(posZ 0)(roll 0)(pitch 0)"
          "(yaw 0.100000001)(yawRate 0)(accelX 1)(accelY 2)(accelZ 3)(steerApplied -0.5)(throttleApplied 0)"
          "(brakeApplied 0)(clutchApplied 0)(collision 1)(wheelsOff 3)(finished 0)");
}

TEST(an_action_may_name_its_fields_in_any_order) {
    const auto action = parse_action("(steer -0.25)(gear 3)(accel 0.5)(tick 12)(focus 360)(brake 0.125)(clutch 1)");
    EQUAL(action->accel, 0.5F);
    EQUAL(action->brake, 0.125F);
    EQUAL(action->clutch, 1.0F);
    EQUAL(action->steer, -0.25F);
    EQUAL(action->gear, 3);
    EQUAL(action->focus, 360);
    EQUAL(action->restart, false);
    EQUAL(*action->tick, 12);
}

TEST(missing_fields_take_the_classic_defaults) {
    const auto action = parse_action("(accel 1)");
    EQUAL(action->gear, 1);
    EQUAL(action->focus, 0);
    EQUAL(action->brake, 0.0F);
    EQUAL(action->tick.has_value(), false);
}

TEST(numbers_are_read_as_the_classic_server_reads_them) {
    EQUAL(parse_action("(gear 1.000)")->gear, 1);
    EQUAL(parse_action("(accel 0,5)")->accel, 0.0F);
    EQUAL(parse_action("(accel nan)")->accel, 0.0F);
    EQUAL(parse_action("(accel inf)")->accel, 0.0F);
    EQUAL(parse_action("(accel )")->accel, 0.0F);
    EQUAL(parse_action("(accel  +0.5)")->accel, 0.5F);
    EQUAL(parse_action("( accel 1)")->accel, 1.0F);
    EQUAL(parse_action("(accel 1)(accel 0)")->accel, 1.0F);
    EQUAL(parse_action("(focus -90 -45 0 45 90)")->focus, -90);
    EQUAL(parse_action("(accel 1)(brake 1")->brake, 0.0F);
}

TEST(only_meta_one_asks_for_a_restart) {
    EQUAL(parse_action("(meta 1)")->restart, true);
    EQUAL(parse_action("(meta 2)")->restart, false);
}

TEST(text_without_a_known_field_is_no_action) {
    for (const char* text : {"", "accel 1", "(accel", ")(", "(unknown 1)", "((accel 1)", "SCR(init 1 2 3)"})
        EQUAL(parse_action(text).has_value(), false);
    EQUAL(parse_action(std::string_view("\0(accel 1)", 10)).has_value(), false);
}

TEST(an_identification_needs_nineteen_angles_or_gets_the_default) {
    const auto given = parse_identification("SCR(init 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19.5)");
    EQUAL(given.angles[18], 19.5F);
    EQUAL(given.extended, false);
    for (const char* text : {"SCR", "SCR(init 1 2 3)", "SCR(init)", "SCR(init -90 x)"}) {
        const auto client = parse_identification(text);
        EQUAL(client.angles[0], -90.0F);
        EQUAL(client.angles[1], -80.0F);
        EQUAL(client.angles[18], 90.0F);
    }
}

TEST(an_identification_may_ask_for_the_extension_and_a_seed) {
    const auto client = parse_identification("SCR(init 0)(racegym 1)(seed 42)");
    EQUAL(client.extended, true);
    EQUAL(*client.seed, 42U);
    EQUAL(parse_identification("SCR(racegym 2)").extended, false);
    EQUAL(is_identification("SC"), false);
    EQUAL(is_identification("scr(init 0)"), false);
}

TEST(an_experts_choice_follows_the_extension) {
    State state;
    std::string without, with;
    format_state(state, true, without);
    state.expert = true;
    state.expertSteer = -0.1F;
    state.expertThrottle = 1;
    state.expertGear = -1;
    format_state(state, true, with);
    EQUAL(with.substr(0, without.size()), without);
    EQUAL(with.substr(without.size()),
          "(expertSteer -0.100000001)(expertThrottle 1)(expertBrake 0)(expertClutch 0)(expertGear -1)");
    with.clear();
    format_state(state, false, with);
    EQUAL(with.find("expert"), std::string::npos);
}

TEST(nan_leaves_a_control_to_the_expert_where_there_is_one) {
    const char* const text = "(accel nan)(brake nan)(steer nan)(clutch nan)(gear nan)(focus nan)(tick 3)";
    const auto action = parse_action(text, true);
    for (const float control : {action->accel, action->brake, action->steer, action->clutch})
        EQUAL(std::isnan(control), true);
    EQUAL(action->gear, kOpenGear);
    EQUAL(action->focus, 0);
    EQUAL(parse_action("(steer 0.5)(gear 2)", true)->gear, 2);
    EQUAL(parse_action(text)->steer, 0.0F);
    EQUAL(parse_action(text)->gear, 0);
}

TEST(a_start_may_leave_numbers_to_the_grid) {
    const Start start = parse_identification("SCR(init 0)(start -12.5 nan 0.1 30)").start;
    EQUAL(start.distance, -12.5);
    EQUAL(std::isnan(start.offset), true);
    EQUAL(start.heading, 0.1);
    EQUAL(start.speed, 30.0);
    for (const auto* text : {"SCR(init 0)", "SCR(start 1 2 3)", "SCR(start 1 2 3 x)", "SCR(start)"})
        EQUAL(parse_identification(text).start.wanted(), false);
}
