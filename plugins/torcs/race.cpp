// SPDX-License-Identifier: GPL-2.0-or-later
#include "race.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "engine.h"
#include "keeper.h"

namespace racegym {

Race::Race(Options options) : options_(std::move(options)), lifeline_(options_.lifeline, options_.directory) {}

Race::~Race() { engine::unwatch(); }

void Race::set_track(tTrack* track) {
    if (track == track_) return;
    track_ = track;
    circuit_ = std::make_unique<Circuit>(*track);
    if (options_.track_file.empty()) return;
    if (const std::string error = export_track(*track, options_.track_file); !error.empty()) lifeline_.fail(error);
}

void Race::enter(int index, tCarElt* car) {
    auto transport = open_transport(options_, index, lifeline_);
    std::printf("scr_server %d: %s on %s\n", index + 1, transport->endpoint().c_str(), options_.host.c_str());
    lifeline_.tell(transport->endpoint());
    if (!options_.laptime_limit) car->_driverType = RM_DRV_HUMAN;  // the engine's rule spares humans
    Action still;
    still.gear = 0;
    entries_.emplace(
        index, Entry{Cockpit(car, *circuit_, track_->length, options_.noise), std::move(transport), still, false});
}

void Race::drive(int index, tSituation* s) {
    Entry& entry = entries_.at(index);
    if (!started_) {
        if (!options_.countdown && s->currentTime < 0) return entry.cockpit.hold();
        start();
    }
    if (s->currentTime != tick_time_ || tick_ < 0) begin_tick(*s);
    serve(entry);
}

void Race::start() {
    started_ = true;
    lifeline_.tell("ready");
    forked_ = engine::in_console();
    if (forked_) episode_ = Keeper(lifeline_).hold_start_line();
    wait_for_clients();
}

void Race::wait_for_clients() {
    for (;;) {
        std::vector<int> missing;
        for (auto& [index, entry] : entries_) {
            entry.transport->identify();
            if (!entry.transport->client()) missing.push_back(entry.transport->descriptor());
        }
        if (missing.empty()) break;
        lifeline_.wait(missing);
    }
    for (auto& [index, entry] : entries_) {
        const auto seed = entry.transport->client()->seed;
        const unsigned episode = seed ? 0 : episode_;  // a seed given for one race says all
        entry.cockpit.noise().seed(seed.value_or(options_.noise_seed), static_cast<unsigned>(index), episode);
    }
}

// Every state of a tick is out before the first answer is waited for, so that clients think at the same time.
void Race::begin_tick(const tSituation& s) {
    ++tick_;
    tick_time_ = s.currentTime;
    for (auto& [index, entry] : entries_) {
        if (!entry.cockpit.driven() && !entry.transport->client()->extended) continue;
        entry.cockpit.aim(*entry.transport->client());
        entry.transport->post(entry.cockpit.sense(s, tick_));
        entry.posted = true;
    }
}

void Race::serve(Entry& entry) {
    if (std::exchange(entry.posted, false))
        if (const auto action = entry.transport->collect()) entry.action = *action;
    if (entry.action.restart) restart();
    entry.cockpit.obey(entry.action);
}

void Race::after_robots(tSituation* s) {
    if (!started_) return;
    bool waiting = false;
    for (const auto& [index, entry] : entries_)
        waiting |= !entry.cockpit.driven() && entry.transport->client()->extended;
    if (waiting && s->currentTime != tick_time_) begin_tick(*s);
    for (auto& [index, entry] : entries_)
        if (entry.posted) serve(entry);
}

void Race::restart() {
    for (auto& [index, entry] : entries_) entry.action.restart = false;
    if (!forked_) {
        std::fprintf(stderr, "scr_server: a restart needs console mode (torcs -r); the race goes on\n");
        return;
    }
    for (auto& [index, entry] : entries_) part(index, entry, Farewell::restart);
    Keeper::start_over();
}

void Race::part(int index, Entry& entry, Farewell farewell) {
    entry.transport->end(farewell);
    if (const std::string account = entry.transport->account(); !account.empty())
        std::printf("scr_server %d: %s\n", index + 1, account.c_str());
}

bool Race::leave(int index) {
    if (const auto found = entries_.find(index); found != entries_.end()) {
        part(index, found->second, Farewell::shutdown);
        entries_.erase(found);
    }
    return entries_.empty();
}

}  // namespace racegym
