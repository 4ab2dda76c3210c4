// SPDX-License-Identifier: GPL-2.0-or-later
#include "circuit.h"

#include <robottools.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <unordered_map>
#include <vector>

namespace racegym {
namespace {

constexpr double kSampleStep = 1.0;  // m

Bend bend_of(const tTrackSeg& seg) {
    return seg.type == TR_STR ? Bend::straight : seg.type == TR_LFT ? Bend::left : Bend::right;
}

struct Point {
    double x, y, heading;
};

// The middle of the segment `along` of it (m, or rad in a turn), by the formulas that the engine locates cars with.
Point middle(const tTrackSeg& seg, double along) {
    const double half = seg.width / 2.0;
    if (seg.type == TR_STR) {
        const double heading = seg.angle[TR_ZS], c = std::cos(heading), s = std::sin(heading);
        const t3Dd& right = seg.vertex[TR_SR];
        return {right.x + along * c - half * s, right.y + along * s + half * c, heading};
    }
    const double turn = seg.type == TR_LFT ? 1 : -1;
    const double radius = seg.radiusr - turn * half, from_centre = seg.angle[TR_CS] + turn * along;
    return {seg.center.x + radius * std::cos(from_centre), seg.center.y + radius * std::sin(from_centre),
            seg.angle[TR_ZS] + turn * along};
}

// Surfaces by the numbers that the file gives them.
class Surfaces {
public:
    int of(const tTrackSurface* surface) {
        const auto [found, added] = numbers_.emplace(surface, static_cast<int>(order_.size()));
        if (added) order_.push_back(surface);
        return found->second;
    }

    void write(std::FILE* file) const {
        for (const tTrackSurface* s : order_)
            std::fprintf(file, "surface %.9g %.9g %.9g %s\n", s->kFriction, s->kRollRes, s->kRoughness, s->material);
    }

private:
    std::unordered_map<const tTrackSurface*, int> numbers_;
    std::vector<const tTrackSurface*> order_;
};

struct Band {
    double width = 0;
    int surface = -1;
};

// The side and the border of the road there, from the outside.
std::array<Band, 2> beside(const tTrackSeg& seg, int side, float along, Surfaces& surfaces) {
    std::array<Band, 2> bands;
    for (tTrackSeg* strip = seg.side[side]; strip != nullptr; strip = strip->side[side]) {
        const bool border = strip->type2 == TR_LBORDER || strip->type2 == TR_RBORDER;
        bands[border ? 1 : 0] = {RtTrackGetWidth(strip, along), surfaces.of(strip->surface)};
    }
    return bands;
}

void write_samples(tTrackSeg& seg, Surfaces& surfaces, std::FILE* file) {
    const int count = static_cast<int>(std::ceil(seg.length / kSampleStep));
    const float end = seg.type == TR_STR ? seg.length : seg.arc;
    const double bend = seg.type == TR_STR ? 0 : (seg.type == TR_LFT ? 1 : -1) / static_cast<double>(seg.radius);
    for (int i = 0; i < count; ++i) {
        tTrkLocPos place{};
        place.seg = &seg;
        place.toStart = end * static_cast<float>(i) / static_cast<float>(count);
        place.toLeft = place.toRight = seg.width / 2;
        const Point at = middle(seg, static_cast<double>(end) * i / count);
        std::fprintf(file, "%.12g %.12g %.9g %.12g %.12g %.12g %.9g", at.x, at.y, RtTrackHeightL(&place), at.heading,
                     bend, static_cast<double>(seg.length) / count, seg.width / 2.0);
        const auto left = beside(seg, TR_SIDE_LFT, place.toStart, surfaces);
        const auto right = beside(seg, TR_SIDE_RGT, place.toStart, surfaces);
        const Band road{seg.width, surfaces.of(seg.surface)};
        for (const Band& band : {left[0], left[1], road, right[1], right[0]})
            std::fprintf(file, " %.9g %d", band.width, band.surface);
        std::fputc('\n', file);
    }
}

double station(const tTrackSeg* seg, bool end) {
    return seg == nullptr ? NAN : static_cast<double>(seg->lgfromstart) + (end ? seg->length : 0);
}

void write_pits(const tTrack& track, std::FILE* file) {
    const tTrackPitInfo& pits = track.pits;
    if (pits.type == TR_PIT_NONE || pits.driversPits == nullptr) return;
    std::fprintf(file, "pits %d %.9g %.9g %.9g %.9g %.9g %.9g %.9g\n", pits.side == TR_LFT ? 1 : -1,
                 station(pits.pitEntry, false), station(pits.pitStart, false), station(pits.pitEnd, true),
                 station(pits.pitExit, true), pits.speedLimit, pits.width, pits.len);
    for (int i = 0; i < pits.nMaxPits; ++i) {
        tTrkLocPos place = pits.driversPits[i].pos;
        if (place.seg == nullptr) continue;
        float x = 0, y = 0;
        RtTrackLocal2Global(&place, &x, &y, TR_TORIGHT);
        std::fprintf(file, "pit %.9g %.9g\n", x, y);
    }
}

}  // namespace

Circuit::Circuit(const tTrack& track) : segments_(static_cast<std::size_t>(track.nseg)) {
    const tTrackSeg* seg = track.seg->next;  // track.seg is the last one
    for (std::size_t i = 0; i < segments_.size(); ++i, seg = seg->next) index_[seg] = i;
    for (const auto& [torcs, i] : index_) {
        segments_[i] = {bend_of(*torcs),
                        torcs->length,
                        torcs->startWidth,
                        torcs->arc,
                        torcs->radiusl,
                        torcs->radiusr,
                        &segments_[index_.at(torcs->next)],
                        &segments_[index_.at(torcs->prev)]};
    }
}

std::string export_track(tTrack& track, const std::string& path) {
    const std::string unfinished = path + ".part";  // renamed when complete, so that nobody reads half a track
    std::FILE* file = std::fopen(unfinished.c_str(), "w");
    if (file == nullptr) return "cannot write " + unfinished + ": " + std::strerror(errno);
    std::fprintf(file, "racegym-track 2 %s\nlength %.9g\n", track.internalname, track.length);
    Surfaces surfaces;
    tTrackSeg* seg = track.seg->next;
    for (int i = 0; i < track.nseg; ++i, seg = seg->next) write_samples(*seg, surfaces, file);
    surfaces.write(file);
    write_pits(track, file);
    const bool written = std::ferror(file) == 0;
    if (std::fclose(file) != 0 || !written) return "cannot write " + unfinished + ": " + std::strerror(errno);
    if (std::rename(unfinished.c_str(), path.c_str()) != 0) return "cannot write " + path + ": " + std::strerror(errno);
    return "";
}

}  // namespace racegym
