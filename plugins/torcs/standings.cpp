// SPDX-License-Identifier: GPL-2.0-or-later
#include "standings.h"

#include <car.h>

#include <cstdio>

namespace racegym {

bool write_standings(const tSituation& s, const std::map<const tCarElt*, int>& ours, const std::string& path) {
    const std::string partial = path + ".partial";
    std::FILE* const file = std::fopen(partial.c_str(), "w");
    if (file == nullptr) return false;
    for (int place = 0; place < s._ncars; ++place) {
        const tCarElt& car = *s.cars[place];
        const auto found = ours.find(&car);
        const bool out = (car._state & (RM_CAR_STATE_DNF | RM_CAR_STATE_ELIMINATED)) != 0;
        std::fprintf(file, "%d %d %.9g %.9g %d %.9g %.9g %d %d %s\n", found == ours.end() ? -1 : found->second,
                     car._laps - 1, car._curTime, car._bestLapTime, car._dammage, static_cast<double>(car._distRaced),
                     car._timeBehindLeader, car._lapsBehindLeader, out, car._name);
    }
    const bool written = std::ferror(file) == 0;
    return std::fclose(file) == 0 && written && std::rename(partial.c_str(), path.c_str()) == 0;
}

}  // namespace racegym
