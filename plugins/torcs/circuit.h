// SPDX-License-Identifier: GPL-2.0-or-later
// TORCS's track as the segments that range finders march through.
#ifndef RACEGYM_CIRCUIT_H
#define RACEGYM_CIRCUIT_H

#include <track.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "segment.h"

namespace racegym {

class Circuit {
public:
    explicit Circuit(const tTrack& track);

    // Of a segment of the main track.
    const Segment& at(const tTrackSeg* seg) const { return segments_[index_.at(seg)]; }

private:
    std::vector<Segment> segments_;
    std::unordered_map<const tTrackSeg*, std::size_t> index_;
};

// Writes the main track as text: `racegym-track 1 NAME`, `length M`, then `x y z width_left width_right friction` for
// samples at most a metre apart in driving direction, the first on the start line, the last not repeating it.
// Returns what went wrong, or an empty string.
std::string export_track(tTrack& track, const std::string& path);

}  // namespace racegym

#endif
