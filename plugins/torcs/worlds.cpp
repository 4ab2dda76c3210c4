// SPDX-License-Identifier: GPL-2.0-or-later
#include "worlds.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

extern "C" void* __libc_stack_end;  // of the C library: where the first frame of the process begins

namespace racegym {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLine = 64;  // 64 of them make a page, so that one word has a bit for each
constexpr std::size_t kStack = std::size_t{1} << 18;  // of who decides on turns
constexpr std::size_t kDeepest = std::size_t{1} << 16;  // that a world's own stack may be when it rests
constexpr std::size_t kSlack = 512;  // below a Place in the frame of rest(), for the rest of that frame
constexpr std::size_t kRoom = std::size_t{8} << 20;  // that worlds may allocate within without asking the system
constexpr std::size_t kRanges = 512;

// Where a stack is gone on from. The compiler's own jumps, because the C library's ask the system for the signal mask, twice a
// turn, or refuse to go deeper into another stack.
using Place = void* [5];

struct Range {
    char *begin, *end;
};

// Part of a page that has come to differ.
struct Line {
    char* place;
    const char* start;  // what it was in the beginning
};

// A page that has been written to. Whoever rests has its `differing` lines looked over, for others that are to follow.
struct Page {
    char* place;
    char* start;
    std::uint64_t differing;
};

// A world that rests: what it holds in the lines that differ, and its stack.
struct World {
    char* lines;        // those known when it came to rest, in the order in which they were found
    std::size_t known;  // how many; the later ones are as in the beginning
    char* stack;
    char* depth;  // its lowest byte's true place
    void** resting;  // a Place in its stack
    unsigned rounds;
};

// All of it lies in memory that belongs to no world. Nothing that one of them allocates may be in here.
struct State {
    Worlds::Next* next;
    World* worlds;
    World start;  // what all were when the process was divided
    Page* pages;
    Line* lines;
    std::size_t page_count, line_count;
    unsigned size, present;
    ucontext_t first;  // the decider's, before it has decided anything
    Place deciding;
    bool begun;
    char* stack_end;
    Range ranges[kRanges];
    std::size_t range_count;
};

State* state = nullptr;

char* page_of(const void* address) {
    return reinterpret_cast<char*>(reinterpret_cast<std::uintptr_t>(address) & ~(kPage - 1));
}

// Memory that is only there once it is written to; null if there is none.
char* reserve(std::size_t size) {
    void* const at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? nullptr : static_cast<char*>(at);
}

// From now on the page may be written to; it is still as it was in the beginning.
void note(char* place) {
    Page& page = state->pages[state->page_count];
    page = {place, state->start.lines + state->page_count * kPage, 0};
    std::memcpy(page.start, place, kPage);
    ++state->page_count;
}

bool watched(const char* address) {
    for (std::size_t i = 0; i < state->range_count; ++i)
        if (address >= state->ranges[i].begin && address < state->ranges[i].end) return true;
    return false;
}

bool noted(const char* address) {
    for (std::size_t i = 0; i < state->page_count; ++i)
        if (state->pages[i].place == address) return true;
    return false;
}

void on_write(int, siginfo_t* fault, void*) {
    char* const page = page_of(fault->si_addr);
    if (fault->si_code != SEGV_ACCERR || noted(page) || !watched(page)) {
        signal(SIGSEGV, SIG_DFL);  // a fault like any other; the instruction is tried again and ends us
        return;
    }
    note(page);
    mprotect(page, kPage, PROT_READ | PROT_WRITE);
}

// Keeps the stack from the frame on in which the world rests.
void keep_stack(World& world) {
    world.depth = reinterpret_cast<char*>(world.resting) - kSlack;
    const auto size = static_cast<std::size_t>(state->stack_end - world.depth);
    if (size > kDeepest) std::abort();
    std::memcpy(world.stack, world.depth, size);
}

// Whether other lines of the page differ than are known to. Much of a turn's cost, hence the widest registers there are.
#if defined(__x86_64__)
__attribute__((target_clones("default", "avx2", "avx512f")))
#endif
bool differs_elsewhere(const Page& page) {
    using Wide = std::uint64_t __attribute__((vector_size(kLine)));
    const auto* now = reinterpret_cast<const Wide*>(page.place);
    const auto* start = reinterpret_cast<const Wide*>(page.start);
    Wide difference{};
    for (std::uint64_t bit = 1; bit != 0; bit <<= 1, ++now, ++start)
        if ((page.differing & bit) == 0) difference |= *now ^ *start;
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < kLine / sizeof any; ++i) any |= difference[i];
    return any != 0;
}

// Finds the lines that the present world has made differ.
void find_lines() {
    for (Page* page = state->pages; page != state->pages + state->page_count; ++page) {
        if (!differs_elsewhere(*page)) continue;
        for (std::size_t i = 0; i < kPage / kLine; ++i) {
            const std::size_t at = i * kLine;
            if ((page->differing >> i & 1) != 0 || std::memcmp(page->place + at, page->start + at, kLine) == 0) continue;
            page->differing |= std::uint64_t{1} << i;
            state->lines[state->line_count++] = {page->place + at, page->start + at};
        }
    }
}

void put_away(World& world) {
    for (std::size_t i = 0; i < state->line_count; ++i)
        std::memcpy(world.lines + i * kLine, state->lines[i].place, kLine);
    world.known = state->line_count;
    keep_stack(world);
}

void take_out(const World& world) {
    for (std::size_t i = 0; i < world.known; ++i)
        std::memcpy(state->lines[i].place, world.lines + i * kLine, kLine);
    for (std::size_t i = world.known; i < state->line_count; ++i)
        std::memcpy(state->lines[i].place, state->lines[i].start, kLine);
    std::memcpy(world.depth, world.stack, static_cast<std::size_t>(state->stack_end - world.depth));
}

void bring(const Worlds::Turn& turn) {
    World& world = state->worlds[turn.world];
    if (turn.anew) ++world.rounds;
    if (turn.world == state->present && !turn.anew) return;
    find_lines();
    if (turn.world != state->present) put_away(state->worlds[state->present]);
    state->present = turn.world;
    take_out(turn.anew ? state->start : world);
    if (turn.anew) world.resting = state->start.resting;
}

// The first rest: so all worlds begin.
void begin() {
    state->start.resting = state->worlds[0].resting;
    keep_stack(state->start);
    for (unsigned i = 0; i < state->size; ++i) {
        World& world = state->worlds[i];
        world.resting = state->start.resting;
        world.rounds = ~0U;  // the first is to be number 0
        keep_stack(world);
    }
}

// A jump must not be in the function that it leads to.
[[noreturn, gnu::noinline]] void go_on() { __builtin_longjmp(state->worlds[state->present].resting, 1); }

void decide() {
    state->begun = true;
    begin();
    for (;;) {
        bring((*state->next)());
        if (__builtin_setjmp(state->deciding) == 0) go_on();
    }
}

[[noreturn, gnu::noinline]] void leave_to_decider() {
    if (state->begun) __builtin_longjmp(state->deciding, 1);
    setcontext(&state->first);
    std::abort();
}

// All that is private to the process and can be written to, but for the stack and our `own`.
const char* find_ranges(const char* own) {
    std::FILE* const maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) return "cannot read /proc/self/maps";
    char line[512];
    state->range_count = 0;
    while (std::fgets(line, sizeof line, maps) != nullptr && state->range_count < kRanges) {
        unsigned long begin = 0, end = 0;
        char access[5] = "";
        if (std::sscanf(line, "%lx-%lx %4s", &begin, &end, access) != 3 || std::strcmp(access, "rw-p") != 0) continue;
        const Range range{reinterpret_cast<char*>(begin), reinterpret_cast<char*>(end)};
        const auto holds = [&range](const char* place) { return place >= range.begin && place < range.end; };
        if (!holds(line) && !holds(own)) state->ranges[state->range_count++] = range;
    }
    std::fclose(maps);
    return state->range_count < kRanges ? nullptr : "the process has too many mappings";
}

// Leaves room in the heap, so that it does not grow while several worlds take it for their own.
void make_room() {
    mallopt(M_MMAP_THRESHOLD, static_cast<int>(kRoom));
    mallopt(M_TRIM_THRESHOLD, static_cast<int>(4 * kRoom));
    std::free(std::malloc(kRoom - kPage));
}

// The kernel itself writes to the thread's own pages at any time, and a fault of its would end us.
void note_thread() {
    constexpr std::size_t kThread = 4096;  // more than the C library keeps of a thread
    char* const thread = page_of(reinterpret_cast<void*>(pthread_self()));
    for (char* page = thread; page <= page_of(reinterpret_cast<char*>(pthread_self()) + kThread); page += kPage)
        if (watched(page)) note(page);
}

bool forbid_writing(char* begin, char* end) {
    return begin >= end || mprotect(begin, static_cast<std::size_t>(end - begin), PROT_READ) == 0;
}

// Everywhere but in the pages that are known to differ already.
bool watch_for_writes() {
    struct sigaction action {};
    action.sa_sigaction = on_write;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (sigaction(SIGSEGV, &action, nullptr) != 0) return false;
    const std::size_t own = state->page_count;
    for (std::size_t i = 0; i < state->range_count; ++i) {
        auto [begin, end] = state->ranges[i];
        for (std::size_t page = 0; page < own; ++page) {
            char* const place = state->pages[page].place;
            if (place < begin || place >= end) continue;
            if (!forbid_writing(begin, place)) return false;
            begin = place + kPage;
        }
        if (!forbid_writing(begin, end)) return false;
    }
    return true;
}

// Room for all that may come to differ.
bool reserve_stores() {
    std::size_t size = 0;
    for (std::size_t i = 0; i < state->range_count; ++i)
        size += static_cast<std::size_t>(state->ranges[i].end - state->ranges[i].begin);
    state->pages = reinterpret_cast<Page*>(reserve(size / kPage * sizeof(Page)));
    state->lines = reinterpret_cast<Line*>(reserve(size / kLine * sizeof(Line)));
    bool there = state->pages != nullptr && state->lines != nullptr;
    for (unsigned i = 0; i <= state->size; ++i) {
        World& world = i < state->size ? state->worlds[i] : state->start;
        world.lines = reserve(size);
        world.stack = reserve(kDeepest);
        there = there && world.lines != nullptr && world.stack != nullptr;
    }
    return there;
}

}  // namespace

const char* Worlds::divide(unsigned count, Next next) {
    if (sysconf(_SC_PAGESIZE) != static_cast<long>(kPage)) return "pages are not of 4096 bytes";
    make_room();
    const std::size_t own = sizeof(State) + count * sizeof(World);
    char* const memory = reserve(own + kStack);
    if (memory == nullptr) return "no memory";
    state = new (memory) State{};
    state->next = new Next(std::move(next));
    state->worlds = reinterpret_cast<World*>(memory + sizeof(State));
    state->size = count;
    state->stack_end = static_cast<char*>(__libc_stack_end);
    getcontext(&state->first);
    state->first.uc_stack.ss_sp = memory + own;
    state->first.uc_stack.ss_size = kStack;
    makecontext(&state->first, decide, 0);
    if (const char* why = find_ranges(memory)) return why;
    if (!reserve_stores()) return "no memory";
    note_thread();
    if (!watch_for_writes()) return "cannot forbid writing";
    rest();
    return nullptr;
}

void Worlds::rest() {
    Place here;
    state->worlds[state->present].resting = here;
    if (__builtin_setjmp(here) == 0) leave_to_decider();
}

unsigned Worlds::present() { return state == nullptr ? 0 : state->present; }

unsigned Worlds::rounds() { return state == nullptr ? 0 : state->worlds[state->present].rounds; }

bool Worlds::divided() { return state != nullptr; }

}  // namespace racegym
