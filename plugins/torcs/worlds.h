// SPDX-License-Identifier: GPL-2.0-or-later
// Several games in one process, taking turns: each has its own memory at the same addresses.
//
// They begin as equals, where the process is divided, and stay equal but for what one of them has written since. The
// first write to a page is a fault (all are read-only to begin with); from then on the page is looked over whenever
// another game's turn comes, and the lines of 64 bytes in which it has ever differed are exchanged, as is the stack.
// TORCS changes some 150 lines in 25 pages, so that a turn costs a few microseconds, where a process of its own would find
// its caches cold. The games share all else, files among it: a world must not read from one, because the kernel does
// not write to a page that is read-only.
#ifndef RACEGYM_WORLDS_H
#define RACEGYM_WORLDS_H

#include <functional>

namespace racegym {

class Worlds {
public:
    struct Turn {
        unsigned world;
        bool anew;  // from where the process was divided, whatever it was doing
    };

    // Whose turn it is next; waits until it is anybody's. Runs on a stack of its own while the memory is that of the
    // world which rests, so it must leave nothing behind in it.
    using Next = std::function<Turn()>;

    // Divides the process, which must have one thread, into `count` worlds; returns in each of them when its turn comes,
    // and once more for each turn that is `anew`. Returns why that is impossible, or null.
    static const char* divide(unsigned count, Next next);

    // Lets the others have their turns; returns in the next one of this world.
    static void rest();

    // The world whose memory is in place; 0 where nothing was divided.
    static unsigned present();

    // How often the present world has begun anew since the first time.
    static unsigned rounds();

    static bool divided();
};

}  // namespace racegym

#endif
