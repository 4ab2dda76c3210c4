"""How fast a simulator is driven, side by side in one run: the game alone, each transport, environments, vectors.

Absolute figures move from machine to machine and with what else runs there, often twofold within seconds. So every
measure is taken in `ROUNDS` short rounds, all measures in turn: of a rate the best round counts, and of its ratio to
the game's own, measured right before and right after it, the median over rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from racegym import registry
from racegym.benchmark.layer import layer_us
from racegym.config import RunConfig, load
from racegym.env import RaceEnv
from racegym.simulator import Rendering
from racegym.terms import load_object
from racegym.vector import RaceVectorEnv

ROUNDS = 9
LIMIT = "limit"
"""Of `Backend.raw_speeds`: the game by itself."""
VIEW = "observation"
"""Of `Backend.views`: pictures for agents."""
SECONDS = 0.25
RESETS = 50
LAYER_CARS = (1, 64)
FILM_ROUNDS, FILM_STEPS = 24, 20
#: Half throttle straight on: what is measured is the step, and an episode that ends is started anew.
ACTION = np.array([0.0, 0.5], np.float32)

Report = Callable[[str], None]
Measure = Callable[[], float]
"""Steps a second, measured anew."""


def measure(
    name: str, num_envs: Sequence[int] = (1, 8, 32), report: Report = lambda what: None
) -> dict[str, Any]:
    """The speeds of one simulator (``torcs/aalborg``), with the default observation and reward, by name.

    ``of_limit`` holds the ratios of all rates, vectors as ``vector_<rows>``, to the game's own where that is known.
    ``layer_us`` and ``layer_derived_us`` are racegym's own share of a step, by cars, over a simulator that does
    nothing: with all signals provided, and with all that can be derived from pose and track derived.
    """
    run = load(name)
    backend = registry.backend(run.simulator.backend)
    variants = backend.variants or {"": {}}
    measures: dict[str, Measure] = {}
    if backend.raw_speeds:
        measures |= load_object(backend.raw_speeds)(name.partition("/")[2])
    for variant, options in variants.items():
        key = f"env_{variant}" if variant else "env"
        measures[key] = partial(_env_rate, _with(run, options))
    measures |= {f"vector_{count}": partial(_vector_rate, run, count) for count in num_envs}
    best, ratios = _rounds(measures, report)
    return {
        "simulator": run.simulator.build().spec.name,
        **{f"{what}_steps_per_s": rate for what, rate in best.items() if not what.startswith("vector_")},
        "vector_steps_per_s": {str(count): best[f"vector_{count}"] for count in num_envs},
        "of_limit": ratios,
        **film_rates(run),
        **_starts(run),
        "layer_us": {str(cars): round(layer_us(cars), 2) for cars in LAYER_CARS},
        "layer_derived_us": {
            str(cars): round(layer_us(cars, derive=True, steps=300), 2) for cars in LAYER_CARS
        },
    }


def _rounds(measures: Mapping[str, Measure], report: Report) -> tuple[dict[str, float], dict[str, float]]:
    """The best rate of each measure, and the median of its ratios to the limit's mean right before and after it."""
    rates: dict[str, list[float]] = {what: [] for what in measures}
    ratios: dict[str, list[float]] = {what: [] for what in measures if LIMIT in measures and what != LIMIT}
    for turn in range(ROUNDS):
        report(f"round {turn + 1} of {ROUNDS}")
        for what, measure in measures.items():
            rates[what].append(measure())
            if what in ratios:
                rates[LIMIT].append(measures[LIMIT]())
                ratios[what].append(rates[what][-1] / statistics.fmean(rates[LIMIT][-2:]))
    best = {what: round(max(taken), 1) for what, taken in rates.items()}
    return best, {what: round(statistics.median(taken), 3) for what, taken in ratios.items()}


def _with(run: RunConfig, options: Mapping[str, Any]) -> RunConfig:
    data = run.simulator.data() | dict(options)
    return load({"simulator": data, "task": run.task})


def _env_rate(run: RunConfig) -> float:
    env = RaceEnv(run)
    try:
        env.reset(seed=1)

        def step() -> int:
            *_, terminated, truncated, _ = env.step(ACTION)
            if terminated or truncated:
                env.reset()
            return 1

        return _rate(step)
    finally:
        env.close()


def _vector_rate(run: RunConfig, count: int) -> float:
    env = RaceVectorEnv(count, run)
    try:
        env.reset(seed=1)
        actions = np.tile(ACTION, (count, 1))

        def step() -> int:
            env.step(actions)
            return count

        return _rate(step)
    finally:
        env.close()


def _rate(step: Callable[[], int], batch: int = 50) -> float:
    """Steps a second of `step`, which says how many it took."""
    for _ in range(batch):
        step()
    taken, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < SECONDS:
        for _ in range(batch):
            taken += step()
    return taken / elapsed


def film_rates(run: RunConfig) -> dict[str, float]:
    """Steps a second with a picture in each observation, and the renderer's own rate, nothing else being done.

    Both in turn, a few pictures at a time, so that what else runs on the machine slows both; the medians count, of the
    rates and of their ratio. Nothing where the simulator has no pictures, or no rate of its own to tell.
    """
    backend = registry.backend(run.simulator.backend)
    if VIEW not in backend.views:
        return {}
    data = run.simulator.data() | dict(backend.views[VIEW])
    observation = {"terms": {"camera": {}}}
    env = RaceEnv({"simulator": data, "task": {**run.task.model_dump(), "observation": observation}})
    (renderer, _), *_ = env.session.fleet.members
    if not isinstance(renderer, Rendering):
        return {}
    try:
        env.reset(seed=1)
        camera = env.session.spec.cameras[0].name
        rounds = []
        for _ in range(FILM_ROUNDS):
            own = renderer.render_rate(camera, FILM_STEPS)
            rounds.append((own, _film_rate(env)))
    finally:
        env.close()
    own, stepped = np.array(rounds[2:]).T
    rates = {"renderer": own, "frames": stepped}
    return {f"{what}_per_s": round(float(np.median(rate)), 1) for what, rate in rates.items()} | {
        "frames_of_renderer": round(float(np.median(stepped / own)), 3)
    }


def _film_rate(env: RaceEnv) -> float:
    began = time.perf_counter()
    for _ in range(FILM_STEPS):
        *_, terminated, truncated, _ = env.step(ACTION)
        if terminated or truncated:
            env.reset()
    return FILM_STEPS / (time.perf_counter() - began)


def _starts(run: RunConfig) -> dict[str, float]:
    """Milliseconds from nothing to the first observation (the best of three), and of a reset."""
    cold, resets = [], []
    for _ in range(3):
        start = time.perf_counter()
        env = RaceEnv(run)
        env.reset(seed=1)
        cold.append(time.perf_counter() - start)
        for _ in range(RESETS):
            env.step(ACTION)
            start = time.perf_counter()
            env.reset()
            resets.append(time.perf_counter() - start)
        env.close()
    return {
        "reset_ms_median": round(statistics.median(resets) * 1e3, 3),
        "cold_start_ms": round(min(cold) * 1e3, 1),
    }
