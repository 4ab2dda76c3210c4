// SPDX-License-Identifier: GPL-2.0-or-later
#include "circuit.h"

#include <robottools.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace racegym {
namespace {

constexpr double kSampleStep = 1.0;  // m

Bend bend_of(const tTrackSeg& seg) {
    return seg.type == TR_STR ? Bend::straight : seg.type == TR_LFT ? Bend::left : Bend::right;
}

void write_samples(tTrackSeg& seg, std::FILE* file) {
    const int count = static_cast<int>(std::ceil(seg.length / kSampleStep));
    const float end = seg.type == TR_STR ? seg.length : seg.arc;
    for (int i = 0; i < count; ++i) {
        tTrkLocPos place{};
        place.seg = &seg;
        place.toStart = end * static_cast<float>(i) / static_cast<float>(count);
        const float half = RtTrackGetWidth(&seg, place.toStart) / 2;
        place.toLeft = place.toRight = half;
        float x = 0, y = 0;
        RtTrackLocal2Global(&place, &x, &y, TR_TOMIDDLE);
        std::fprintf(file, "%.9g %.9g %.9g %.9g %.9g %.9g\n", x, y, RtTrackHeightL(&place), half, half,
                     seg.surface->kFriction);
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
    std::fprintf(file, "racegym-track 1 %s\nlength %.9g\n", track.internalname, track.length);
    tTrackSeg* seg = track.seg->next;
    for (int i = 0; i < track.nseg; ++i, seg = seg->next) write_samples(*seg, file);
    const bool written = std::ferror(file) == 0;
    if (std::fclose(file) != 0 || !written) return "cannot write " + unfinished + ": " + std::strerror(errno);
    if (std::rename(unfinished.c_str(), path.c_str()) != 0) return "cannot write " + path + ": " + std::strerror(errno);
    return "";
}

}  // namespace racegym
