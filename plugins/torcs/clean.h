// SPDX-License-Identifier: GPL-2.0-or-later
// Range finders that see the track's edges where they are, for those who do not need the original's flaws.
#ifndef RACEGYM_CLEAN_H
#define RACEGYM_CLEAN_H

#include <car.h>
#include <track.h>

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "corridor.h"

namespace racegym {

class CleanBeams {
public:
    explicit CleanBeams(const tTrack& track);

    // Metres from the car's centre of gravity to the main track's edge, `beam` degrees clockwise from its nose.
    float read(const tCarElt& car, float beam, float reach) const;

private:
    struct Cells {
        std::size_t first, count;
    };
    static std::vector<Section> measure(const tTrack& track, std::unordered_map<const tTrackSeg*, Cells>& cells);

    std::unordered_map<const tTrackSeg*, Cells> cells_;
    Corridor corridor_;
};

}  // namespace racegym

#endif
