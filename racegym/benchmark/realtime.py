"""How well the clock on the wall is kept: a run in real time, and what it measured of itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import racegym
from racegym import agents


def timing(
    config: Any, step: float, steps: int, overrides: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Drive `config` by the scripted driver for `steps` steps of `step` s; `Timing.summary` and what it ran under.

    Episodes that end are begun anew; no interval spans a reset.
    """
    env = racegym.make(config, overrides={**(overrides or {}), "clock.realtime": step})
    driver = agents.load("scripted")
    episodes, faults = 1, 0
    try:
        observation, _ = env.reset(seed=1)
        driver.reset(1)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        for _ in range(steps):
            observation, _, terminated, truncated, info = env.step(driver.act(observation[None])[0])
            if terminated or truncated:
                faults += info.get("ended_by") == "fault"
                episodes += 1
                observation, _ = env.reset()
                driver.reset(1)
        session: Any = env.session
        return {
            "simulator": session.spec.name,
            "load": load,
            "episodes": episodes,
            "faults": faults,
            **session.timing.summary(),
        }
    finally:
        env.close()
