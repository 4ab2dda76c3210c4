// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>

#include "numbers.h"

namespace racegym {
namespace {

constexpr int kClassicDigits = 6;   // C++ streams' default, which SCR prints with
constexpr int kExtendedDigits = 9;  // enough to give back any float exactly

// Calls visit(tag, values) for each group; a group without its closing parenthesis ends the text.
template <typename Visit>
void for_each_group(std::string_view text, Visit visit) {
    text = text.substr(0, text.find('\0'));
    for (std::size_t open = text.find('('); open != std::string_view::npos; open = text.find('(')) {
        const std::size_t close = text.find(')', open);
        if (close == std::string_view::npos) return;
        std::string_view body = text.substr(open + 1, close - open - 1);
        body.remove_prefix(std::min(body.find_first_not_of(kBlanks), body.size()));
        const std::size_t blank = body.find_first_of(kBlanks);
        visit(body.substr(0, blank), blank == std::string_view::npos ? std::string_view() : body.substr(blank + 1));
        text.remove_prefix(close + 1);
    }
}

// Takes one number off the front of `values`. from_chars, because it knows no locale.
template <typename Number>
bool take(std::string_view& values, Number& number) {
    const std::size_t start = values.find_first_not_of(" \t\r\n+");
    if (start == std::string_view::npos) return false;
    values.remove_prefix(start);
    Number parsed{};
    const auto [end, error] = std::from_chars(values.data(), values.data() + values.size(), parsed);
    if (error != std::errc() || !std::isfinite(static_cast<double>(parsed))) return false;
    values.remove_prefix(static_cast<std::size_t>(end - values.data()));
    number = parsed;
    return true;
}

// The same for a number of a start; `nan` leaves it to the grid.
bool take_or_grid(std::string_view& values, double& number) {
    const std::string_view word = values.substr(std::min(values.find_first_not_of(' '), values.size()));
    if (word.substr(0, 3) != "nan") return take(values, number);
    values = word.substr(3);
    return true;
}

struct Field {
    std::string_view tag;
    void (*read)(std::string_view values, Action& action);
    void (*leave)(Action& action) = nullptr;  // to the expert
};

template <float Action::*Member>
void read_float(std::string_view values, Action& action) {
    extract(values, action.*Member);
}

template <float Action::*Member>
void leave_float(Action& action) {
    action.*Member = std::numeric_limits<float>::quiet_NaN();
}

template <int Action::*Member>
void read_int(std::string_view values, Action& action) {
    extract(values, action.*Member);
}

constexpr Field kFields[] = {
    {"accel", read_float<&Action::accel>, leave_float<&Action::accel>},
    {"brake", read_float<&Action::brake>, leave_float<&Action::brake>},
    {"gear", read_int<&Action::gear>, [](Action& action) { action.gear = kOpenGear; }},
    {"steer", read_float<&Action::steer>, leave_float<&Action::steer>},
    {"clutch", read_float<&Action::clutch>, leave_float<&Action::clutch>},
    {"focus", read_int<&Action::focus>},
    {"meta", [](std::string_view values, Action& action) {
         int meta = 0;
         extract(values, meta);
         action.restart = meta == 1;
     }},
    {"tick", [](std::string_view values, Action& action) {
         if (long tick = 0; take(values, tick)) action.tick = tick;
     }},
};
constexpr std::size_t kFieldCount = sizeof kFields / sizeof *kFields;

std::array<float, kBeams> default_angles() {
    std::array<float, kBeams> angles{};
    for (int i = 0; i < kBeams; ++i) angles[static_cast<std::size_t>(i)] = -90.0F + 10.0F * static_cast<float>(i);
    return angles;
}

class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    void operator()(std::string_view tag, double value, int digits = kClassicDigits) {
        open(tag);
        real(value, digits);
        out_ += ')';
    }
    void operator()(std::string_view tag, float value) { (*this)(tag, static_cast<double>(value)); }
    void operator()(std::string_view tag, int value) { (*this)(tag, static_cast<long>(value)); }
    void operator()(std::string_view tag, long value) {
        open(tag);
        char digits[24];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
        out_ += ')';
    }
    template <std::size_t N>
    void operator()(std::string_view tag, const std::array<float, N>& values) {
        out_.append("(").append(tag);
        for (const float value : values) {
            out_ += ' ';
            real(static_cast<double>(value), kClassicDigits);
        }
        out_ += ')';
    }

private:
    void open(std::string_view tag) { out_.append("(").append(tag) += ' '; }
    void real(double value, int digits) {
        char text[64];
        out_.append(text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr);
    }
    std::string& out_;
};

void write_classic(const State& s, Writer& write) {
    write("angle", s.angle);
    write("curLapTime", s.curLapTime);
    write("damage", s.damage);
    write("distFromStart", s.distFromStart);
    write("distRaced", s.distRaced);
    write("fuel", s.fuel);
    write("gear", s.gear);
    write("lastLapTime", s.lastLapTime);
    write("opponents", s.opponents);
    write("racePos", s.racePos);
    write("rpm", s.rpm);
    write("speedX", s.speedX);
    write("speedY", s.speedY);
    write("speedZ", s.speedZ);
    write("track", s.track);
    write("trackPos", s.trackPos);
    write("wheelSpinVel", s.wheelSpinVel);
    write("z", s.z);
    write("focus", s.focus);
}

void write_extension(const State& s, Writer& write) {
    const auto real = [&write](std::string_view tag, double value) { write(tag, value, kExtendedDigits); };
    write("tick", s.tick);
    real("totalTime", s.totalTime);
    write("laps", s.laps);
    real("bestLapTime", s.bestLapTime);
    real("x", s.x);
    real("y", s.y);
    real("posZ", s.posZ);
    real("roll", s.roll);
    real("pitch", s.pitch);
    real("yaw", s.yaw);
    real("yawRate", s.yawRate);
    real("accelX", s.accel[0]);
    real("accelY", s.accel[1]);
    real("accelZ", s.accel[2]);
    real("steerApplied", s.steerApplied);
    real("throttleApplied", s.throttleApplied);
    real("brakeApplied", s.brakeApplied);
    real("clutchApplied", s.clutchApplied);
    write("collision", s.collision ? 1 : 0);
    write("wheelsOff", s.wheelsOff);
    write("finished", s.finished ? 1 : 0);
    if (!s.expert) return;
    real("expertSteer", s.expertSteer);
    real("expertThrottle", s.expertThrottle);
    real("expertBrake", s.expertBrake);
    real("expertClutch", s.expertClutch);
    write("expertGear", s.expertGear);
}

}  // namespace

bool is_identification(std::string_view text) { return text.substr(0, 3) == "SCR"; }

Identification parse_identification(std::string_view text) {
    Identification client;
    client.angles = default_angles();
    bool found = false;
    for_each_group(text, [&](std::string_view tag, std::string_view values) {
        if (tag == "init" && !found) {
            found = true;
            std::array<float, kBeams> angles{};
            for (float& angle : angles)
                if (!extract(values, angle)) return;
            client.angles = angles;
        } else if (tag == "racegym") {
            int version = 0;
            client.extended = take(values, version) && version == 1;
        } else if (tag == "seed") {
            if (std::uint64_t seed = 0; take(values, seed)) client.seed = seed;
        } else if (tag == "start") {
            Start start;
            const bool whole = take_or_grid(values, start.distance) && take_or_grid(values, start.offset) &&
                               take_or_grid(values, start.heading) && take_or_grid(values, start.speed);
            if (whole) client.start = start;
        }
    });
    return client;
}

std::optional<Action> parse_action(std::string_view text, bool expert) {
    Action action;
    bool seen[kFieldCount] = {};
    bool known = false;
    for_each_group(text, [&](std::string_view tag, std::string_view values) {
        for (std::size_t i = 0; i < kFieldCount; ++i) {
            if (tag != kFields[i].tag || seen[i]) continue;  // the first of equal tags wins
            seen[i] = known = true;
            if (expert && values == "nan" && kFields[i].leave != nullptr)
                kFields[i].leave(action);
            else
                kFields[i].read(values, action);
        }
    });
    return known ? std::optional<Action>(action) : std::nullopt;
}

void format_state(const State& state, bool extended, std::string& out) {
    Writer write(out);
    write_classic(state, write);
    if (extended) write_extension(state, write);
}

}  // namespace racegym
