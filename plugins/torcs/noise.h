// SPDX-License-Identifier: GPL-2.0-or-later
// Multiplicative Gaussian noise on range readings, reproducible from a seed.
#ifndef RACEGYM_NOISE_H
#define RACEGYM_NOISE_H

#include <cstdint>
#include <random>

namespace racegym {

// Standard deviations as fractions of a reading; SCR's -noisy is 0.1, 0.02, 0.01.
struct NoiseLevels {
    double track = 0, opponents = 0, focus = 0;
};

class Noise {
public:
    explicit Noise(NoiseLevels levels = {}) : levels_(levels) {}

    // Starts the stream of one car's episode.
    void seed(std::uint64_t seed, unsigned car, unsigned episode) {
        std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), car, episode};
        engine_.seed(sequence);
        normal_.reset();
    }

    const NoiseLevels& levels() const { return levels_; }

    // Readings that could not be taken are the caller's to leave alone.
    template <typename Readings>
    void disturb(Readings& readings, double sigma) {
        if (sigma == 0) return;
        for (float& reading : readings) reading = static_cast<float>(reading * (1 + sigma * normal_(engine_)));
    }

private:
    NoiseLevels levels_;
    std::mt19937_64 engine_;
    std::normal_distribution<double> normal_{0, 1};
};

}  // namespace racegym

#endif
