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
    read.levels("RACEGYM_NOISE", options.noise);
    read.number("RACEGYM_NOISE_SEED", options.noise_seed, std::uint64_t{0}, UINT64_MAX);
    options.track_file = read.text("RACEGYM_TRACK_FILE");
    options.directory = read.text("RACEGYM_DIRECTORY");
    return options;
}

}  // namespace racegym
