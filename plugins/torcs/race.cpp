// SPDX-License-Identifier: GPL-2.0-or-later
#include "race.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "damage.h"
#include "engine.h"
#include "keeper.h"
#include "lockstep.h"
#include "standings.h"
#include "worlds.h"

namespace racegym {
namespace {

constexpr long kLook = 64;  // ticks

}  // namespace

Race::Race(Options options)
    : options_(std::move(options)),
      lifeline_(options_.lifeline, options_.directory),
      progress_(lifeline_, options_.progress) {}

Race::~Race() {
    engine::unwatch();
    damage::end();
}

void Race::set_track(tTrack* track) {
    if (track == track_) return;
    track_ = track;
    circuit_ = std::make_unique<Circuit>(*track);
    if (options_.clean_beams) clean_ = std::make_unique<CleanBeams>(*track);
    if (options_.track_file.empty()) return;
    if (const std::string error = export_track(*track, options_.track_file); !error.empty()) lifeline_.fail(error);
}

void* Race::set_up(int index, void* car_parameters, tSituation* s) {
    if (!options_.expert) return nullptr;
    auto& seat = experts_[index] = std::make_unique<Expert>(*options_.expert, lifeline_);
    return seat->set_up(track_, car_parameters, s);
}

Expert* Race::expert(int index) const {
    const auto found = experts_.find(index);
    return found == experts_.end() ? nullptr : found->second.get();
}

void Race::enter(int index, tCarElt* car, tSituation* s) {
    if (Expert* const own = expert(index)) own->new_race(car, s);
    auto transport = open_transport(options_, index, lifeline_);
    std::printf("scr_server %d: %s on %s\n", index + 1, transport->endpoint().c_str(), options_.host.c_str());
    lifeline_.tell(transport->endpoint());
    damage::pretend(options_.damage_shown_only);
    if (!options_.laptime_limit) car->_driverType = RM_DRV_HUMAN;  // the engine's rule spares humans
    Action still;
    still.gear = 0;
    Cockpit cockpit(car, *circuit_, track_->length, options_.noise, expert(index));
    entries_.emplace(index, Entry{std::move(cockpit), std::move(transport), still, false});
    entries_.at(index).cockpit.look_with(clean_.get());
}

void Race::drive(int index, tSituation* s) {
    situation_ = s;
    Entry& entry = entries_.at(index);
    if (!started_) {
        if (!options_.countdown && s->currentTime < 0) return entry.cockpit.hold(*s);
        start();
    }
    if (s->currentTime != tick_time_ || tick_ < 0) begin_tick(*s);
    serve(entry);
}

void Race::start() {
    started_ = true;
    lifeline_.tell("ready");
    forked_ = engine::in_console();
    if (!forked_ && options_.shared >= 0) lifeline_.fail("shared memory needs console mode (torcs -r)");
    std::map<const tCarElt*, int> ours;
    for (auto& [index, entry] : entries_) ours[entry.cockpit.car()] = index;
    Lockstep::standings = [this, ours] {
        return write_standings(*situation_, ours, options_.directory + "/standings");
    };
    std::function<void()> companion;
    if (forked_ && options_.camera >= 0) {
        set_up_camera();
        companion = [this] { camera_->render(); };
    }
    if (forked_) episode_ = Keeper(lifeline_, companion).hold_start_line();
    lifeline_.last_words = [this] { take_leave(); };
    wait_for_clients();
    for (auto& [index, entry] : entries_) {
        const Start& wanted = entry.transport->client()->start;
        if (const char* why = entry.cockpit.begin(wanted)) lifeline_.fail(why);
        // An expert keeps track of where its car is from step to step; this is a race from elsewhere.
        Expert* const own = expert(index);
        if (own != nullptr && wanted.wanted()) own->new_race(entry.cockpit.car(), situation_);
    }
}

void Race::set_up_camera() {
    std::vector<tCarElt*> cars;
    for (auto& [index, entry] : entries_) cars.push_back(entry.cockpit.car());
    camera_ = std::make_unique<Camera>(options_.camera, situation_, std::move(cars), options_.xvfb, lifeline_);
    Lockstep::film = [this] { camera_->expose(); };
}

void Race::wait_for_clients() {
    for (;;) {
        std::vector<int> missing;
        for (auto& [index, entry] : entries_) {
            const bool known = entry.transport->client().has_value();
            entry.transport->identify();
            if (!known && entry.transport->client()) progress_.met(index);
            if (!entry.transport->client()) missing.push_back(entry.transport->descriptor());
        }
        if (missing.empty()) break;
        lifeline_.wait(missing);
    }
    for (auto& [index, entry] : entries_) {
        const auto seed = entry.transport->client()->seed;
        const unsigned episode = seed ? 0 : episode_ + Worlds::rounds();  // a seed given for one race says all
        entry.cockpit.noise().seed(seed.value_or(options_.noise_seed), static_cast<unsigned>(index), episode);
    }
}

// Every state of a tick is out before the first answer is waited for, so that clients think at the same time.
void Race::begin_tick(tSituation& s) {
    ++tick_;
    tick_time_ = s.currentTime;
    for (auto& [index, entry] : entries_) {
        if (!entry.cockpit.driven() && !entry.transport->client()->extended) continue;
        entry.cockpit.aim(*entry.transport->client());
        const State state = entry.cockpit.sense(s, tick_);
        progress_.see(index, state);
        entry.transport->post(state);
        entry.posted = true;
    }
    progress_.tick(tick_, s.currentTime);
}

void Race::serve(Entry& entry) {
    if (std::exchange(entry.posted, false))
        if (const auto action = entry.transport->collect()) entry.action = *action;
    if (entry.action.restart) restart();
    entry.cockpit.obey(entry.action);
}

void Race::after_robots(tSituation* s) {
    if (!started_) return;
    // Clients that always answer at once, or are all out, leave no other occasion to notice that the owner has gone.
    if (++looks_ % kLook == 0) lifeline_.wait({}, std::chrono::steady_clock::now());
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

// The owner has gone, or wants the race to end.
void Race::take_leave() {
    for (auto& [index, entry] : entries_) part(index, entry, Farewell::shutdown);
}

void Race::part(int index, Entry& entry, Farewell farewell) {
    entry.transport->end(farewell);
    if (const std::string account = entry.transport->account(); !account.empty())
        std::printf("scr_server %d: %s\n", index + 1, account.c_str());
}

// A race may end between two ticks: its last lap would be missing in the last state.
void Race::report_end() {
    if (!started_ || std::exchange(over_, true)) return;
    ++tick_;
    for (auto& [index, entry] : entries_) {
        const State state = entry.cockpit.sense(*situation_, tick_);
        progress_.see(index, state);
        progress_.result(index, situation_->currentTime);
        if (entry.transport->client()->extended) entry.transport->post(state);
    }
}

bool Race::leave(int index) {
    report_end();
    if (const auto found = entries_.find(index); found != entries_.end()) {
        part(index, found->second, Farewell::shutdown);
        entries_.erase(found);
    }
    experts_.erase(index);
    return entries_.empty();
}

}  // namespace racegym
