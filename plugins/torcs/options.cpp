// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace racegym {
namespace {

class Reader {
public:
    explicit Reader(const Lookup& lookup) : lookup_(lookup) {}

    std::string_view text(const char* name) const {
        const char* value = lookup_(name);
        return value == nullptr ? std::string_view() : std::string_view(value);
    }

    template <typename Number>
    void number(const char* name, Number& target, Number low, Number high) const {
        const std::string_view value = text(name);
        if (value.empty()) return;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), target);
        if (error != std::errc() || end != value.data() + value.size() || target < low || target > high)
            fail(name, value, "a number from " + std::to_string(low) + " to " + std::to_string(high));
    }

    void choice(const char* name, bool& target, std::string_view off, std::string_view on) const {
        const std::string_view value = text(name);
        if (value.empty()) return;
        if (value != off && value != on) fail(name, value, std::string(off) + " or " + std::string(on));
        target = value == on;
    }

    void levels(const char* name, NoiseLevels& target) const {
        const std::string_view value = text(name);
        if (value.empty()) return;
        double* const sigmas[] = {&target.track, &target.opponents, &target.focus};
        std::string_view rest = value;
        for (double* sigma : sigmas) {
            const std::string_view part = rest.substr(0, rest.find(','));
            const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), *sigma);
            if (error != std::errc() || end != part.data() + part.size() || !std::isfinite(*sigma) || *sigma < 0)
                fail(name, value, "three fractions, like 0.1,0.02,0.01");
            rest.remove_prefix(std::min(part.size() + 1, rest.size()));
        }
        if (!rest.empty()) fail(name, value, "three fractions, like 0.1,0.02,0.01");
    }

    void expert(const char* name, std::optional<ExpertName>& target) const {
        const std::string_view value = text(name);
        if (value.empty()) return;
        const std::size_t colon = value.find(':');
        const std::string_view module = value.substr(0, colon);
        const std::string_view digits = colon == std::string_view::npos ? "" : value.substr(colon + 1);
        ExpertName expert{std::string(module), 0};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), expert.index);
        const bool whole = error == std::errc() && end == digits.data() + digits.size() && expert.index >= 0;
        if (!whole || module.empty() || module.find('/') != std::string_view::npos)
            fail(name, value, "module:index of a driver, like bt:2");
        target = expert;
    }

    // A descriptor, and the places in the memory behind it.
    void shared(const char* name, int& descriptor, std::vector<int>& games) const {
        const std::string_view value = text(name);
        if (value.empty()) return;
        const char* at = value.data();
        const char* const last = at + value.size();
        std::vector<int> numbers;
        for (;;) {
            int number = -1;
            const auto [end, error] = std::from_chars(at, last, number);
            const char separator = numbers.empty() ? ':' : ',';
            if (error != std::errc() || number < 0 || (end != last && *end != separator))
                fail(name, value, "a descriptor and the numbers of games in it, like 5 or 5:2 or 5:0,1,2");
            numbers.push_back(number);
            if (end == last) break;
            at = end + 1;
        }
        descriptor = numbers.front();
        if (numbers.size() > 1) games.assign(numbers.begin() + 1, numbers.end());
    }

    int lifeline = -1;  // known as soon as it has been read

private:
    [[noreturn]] void fail(const char* name, std::string_view value, const std::string& wanted) const {
        throw OptionError(std::string(name) + "=" + std::string(value) + ": expected " + wanted, lifeline);
    }

    const Lookup& lookup_;
};

}  // namespace

Options read_options(const Lookup& lookup) {
    Reader read(lookup);
    Options options;
    read.number("RACEGYM_LIFELINE", options.lifeline, 0, 1 << 20);
    read.lifeline = options.lifeline;
    if (const auto host = read.text("RACEGYM_HOST"); !host.empty()) options.host = host;
    read.number("RACEGYM_PORT", options.port, 0, 65535);
    read.number("RACEGYM_TIMEOUT_US", options.timeout_us, 0L, 3600L * 1000 * 1000);
    read.choice("RACEGYM_TICKS", options.exact_ticks, "original", "exact");
    read.choice("RACEGYM_COUNTDOWN", options.countdown, "0", "1");
    read.choice("RACEGYM_LAPTIME_LIMIT", options.laptime_limit, "0", "1");
    read.choice("RACEGYM_DAMAGE", options.damage_shown_only, "real", "shown");
    read.choice("RACEGYM_BEAMS", options.clean_beams, "classic", "clean");
    read.levels("RACEGYM_NOISE", options.noise);
    read.number("RACEGYM_NOISE_SEED", options.noise_seed, std::uint64_t{0}, UINT64_MAX);
    read.expert("RACEGYM_EXPERT", options.expert);
    read.shared("RACEGYM_SHARED", options.shared, options.games);
    read.number("RACEGYM_CAMERA", options.camera, 0, 1 << 20);
    options.xvfb = read.text("RACEGYM_XVFB");
    read.number("RACEGYM_SELF_DRIVE", options.self_drive, 1L, 1L << 40);
    read.choice("RACEGYM_PROGRESS", options.progress, "0", "1");
    options.track_file = read.text("RACEGYM_TRACK_FILE");
    options.directory = read.text("RACEGYM_DIRECTORY");
    return options;
}

}  // namespace racegym
