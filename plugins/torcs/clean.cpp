// SPDX-License-Identifier: GPL-2.0-or-later
#include "clean.h"

#include <robottools.h>

#include <algorithm>
#include <cmath>

namespace racegym {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kChord = 0.5;  // m of the outer edge between sections of a turn: 2 mm off an arc of 16 m radius

float end_of(const tTrackSeg& seg) { return seg.type == TR_STR ? seg.length : seg.arc; }

std::size_t count_of(const tTrackSeg& seg) {
    if (seg.type == TR_STR) return 1;
    const double outer = seg.arc * std::max(seg.radiusl, seg.radiusr);
    return std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(outer / kChord)));
}

Point edge(tTrackSeg& seg, float along, float to_middle) {
    tTrkLocPos place{};
    place.seg = &seg;
    place.toStart = along;
    place.toMiddle = to_middle;
    float x = 0, y = 0;
    RtTrackLocal2Global(&place, &x, &y, TR_TOMIDDLE);
    return {x, y};
}

}  // namespace

CleanBeams::CleanBeams(const tTrack& track) : corridor_(measure(track, cells_)) {}

std::vector<Section> CleanBeams::measure(const tTrack& track, std::unordered_map<const tTrackSeg*, Cells>& cells) {
    std::vector<Section> sections;
    tTrackSeg* seg = track.seg->next;  // track.seg is the last one
    for (int i = 0; i < track.nseg; ++i, seg = seg->next) {
        const std::size_t count = count_of(*seg);
        cells[seg] = {sections.size(), count};
        for (std::size_t k = 0; k < count; ++k) {
            const float along = end_of(*seg) * static_cast<float>(k) / static_cast<float>(count);
            const float half = RtTrackGetWidth(seg, along) / 2;
            sections.push_back({edge(*seg, along, -half), edge(*seg, along, half)});
        }
    }
    return sections;
}

float CleanBeams::read(const tCarElt& car, float beam, float reach) const {
    const tTrkLocPos& at = car._trkPos;
    const Cells& cells = cells_.at(at.seg);
    const double share = std::clamp(static_cast<double>(at.toStart) / end_of(*at.seg), 0.0, 1.0);
    const std::size_t within = std::min(static_cast<std::size_t>(share * cells.count), cells.count - 1);
    const double heading = car._yaw - beam * kPi / 180;
    return static_cast<float>(corridor_.cast(cells.first + within, {car._pos_X, car._pos_Y}, heading, reach));
}

}  // namespace racegym
