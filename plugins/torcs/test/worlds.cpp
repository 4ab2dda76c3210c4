// SPDX-License-Identifier: GPL-2.0-or-later
// Each test divides a process of its own: what has been divided stays so.
#include "worlds.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "check.h"

using namespace racegym;

namespace {

int counted = 0;                  // in the module's data
std::vector<std::string> noted;   // in the heap

struct Board {
    int turns;
    Worlds::Turn turn[64];
    int counts[64], rounds[64];
    std::size_t notes[64];
};

// What is seen at each of these turns by worlds that count and take notes, deeper in the stack each time.
struct Divided {
    explicit Divided(unsigned count, const std::vector<Worlds::Turn>& turns) {
        board = static_cast<Board*>(mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        board->turns = 0;
        std::copy(turns.begin(), turns.end(), board->turn);
        const pid_t child = fork();
        if (child == 0) {
            Board* const seen = board;
            const int last = static_cast<int>(turns.size());
            if (Worlds::divide(count, [seen, last]() -> Worlds::Turn {
                    if (seen->turns == last) _exit(0);
                    return seen->turn[seen->turns];
                }) != nullptr)
                _exit(1);
            count_on(0);
        }
        waitpid(child, &status, 0);
    }
    ~Divided() { munmap(board, sizeof(Board)); }

    void count_on(int local) const {
        const int turn = board->turns++;
        noted.push_back("note " + std::to_string(turn) + std::string(100, '.'));
        board->counts[turn] = ++counted == local + 1 ? counted : -1;
        board->notes[turn] = noted.size();
        board->rounds[turn] = static_cast<int>(Worlds::rounds());
        Worlds::rest();
        if (turn < 64) count_on(local + 1);
    }

    Board* board;
    int status = 0;
};

}  // namespace

TEST(each_world_has_its_own_data_heap_and_stack) {
    const Divided divided(3, {{0, true}, {1, true}, {1, false}, {0, false}, {2, true}, {1, false}, {0, false}, {2, false}});
    EQUAL(divided.status, 0);
    const int expected[] = {1, 1, 2, 2, 1, 3, 3, 2};
    for (int turn = 0; turn < 8; ++turn) {
        EQUAL(divided.board->counts[turn], expected[turn]);
        EQUAL(divided.board->notes[turn], static_cast<std::size_t>(expected[turn]));
    }
}

TEST(a_world_that_begins_anew_is_as_in_the_beginning_and_the_others_go_on) {
    const Divided divided(2, {{0, true}, {0, false}, {1, true}, {0, true}, {0, true}, {1, false}, {0, false}});
    EQUAL(divided.status, 0);
    const int expected[] = {1, 2, 1, 1, 1, 2, 2}, rounds[] = {0, 0, 0, 1, 2, 0, 2};
    for (int turn = 0; turn < 7; ++turn) {
        EQUAL(divided.board->counts[turn], expected[turn]);
        EQUAL(divided.board->rounds[turn], rounds[turn]);
    }
}

TEST(a_fault_of_a_world_s_own_ends_the_process) {
    const pid_t child = fork();
    if (child == 0) {
        if (Worlds::divide(2, [] { return Worlds::Turn{0, true}; }) != nullptr) _exit(1);
        volatile int* nowhere = nullptr;
        *nowhere = 1;
    }
    int status = 0;
    waitpid(child, &status, 0);
    EQUAL(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, true);
}
