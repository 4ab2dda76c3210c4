"""assetto_corsa_gym's 125 numbers and its reward, against an independent computation from what is known of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assetto_corsa_plugin import CAR, LENGTH, Recorded, ring, state, write_assets

import racegym

State = dict[str, Any]
Course = dict[str, np.ndarray]


def drive() -> Iterator[State]:
    """A car that stands, then drives along the ring, a little off its line, with everything else at random."""
    random = np.random.default_rng(3)
    course = ring()
    middle = (course["left"] + course["right"]) / 2
    for steps in itertools.count(1):
        at = max(steps - 60, 0) * 2 % len(middle)
        x, y = middle[at] + random.uniform(-3, 3, 2)
        ahead = middle[(at + 1) % len(middle)] - middle[at]
        still = {"speed": 0.0} if steps <= 60 else {}
        yield state(
            steps, random, world_position_x=float(x), world_position_y=float(y),
            yaw=float(math.atan2(ahead[1], ahead[0]) + random.uniform(-0.3, 0.3)),
            NormalizedSplinePosition=at / len(middle), numberOfTyresOut=int(steps % 7 == 0) * 2, **still,
        )  # fmt: skip


def channels(one: State, course: Course) -> list[float]:
    """Blocks 1 and 2: fourteen channels by their scales, eleven rays."""
    return [
        one["speed"] / 80, right_of_line(one, course) / 10, one["LastFF"], one["RPM"] / 10000, one["accelX"] / 5,
        one["accelY"] / 5, one["actualGear"] / 8, one["angular_velocity_y"] / math.pi, one["local_velocity_x"] / 80,
        one["local_velocity_y"] / 20, *(one[f"SlipAngle_{wheel}"] / 25 for wheel in ("fl", "fr", "rl", "rr")),
        *(ray(one, course, math.radians(degrees)) / 200 for degrees in range(-90, 91, 18)),
    ]  # fmt: skip


def ray(one: State, course: Course, angle: float) -> float:
    x, y, bearing = one["world_position_x"], one["world_position_y"], one["yaw"] + angle
    shortest = 200.0
    for border in (course["left"], course["right"]):
        corners = [*border[::10], border[-1]]
        for (ax, ay), (bx, by) in itertools.pairwise(corners):
            matrix = np.array([[math.cos(bearing), ax - bx], [math.sin(bearing), ay - by]])
            if abs(np.linalg.det(matrix)) < 1e-12:
                continue
            distance, share = np.linalg.solve(matrix, [ax - x, ay - y])
            if distance >= 0 and 0 <= share <= 1:
                shortest = min(shortest, float(distance))
    return shortest


def right_of_line(one: State, course: Course) -> float:
    """The gap: positive when the car is right of the line."""
    car, line = np.array([one["world_position_x"], one["world_position_y"]]), course["line"]
    nearest = int(np.argmin(np.hypot(*(line - car).T)))
    gaps = []
    for first in (nearest - 1, nearest):
        if not 0 <= first < len(line) - 1:
            continue
        start, end = line[first], line[first + 1]
        share = min(max(float(np.dot(car - start, end - start) / np.dot(end - start, end - start)), 0.0), 1.0)
        distance = float(np.linalg.norm(car - (start + share * (end - start))))
        turn = (end - start)[0] * (car - start)[1] - (end - start)[1] * (car - start)[0]
        gaps.append(-math.copysign(distance, turn))
    return min(gaps, key=abs)


def curvatures(one: State, course: Course) -> list[float]:
    steps = np.linalg.norm(np.diff(course["line"], axis=0), axis=1)
    distance = np.concatenate([[0], np.cumsum(steps)])
    sampled = np.interp(np.arange(0, distance[-1], 1.0), distance, course["curvature"])
    first = math.ceil(LENGTH * one["NormalizedSplinePosition"])
    return [float(sampled[(first + 25 * place) % len(sampled)]) / 0.1 for place in range(12)]


def observation(now: State, before: list[State], course: Course) -> list[float]:
    """The 125 numbers; `before` are the three states before, oldest first."""
    return [
        *channels(now, course),
        float(now["numberOfTyresOut"] > 2),
        *curvatures(now, course),
        *(past["steerAngle"] / 450 for past in before),
        *(past["accStatus"] for past in before),
        *(past["brakeStatus"] for past in before),
        now["steerAngle"] / 450, now["accStatus"], now["brakeStatus"],
        *(number for past in before for number in channels(past, course)),
    ]  # fmt: skip


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    write_assets(tmp_path / "AssettoCorsaConfigs")
    return tmp_path / "AssettoCorsaConfigs"


@pytest.fixture
def driven(assets: Path) -> Iterator[tuple[racegym.RaceEnv, Recorded]]:
    with Recorded(drive()) as plugin:
        changes = plugin.options | {"assets": str(assets), "car": CAR, "stand_in": {}}
        env = racegym.make(
            "assetto_corsa/assetto_corsa_gym",
            overrides={f"simulator.{name}": value for name, value in changes.items()} | {"on_fault": "raise"},
        )
        yield env, plugin
        env.close()


def test_its_observation_and_its_reward_number_for_number(driven) -> None:
    env, plugin = driven
    course = ring()
    env.reset(seed=0)
    last = env.unwrapped.session.fleet.members[0][0]
    numbers = [last.state["steps"]]
    for step in range(80):
        seen, reward, *_ = env.step(np.zeros(3))
        numbers.append(last.state["steps"])
        if step < 3:
            continue
        now, *before = (plugin.sent[n] for n in (numbers[-1], *numbers[-4:-1]))
        assert seen == pytest.approx(observation(now, before, course), rel=1e-5, abs=1e-5)
        gap = right_of_line(now, course)
        assert reward == pytest.approx(3.6 * now["speed"] * (1 - abs(gap) / 12) / 300)
    assert numbers == list(range(numbers[0], numbers[0] + 81)), "a state was skipped"


def test_a_step_turns_the_wheel_by_36_degrees_and_moves_pedals_by_048(driven) -> None:
    env, plugin = driven
    env.reset(seed=0)
    for steer, throttle, brake in ((-1, 1, 0), (-1, 0, 1), (0, -1, -1)):
        env.step(np.array([steer, throttle, brake]))
    sent = [(one["steer"], one["acc"], one["brake"]) for one in plugin.controls[-3:]]
    command = 36 * 0.5341796875 / 240
    assert sent == [
        pytest.approx((command, -0.52, -1), abs=1e-6),
        pytest.approx((2 * command, -0.52, -0.52), abs=1e-6),
        pytest.approx((2 * command, -1, -1), abs=1e-6),
    ]


def test_three_wheels_off_the_track_end_the_driving(assets: Path) -> None:
    def leaving() -> Iterator[State]:
        for one in drive():
            yield one | {"numberOfTyresOut": 3 if one["steps"] > 65 else 2}

    with Recorded(leaving()) as plugin:
        changes = plugin.options | {"assets": str(assets), "car": CAR}
        env = racegym.make(
            "assetto_corsa/assetto_corsa_gym",
            overrides={f"simulator.{name}": value for name, value in changes.items()},
        )
        env.reset(seed=0)
        for _ in range(40):
            seen, _, terminated, truncated, info = env.step(np.zeros(3))
            assert seen[25] == float(terminated)
            if terminated:
                break
        assert terminated and not truncated and info["ended_by"] == "wheels_off"
        env.close()
