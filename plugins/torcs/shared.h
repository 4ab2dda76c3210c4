// SPDX-License-Identifier: GPL-2.0-or-later
// The memory that the robot shares with its client: one anonymous file, made and described by the client, inherited by
// its descriptor. Mirrored by racegym_torcs/mapping.py.
#ifndef RACEGYM_SHARED_H
#define RACEGYM_SHARED_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "start.h"
#include "state.h"

namespace racegym {

constexpr std::uint32_t kSharedMagic = 0x6d796772;  // "rgym"
constexpr std::uint32_t kSharedVersion = 3;

enum class Command : std::uint32_t { drive = 1, restart, save, restore, release, film, standings };
enum class Verdict : std::uint32_t { done, refused };

using Word = std::atomic<std::uint32_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 4, "the kernel waits on plain words");

// All offsets are in bytes from the beginning of the file, where the headers of all its games lie in a row; all of it is
// written by the client before the robot starts, but for what is said to be the robot's.
struct SharedHeader {
    std::uint32_t magic, version, bytes, cars;
    std::uint32_t layout_offset, layout_size;  // text, see layout.h
    std::uint32_t telemetry_offset;            // float64 [cars][width], the robot's
    std::uint32_t controls_offset;             // float64 [cars][width]
    std::uint32_t starts_offset;               // Start [cars]
    std::uint32_t slots_offset, slots;         // Word [slots]: a kept state waits on its own, the robot's
    std::uint32_t spin;                        // looks at `command_seq` before sleeping
    std::uint32_t bell_offset, bell_bit;       // Bell, and which of its wakings are ours
    double beams[kBeams];                      // degrees, counter-clockwise, left to right

    alignas(64) Word state_seq;  // the robot's: number of the command answered last
    std::uint32_t verdict;       // of that command, a Verdict
    std::uint32_t driver;        // process id of who answers

    alignas(64) Word command_seq;  // number of the command given last
    std::uint32_t command;
    std::uint32_t argument;  // ticks to drive, or a slot
    std::uint32_t seeded;    // `seed` is meant
    std::uint64_t seed;      // of the sensor noise
};
static_assert(offsetof(SharedHeader, beams) == 56 && offsetof(SharedHeader, state_seq) == 256 &&
                  offsetof(SharedHeader, command_seq) == 320 && offsetof(SharedHeader, seed) == 336 &&
                  sizeof(SharedHeader) == 384,
              "the client lays it out so");

// Whoever gives the last answer wakes the client only where it said that it sleeps.
enum Answer : std::uint32_t { kAwaited, kGiven, kSleptOn };

// What all games of the memory and their client sleep on, so that one call wakes any of them.
struct Bell {
    alignas(64) Word rings;    // counts the client's commands, after they were written
    alignas(64) Word pending;  // commands not answered; the client's before it rings, then the robots count down
    alignas(64) Word answered;  // an Answer: the client's until whoever answers last says kGiven
};
static_assert(offsetof(Bell, pending) == 64 && offsetof(Bell, answered) == 128 && sizeof(Bell) == 192, "the client lays it out so");

// What to say when the two sides are of different versions.
std::string differing(const std::string& why);

class Shared {
public:
    // Maps the descriptor and checks what it says of our games; throws std::runtime_error with a reason if it cannot be used.
    Shared(int fd, const std::vector<int>& games);
    ~Shared();
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    unsigned games() const { return static_cast<unsigned>(headers_.size()); }

    // Of the `game`th of ours.
    SharedHeader& header(unsigned game) const { return *headers_[game]; }
    std::string layout() const;
    double* telemetry(unsigned game) const { return at<double>(headers_[game]->telemetry_offset); }
    const double* controls(unsigned game) const { return at<double>(headers_[game]->controls_offset); }
    const Start& start(unsigned game, int car) const { return at<Start>(headers_[game]->starts_offset)[car]; }
    Word& slot(unsigned game, std::uint32_t index) const { return at<Word>(headers_[game]->slots_offset)[index]; }
    Bell& bell() const { return *at<Bell>(headers_[0]->bell_offset); }

private:
    template <typename T>
    T* at(std::uint32_t offset) const {
        return reinterpret_cast<T*>(base_ + offset);
    }
    void check(const SharedHeader& header) const;

    char* base_ = nullptr;
    std::vector<SharedHeader*> headers_;
    std::size_t size_ = 0;
};

}  // namespace racegym

#endif
