// SPDX-License-Identifier: GPL-2.0-or-later
// SCR's text protocol: groups `(tag value ...)` one after the other, one datagram a message. Pure functions.
#ifndef RACEGYM_PROTOCOL_H
#define RACEGYM_PROTOCOL_H

#include <optional>
#include <string>
#include <string_view>

#include "state.h"

namespace racegym {

constexpr std::string_view kIdentified = "***identified***";
constexpr std::string_view kRestart = "***restart***";
constexpr std::string_view kShutdown = "***shutdown***";

// The three letters every identification starts with.
bool is_identification(std::string_view text);

// Beam angles default to -90, -80 ... 90 when `init` is missing or holds fewer than 19 numbers, as SCR does.
Identification parse_identification(std::string_view text);

// Nothing when not one known tag is found: that is garbage, not an action of defaults.
// SCR reads `nan` as no number at all; with `expert` it leaves a control or the gear to the expert.
std::optional<Action> parse_action(std::string_view text, bool expert = false);

// Appends the state's groups to `out` (without the closing NUL).
void format_state(const State& state, bool extended, std::string& out);

}  // namespace racegym

#endif
