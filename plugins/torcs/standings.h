// SPDX-License-Identifier: GPL-2.0-or-later
// The order of the whole race, TORCS's own drivers included, for people to read.
#ifndef RACEGYM_STANDINGS_H
#define RACEGYM_STANDINGS_H

#include <raceman.h>

#include <map>
#include <string>

namespace racegym {

// One line for each car, the first in front, to the file at `path`, whole or not at all:
// `<index of ours, or -1> <laps> <race time> <best lap> <damage> <distance raced> <behind: time> <laps> <out> <name>`,
// s and m; `ours` maps cars to their indices. False if it cannot be written.
bool write_standings(const tSituation& s, const std::map<const tCarElt*, int>& ours, const std::string& path);

}  // namespace racegym

#endif
