"""The built-in simulator: a single-track car model on circuits described by a few corners. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence

from racegym.simulator import Backend, Simulator
from racegym_bicycle.options import Options


def _build(options: Options) -> Simulator:
    from racegym_bicycle.simulator import BicycleSimulator

    return BicycleSimulator(options)


def _pool(each: Sequence[Options]) -> Simulator | None:
    """All rows in one simulator, when they differ in nothing: its cars do not meet."""
    if any(options != each[0] for options in each):
        return None
    return _build(each[0].model_copy(update={"cars": len(each)}))


def _courses() -> Sequence[str]:
    from racegym_bicycle.circuits import CIRCUITS

    return tuple(CIRCUITS)


backend = Backend(
    name="bicycle",
    title="the built-in simulator: any number of cars, deterministic, nothing to install",
    options=Options,
    build=_build,
    pool=_pool,
    courses=_courses,
)
