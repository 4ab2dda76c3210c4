"""Bringing the car back, and knowing that it is: no plug-in acknowledges a reset, so the stream must show it."""

from __future__ import annotations

import math
import time

from racegym.errors import SimulatorTimeout
from racegym_assetto_corsa import wire
from racegym_assetto_corsa.actuation import Actuator
from racegym_assetto_corsa.convert import NEUTRAL
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.session import Session
from racegym_assetto_corsa.stream import PAUSED

#: Slower than this the car stands, m/s.
STANDING = 1.0
#: A car that moved further between two states than this times its speed was put there, m more.
JUMP = 3.0
#: States on end in which it must stand.
SETTLED = 3
#: How long a plug-in that does not count resets may take to show a jump, s; a car that stood at the start shows none.
SETTLING = 1.0
#: States for which the restart button is held.
HELD = 5


def bring_back(
    options: AssettoCorsaOptions, joined: Session, actuator: Actuator, last: wire.State, deadline: float
) -> wire.State:
    """Ask for the reset and read on until the car stands where it was put; its state then.

    `SimulatorTimeout` when it does not by `deadline` (monotonic clock).
    """
    _ask(options, joined, actuator, deadline)
    asked, settled, moved = last, 0, False
    timed_out = SimulatorTimeout(
        f"assetto_corsa: the car was not brought back in time: {PAUSED}; `racegym assetto_corsa doctor` "
        "looks for the patch"
    )
    soonest = last["timestamp_ac"] + SETTLING
    while True:
        try:
            state = joined.stream.read(deadline)
        except SimulatorTimeout as error:
            raise joined.explain(timed_out) from error
        if time.monotonic() > deadline:
            raise timed_out
        moved = (
            moved
            or _counted(asked, state)
            or _jumped(last, state)
            or state["currentTime"] < last["currentTime"]
        )
        certain = moved or ("reset_count" not in state and state["timestamp_ac"] > soonest)
        settled = settled + 1 if certain and state["speed"] < STANDING else 0
        last = state
        if settled >= SETTLED:
            return state
        actuator.set(NEUTRAL)


def _ask(options: AssettoCorsaOptions, joined: Session, actuator: Actuator, deadline: float) -> None:
    if options.reset == "recover":
        joined.management.tell("reset", deadline)
    elif joined.abilities is not None and "restart_session" in joined.abilities:
        joined.management.tell("restart_session", deadline)
    else:
        actuator.restart(True)
        for _ in range(HELD):
            joined.stream.read(deadline)
        actuator.restart(False)


def _counted(asked: wire.State, state: wire.State) -> bool:
    """Whether our plug-in says that it has reset the car."""
    return state.get("reset_count", 0) != asked.get("reset_count", 0)


def _jumped(before: wire.State, state: wire.State) -> bool:
    """Whether the car is where it could not have driven to."""
    way = math.dist(*([s[f"world_position_{axis}"] for axis in "xyz"] for s in (before, state)))
    seconds = state["timestamp_ac"] - before["timestamp_ac"]
    return way > JUMP + 1.5 * max(before["speed"], state["speed"]) * seconds
