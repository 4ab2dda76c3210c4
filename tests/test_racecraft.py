"""What the reference driver does about the cars around it, on a straight road 14 m wide at 30 m/s."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from racegym.agents import Agent
from racegym.agents.fit import seat
from racegym.agents.scripted import TRAFFIC_TERMS, Scripted
from racegym.config import load
from racegym.observations import DEFAULT_TERMS
from racegym.signals import DEFAULT_BEAM_ANGLES, OPPONENT_SECTORS, SIGNALS

HALF, SPEED, STEP = 7.0, 30.0, 0.02
LEFT, AHEAD, BEHIND = 9, 18, 35
"""Sectors: from 80 to 90 degrees to the left, from 0 to 10 to the right ahead, nearly straight behind."""


def road(**traffic: np.ndarray | float) -> np.ndarray:
    """What the driver sees in the middle of the road, ``(1, n)``, with signals of `traffic` behind the default ones."""
    beams = HALF / np.maximum(np.abs(np.sin(np.radians(DEFAULT_BEAM_ANGLES))), 1e-3)
    values = {"speed": SPEED, "velocity": [SPEED, 0, 0], "rangefinders": np.minimum(beams, 200), **traffic}
    parts = [
        np.broadcast_to(values.get(name, 0.0), SIGNALS[name].size) / SIGNALS[name].scale
        for name in (*DEFAULT_TERMS, *traffic)
    ]
    return np.concatenate(parts)[None].astype(np.float32)


def beside(sector: int | None, distance: float = 200.0, closing: float = 0.0) -> np.ndarray:
    """The driver's actions ``(steps, 2)`` over half a second with a car in that sector that comes nearer."""
    driver, actions = Scripted(), []
    for time in np.arange(25) * STEP:
        opponents = np.full(OPPONENT_SECTORS, 200.0)
        if sector is not None:
            opponents[sector] = distance - closing * time
        actions.append(driver.act(road(time=time, opponents=opponents))[0])
    return np.array(actions)


def alone() -> np.ndarray:
    driver = Scripted()
    return np.array([driver.act(road())[0] for _ in range(25)])


def test_with_nobody_near_it_drives_to_the_bit_as_without_looking():
    np.testing.assert_array_equal(beside(None), alone())
    np.testing.assert_array_equal(beside(AHEAD, 120.0), alone())


def test_it_moves_aside_for_a_slower_car_ahead_and_stays_on_the_throttle():
    actions = beside(AHEAD, 30.0, closing=8.0)
    assert actions[-1, 0] > 0.002  # it is on the right, so past on the left
    assert (actions[:, 1] > 0).all()


def test_it_brakes_behind_a_car_that_it_would_run_into():
    assert beside(AHEAD, 16.0, closing=12.0)[-1, 1] < -0.5


def test_it_leaves_room_to_a_car_beside_it():
    assert beside(LEFT, 2.5)[:, 0].max() < -0.002


def test_it_keeps_its_line_when_a_faster_car_comes_from_behind():
    actions = beside(BEHIND, 25.0, closing=20.0)
    assert np.abs(actions[:, 0]).max() < 0.005
    assert (actions[:, 1] > 0).all()


@pytest.mark.parametrize("traffic", [False, True])
def test_it_asks_for_the_cars_around_only_where_there_can_be_any(traffic):
    spec = load("torcs/forza").simulator.build().spec
    observation = Scripted.task(replace(spec, traffic=traffic))["observation"]
    assert set(TRAFFIC_TERMS).issubset(observation.get("terms", {})) is traffic


def test_an_agent_may_make_its_task_from_what_the_simulator_offers():
    class Choosy:
        @staticmethod
        def task(spec):
            return {"observation": {"terms": dict.fromkeys(["speed"] if spec.cars == 1 else ["yaw"])}}

        def reset(self, cars: int) -> None: ...

        def act(self, observation: np.ndarray) -> np.ndarray:
            return np.zeros((len(observation), 2))

    agent: Agent = Choosy()
    assert list(seat(agent, "bicycle/oval").task.observation.terms) == ["speed"]
    assert list(seat(agent, "bicycle/oval", None, {"simulator.cars": 2}).task.observation.terms) == ["yaw"]
