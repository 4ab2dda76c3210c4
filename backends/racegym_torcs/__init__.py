"""racegym's TORCS backend. Importing it does no work; the game is looked for when a simulator is built."""

from __future__ import annotations

from collections.abc import Sequence

from racegym.simulator import Backend, Requirement, Simulator
from racegym_torcs.drivers import EXPERTS
from racegym_torcs.options import TorcsOptions


def _build(options: TorcsOptions) -> Simulator:
    from racegym_torcs.simulator import Torcs

    if options.screen is not None:
        from racegym_torcs.window import WindowedTorcs

        return WindowedTorcs(options)
    return Torcs(options)


def _pool(each: Sequence[TorcsOptions]) -> Simulator | None:
    from racegym_torcs.pool import pool

    return pool(each)


def _courses() -> Sequence[str]:
    from racegym_torcs import catalogue

    return catalogue.tracks()


def _cars() -> Sequence[str]:
    from racegym_torcs import catalogue

    return catalogue.cars()


def _requirements() -> Sequence[Requirement]:
    from racegym_torcs import install

    return install.requirements()


backend = Backend(
    name="torcs",
    title="TORCS 1.3.7: 38 tracks, 17 cars, lockstep at hundreds of times real time",
    options=TorcsOptions,
    build=_build,
    pool=_pool,
    courses=_courses,
    cars=_cars,
    requirements=_requirements,
    commands="racegym_torcs.cli:app",
    variants={"shm": {}, "udp": {"transport": "udp"}},
    raw_speeds="racegym_torcs.speed:raw",
    views={
        "rgb_array": {"camera": {"width": 640, "height": 480, "view": "chase"}},
        "observation": {"camera": {"width": 160, "height": 120, "view": "bonnet"}},
        "human": {"camera": {"width": 640, "height": 480, "view": "chase", "hud": True, "window": True}},
    },
    agents=EXPERTS,
)
