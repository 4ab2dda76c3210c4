/* A step of racegym, but for the game: runs what racegym/tape.py recorded of a task's terms, over all cars, and the
   fixed parts beside it. racegym/compiled.py fills these structs, field by field, and says what each part is; every
   number is the one that the NumPy path computes. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* In the order of OPERATIONS in racegym/tape.py. */
enum operation {
    MOVE, ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM, ABSOLUTE, NEGATIVE, SQUARE_ROOT,
    LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, AND, OR, NOT, PICK, FLAG
};

/* One number of each car; `stride` doubles lie between two cars, none where all share it. */
struct column {
    double *at;
    int64_t stride;
};

struct instruction {
    int64_t operation;
    struct column a, b, out;
};

struct program {
    const struct instruction *instructions;
    int64_t count;
};

/* NumPy's: a NaN on either side is the result. */
static double maximum(double a, double b) { return a >= b || isnan(a) ? a : b; }
static double minimum(double a, double b) { return a <= b || isnan(a) ? a : b; }

#define EACH(result)                                                             \
    for (int64_t i = 0; i < cars; i++) {                                         \
        const double x = a.at[i * a.stride], y = b.at[i * b.stride];             \
        (void)y;                                                                 \
        out.at[i * out.stride] = (result);                                       \
    }                                                                            \
    break

static void run(struct program program, int64_t cars) {
    for (int64_t place = 0; place < program.count; place++) {
        const struct instruction *now = &program.instructions[place];
        const struct column a = now->a, b = now->b, out = now->out;
        switch ((enum operation)now->operation) {
            case MOVE: EACH(x);
            case ADD: EACH(x + y);
            case SUBTRACT: EACH(x - y);
            case MULTIPLY: EACH(x * y);
            case DIVIDE: EACH(x / y);
            case MAXIMUM: EACH(maximum(x, y));
            case MINIMUM: EACH(minimum(x, y));
            case ABSOLUTE: EACH(fabs(x));
            case NEGATIVE: EACH(-x);
            case SQUARE_ROOT: EACH(sqrt(x));
            case LESS: EACH(x < y);
            case LESS_EQUAL: EACH(x <= y);
            case EQUAL: EACH(x == y);
            case NOT_EQUAL: EACH(x != y);
            case AND: EACH(x != 0 && y != 0);
            case OR: EACH(x != 0 || y != 0);
            case NOT: EACH(x == 0);
            case PICK: EACH(x != 0 ? y : out.at[i * out.stride]);
            case FLAG:
                for (int64_t i = 0; i < cars; i++) ((uint8_t *)out.at)[i] = a.at[i * a.stride] != 0;
                break;
        }
    }
}

struct decoding {
    int64_t cars, numbers;
    double *action; /* (cars, numbers) */
    struct program program;
    const double *due; /* (cars,); null where no code of its own follows */
    const double *now; /* the telemetry, which is kept in `before`: (cars, columns) */
    double *before;
    int64_t columns;
};

enum decoded { DECODED, DUE, NOT_A_NUMBER };

EXPORT int racegym_decode(const struct decoding *d) {
    for (int64_t i = 0; i < d->cars * d->numbers; i++) {
        d->action[i] = minimum(maximum(d->action[i], -1.0), 1.0);
        if (isnan(d->action[i])) return NOT_A_NUMBER;
    }
    run(d->program, d->cars);
    memcpy(d->before, d->now, sizeof(double) * (size_t)(d->cars * d->columns));
    for (int64_t i = 0; d->due && i < d->cars; i++)
        if (d->due[i] != 0) return DUE;
    return DECODED;
}

struct rewards {
    int64_t terms;
    const double *values, *weights; /* (terms, cars) */
    const uint8_t *replaces;        /* (terms,) */
    double *shares, *total;         /* (terms, cars), (cars,) */
};

static int pay(const struct rewards *r, int64_t cars) {
    int finite = 1;
    for (int64_t i = 0; i < cars; i++) r->total[i] = 0.0;
    for (int64_t k = 0, at = 0; k < r->terms; k++)
        for (int64_t i = 0; i < cars; i++, at++) {
            r->shares[at] = r->values[at] * r->weights[at];
            r->total[i] += r->shares[at];
        }
    for (int64_t k = 0; k < r->terms; k++)
        for (int64_t i = 0; r->replaces[k] && i < cars; i++)
            if (r->shares[k * cars + i] != 0) r->total[i] = r->shares[k * cars + i];
    for (int64_t i = 0; i < cars; i++) finite &= isfinite(r->total[i]) != 0;
    return finite;
}

struct endings {
    int64_t terms;
    uint8_t *causes;       /* (terms, cars): in, whether each condition holds; out, whether it ends the driving */
    double *since;         /* (terms, cars) */
    const double *seconds; /* (terms,) */
    uint8_t *none;         /* no condition held in the last step, and `since` has yet to follow */
    struct column time_before, time;
    uint8_t *terminated; /* (cars,) */
};

static void end(const struct endings *e, int64_t cars) {
    const int followed = !*e->none;
    memset(e->terminated, 0, (size_t)cars);
    *e->none = 1;
    for (int64_t at = 0; at < e->terms * cars; at++)
        if (e->causes[at]) *e->none = 0;
    if (*e->none) return;
    for (int64_t k = 0, at = 0; k < e->terms; k++)
        for (int64_t i = 0; i < cars; i++, at++) {
            const double time = e->time.at[i * e->time.stride];
            double since = e->since[at];
            if (!followed) since = maximum(since, e->time_before.at[i * e->time_before.stride]);
            if (!e->causes[at]) since = maximum(since, time);
            e->since[at] = since;
            e->causes[at] = e->causes[at] && time - since >= e->seconds[k];
            e->terminated[i] |= e->causes[at];
        }
}

enum { REASONS = 3 };

struct limits {
    double reach[REASONS];          /* steps, time, laps */
    struct column measure[REASONS]; /* of the same; steps are counted here */
    uint8_t *causes;                /* (REASONS, cars) */
    uint8_t *truncated;             /* (cars,) */
};

static void cut_short(const struct limits *l, int64_t cars) {
    const struct column steps = l->measure[0];
    for (int64_t i = 0; i < cars; i++) steps.at[i * steps.stride] += 1;
    memset(l->truncated, 0, (size_t)cars);
    for (int64_t k = 0, at = 0; k < REASONS; k++)
        for (int64_t i = 0; i < cars; i++, at++) {
            l->causes[at] = l->measure[k].at[i * l->measure[k].stride] >= l->reach[k];
            l->truncated[i] |= l->causes[at];
        }
}

struct view {
    int64_t gathered, deep, seen;    /* numbers of a car: taken from the telemetry, remembered, given out */
    const int64_t *sources;          /* (gathered,): columns of the telemetry */
    const double *offsets, *scales;  /* (gathered,) */
    float *stack;                    /* (cars, deep) */
    const int64_t *order;            /* (seen,): places in the stack */
    const float *low, *high;         /* (seen,) */
    float *out;                      /* (cars, seen) */
};

static int look(const struct view *v, const double *now, int64_t columns, int64_t cars) {
    int finite = 1;
    for (int64_t i = 0; i < cars; i++) {
        const double *signals = now + i * columns;
        float *stack = v->stack + i * v->deep, *out = v->out + i * v->seen;
        for (int64_t k = 0; k < v->gathered; k++)
            stack[k] = (float)((signals[v->sources[k]] + v->offsets[k]) * v->scales[k]);
        for (int64_t k = 0; k < v->seen; k++) {
            float value = stack[v->order[k]];
            if (value < v->low[k]) value = v->low[k];
            if (value > v->high[k]) value = v->high[k];
            finite &= !isnan(value);
            out[k] = value;
        }
    }
    return finite;
}

struct judging {
    int64_t cars;
    struct program program;
    struct rewards rewards;
    struct endings endings;
    struct limits limits;
    const double *now; /* (cars, columns) */
    int64_t columns;
    struct view view; /* `seen` is 0 where Python looks */
};

/* Whether all numbers given out are finite. */
EXPORT int racegym_judge(const struct judging *j) {
    run(j->program, j->cars);
    const int finite = pay(&j->rewards, j->cars);
    end(&j->endings, j->cars);
    cut_short(&j->limits, j->cars);
    return (j->view.seen == 0 || look(&j->view, j->now, j->columns, j->cars)) && finite;
}
