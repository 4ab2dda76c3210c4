/* Our side of the conversation with one game (shared.py, mapping.py): a command is given, its answer waited for. In C
   because a step's share of it in Python took longer than the sleep and the waking themselves. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef _Atomic uint32_t word;

/* Filled in by exchange.py. The words lie in the shared memory. */
struct conversation {
    word *command_seq, *command, *argument, *state_seq; /* of the game's header */
    word *rings, *pending, *answered;                   /* of the bell; the last is an `enum answer` */
    const int32_t *open; /* conversations of this process */
    int64_t spin;        /* looks for the answer before sleeping */
    int64_t core;        /* that the game keeps to, where it is worth sleeping there; else -1 */
    int64_t tied;        /* waits to come on that core */
    double *controls;    /* in the shared memory: (numbers,), some for each car */
    const double *low, *high;          /* (numbers,) */
    int64_t numbers, of_a_car, wanted; /* so many of the first of a car's must be numbers */
};

/* As mapping.py has it. */
enum answer { AWAITED, GIVEN, SLEPT_ON };

/* Waits on the game's core before the scheduler is trusted again. */
enum { TIED = 1000 };

static const struct timespec glance = {0, 50000000};

EXPORT void racegym_tell(struct conversation *c, uint32_t command, uint32_t argument) {
    *c->command = command;
    *c->argument = argument;
    *c->answered = AWAITED;
    *c->pending = 1;
    const uint32_t number = *c->command_seq + 1;
    *c->command_seq = number;
    *c->rings = number;
    syscall(SYS_futex, c->rings, FUTEX_WAKE, INT32_MAX, 0, 0, 0);
}

/* Drives by these controls, clipped; whether all that must be are numbers, else nothing was told. */
EXPORT int racegym_drive(struct conversation *c, uint32_t command, const double *controls, uint32_t ticks) {
    int sound = 1;
    for (int64_t i = 0; i < c->numbers; i++) {
        double number = controls[i];
        if (number < c->low[i]) number = c->low[i];
        if (number > c->high[i]) number = c->high[i];
        c->controls[i] = number;
        sound &= number == number || i % c->of_a_car >= c->wanted;
    }
    if (sound) racegym_tell(c, command, ticks);
    return sound;
}

/* Returns for any reason, after 50 ms at the latest. */
static void sleep_until_answered(struct conversation *c) {
    uint32_t said = AWAITED;
    if (atomic_compare_exchange_strong(c->answered, &said, SLEPT_ON) || said == SLEPT_ON)
        syscall(SYS_futex, c->answered, FUTEX_WAIT, SLEPT_ON, &glance, 0, 0);
}

/* Lets the game run first, where we share its core; whether it has answered. Who does not sleep is not woken on another
   core; from there each step would cost a waking across cores, or the tie below. */
static int give_way(const struct conversation *c, uint32_t number) {
    if (sched_getcpu() != c->core) return 0;
    sched_yield();
    return *c->state_seq == number;
}

/* Sleeps on the game's core, if this thread may run there. It is tied to the core for no longer than it sleeps and then
   may run where it could before: threads that it starts, a learner's for instance, inherit nothing. That is only done
   once the scheduler has woken it elsewhere, as it does while other cores are idle. */
static void sleep_beside_the_game(struct conversation *c) {
    cpu_set_t before, own;
    const int core = (int)c->core;
    if (c->tied == 0) {
        sleep_until_answered(c);
        if (sched_getcpu() != core) c->tied = TIED;
        return;
    }
    c->tied--;
    CPU_ZERO(&own);
    CPU_SET(core, &own);
    const int may = sched_getaffinity(0, sizeof before, &before) == 0 && CPU_ISSET(core, &before) && CPU_COUNT(&before) > 1;
    const int there = may && sched_setaffinity(0, sizeof own, &own) == 0;
    sleep_until_answered(c);
    if (there) sched_setaffinity(0, sizeof before, &before);
}

/* Whether the last command has been answered, within 50 ms or so. */
EXPORT int racegym_wait(struct conversation *c) {
    const uint32_t number = *c->command_seq;
    for (int64_t left = c->spin; left > 0; left--)
        if (*c->state_seq == number) return 1;
    if (*c->state_seq == number) return 1;
    /* Who talks to several games in turn finds most answers ready, and would be pulled to and fro between cores. */
    const int together = c->core >= 0 && *c->open == 1;
    if (together && give_way(c, number)) return 1;
    if (together)
        sleep_beside_the_game(c);
    else
        sleep_until_answered(c);
    return *c->state_seq == number;
}
