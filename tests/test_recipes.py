"""The tasks after other environments pay what those would, worked out anew from telemetry and geometry."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import racegym
from racegym import registry
from racegym.signals import Telemetry
from racegym.track import Track

CIRCUIT = "bicycle/knot"
RECIPES = ("assetto_corsa_gym", "gym_torcs", "tmrl")


def drive(task: str, act: Callable[[int, Telemetry], Sequence[float]], steps: int, **overrides: Any):
    """Rewards of a drive, the telemetry before, between and after its steps, the track, the last info."""
    env = racegym.make(task, CIRCUIT, {"simulator.speed": 15.0, **overrides})
    env.reset(seed=1)
    history, rewards, info = [env.session.now.copy()], [], {}
    for step in range(steps):
        _, reward, terminated, truncated, info = env.step(act(step, history[-1]))
        history.append(env.session.now.copy())
        rewards.append(reward)
        if terminated or truncated:
            break
    track = env.session.tracks[0]
    env.close()
    assert track is not None
    return np.array(rewards), history, track, info


def hold(*action: float) -> Callable[[int, Telemetry], Sequence[float]]:
    return lambda step, now: action


def wag(step: int) -> float:
    """A wheel that is never still."""
    return 0.2 * math.sin(step / 3)


def follow(now: Telemetry) -> float:
    """A wheel that keeps to the centre line."""
    return float(-1.5 * now["heading_error"][0] - 0.3 * now["track_position"][0])


def column(history: list[Telemetry], signal: str) -> np.ndarray:
    return np.array([now[signal][0] for now in history])


def foot(track: Track, place: np.ndarray) -> tuple[float, float]:
    """Distance of a place from the centre line's polyline, and metres along it to the nearest point."""
    ends = np.roll(track.points, -1, axis=0) - track.points
    share = ((place - track.points) * ends).sum(axis=1) / (ends * ends).sum(axis=1)
    gaps = np.hypot(*(track.points + np.clip(share, 0, 1)[:, None] * ends - place).T)
    nearest = int(gaps.argmin())
    beyond = float(share[nearest].clip(0, 1)) * math.hypot(*ends[nearest])
    return gaps[nearest], track.stations[nearest] + beyond


@pytest.mark.parametrize("task", RECIPES)
def test_a_recipe_is_shipped_and_runs_in_every_space(task):
    assert task in registry.tasks()
    env = racegym.make(task, CIRCUIT)
    observation, _ = env.reset(seed=1)
    assert observation in env.observation_space
    for _ in range(20):
        observation, *_ = env.step(env.action_space.sample())
        assert observation in env.observation_space
    env.close()


def test_gym_torcs_pays_forward_speed_along_the_track_in_km_per_hour():
    rewards, history, track, _ = drive(
        "gym_torcs", lambda step, now: (follow(now) / 2 + wag(step) / 8, -0.6), 20
    )
    for reward, now in zip(rewards, history[1:], strict=True):
        x, y, _ = now["position"][0]
        angle = track.locate(np.array([[x, y]])).heading[0] - now["yaw"][0]
        assert reward == pytest.approx(3.6 * now["velocity"][0, 0] * math.cos(angle))
    assert rewards.min() > 30


def test_gym_torcs_pays_minus_one_off_the_track_and_ends():
    rewards, history, track, info = drive("gym_torcs", hold(0.05, 1.0), 60)
    gap, _ = foot(track, history[-1]["position"][0, :2])
    assert gap > track.at(history[-1]["lap_distance"]).width_left[0]
    assert rewards[-1] == -1
    assert info["ended_by"] == "off_track"
    assert (rewards[:-1] > 0).all()


def test_gym_torcs_pays_minus_one_where_the_damage_grows():
    beside_the_road = {"task.termination.off_track.seconds": 10.0, "task.reward.off_track.weight": 0.0}
    rewards, history, *_ = drive("gym_torcs", hold(0.05, 1.0), 30, **beside_the_road)
    hurt = np.diff(column(history, "damage")) > 0
    assert hurt.any()
    assert (rewards[hurt] == -1).all()


def test_gym_torcs_gives_slow_cars_a_hundred_seconds():
    _, history, _, info = drive("gym_torcs", hold(0.0, -1.0), 600, **{"simulator.speed": 0.0})
    assert info["ended_by"] == "stuck"
    assert history[-1]["time"][0] == pytest.approx(501 * 0.2, abs=0.21)


def test_assetto_corsa_gym_pays_speed_less_the_gap_to_the_line():
    rewards, history, track, _ = drive("assetto_corsa_gym", lambda step, now: (wag(step), 0.3, 0.0), 50)
    for reward, now in zip(rewards, history[1:], strict=True):
        gap, _ = foot(track, now["position"][0, :2])
        speed = math.hypot(*now["velocity"][0, :2])
        assert reward == pytest.approx(3.6 * speed * (1 - gap / 12) / 300, abs=1e-3)
    assert np.ptp(rewards) > 0.01


def test_assetto_corsa_gym_can_charge_for_jerks():
    plain, *_ = drive("assetto_corsa_gym", lambda step, now: (wag(step), 0.3, 0.0), 20)
    charged, history, *_ = drive(
        "assetto_corsa_gym", lambda step, now: (wag(step), 0.3, 0.0), 20, **{"task.reward.roughness": {}}
    )
    levers = np.stack([column(history, name) for name in ("steer", "throttle", "brake")])
    jerks = np.linalg.norm(np.diff(levers, axis=1), axis=0)
    assert jerks.max() > 0.05
    np.testing.assert_allclose(charged - plain, -0.1 * jerks, atol=1e-9)


def test_assetto_corsa_gym_moves_the_levers_by_its_limits():
    env = racegym.make("assetto_corsa_gym", CIRCUIT)
    env.reset(seed=1)
    for step in range(1, 4):
        env.step((1.0, 1.0, 0.0))
        controls = env.session.controls
        assert controls["steer"][0] == pytest.approx(0.0801 * step)
        # the pedals start at -1 of its axis, which runs to 1
        assert controls["throttle"][0] == pytest.approx((-1 + 0.48 * step + 1) / 2)
        assert controls["brake"][0] == 0
    env.close()


def test_tmrl_pays_a_point_for_ten_metres_of_the_line():
    rewards, history, track, _ = drive("tmrl", lambda step, now: (0.4, -1.0, follow(now) + wag(step)), 100)
    # its line is a row of points 10 cm apart, and the reward the number of points gained by a hundred
    points = [round(foot(track, now["position"][0, :2])[1] / 0.1) for now in history]
    np.testing.assert_allclose(rewards, np.diff(points) / 100, atol=0.011)
    assert rewards.sum() == pytest.approx((points[-1] - points[0]) / 100, abs=0.011)
    assert rewards.sum() > 2


def test_tmrl_pays_a_hundred_for_the_lap_and_ends():
    def act(step: int, now: Telemetry) -> tuple[float, float, float]:
        return (0.2 * (25 - now["speed"][0]), -1.0, follow(now))

    longer = {"simulator.track": "oval", "task.truncation.seconds": 100}
    rewards, history, track, info = drive("tmrl", act, 2500, **longer)
    assert info["ended_by"] == "laps"
    assert rewards[-1] == pytest.approx(100 + np.diff(column(history, "distance"))[-1] / 10)
    assert rewards.sum() == pytest.approx(100 + track.length / 10, abs=0.2)


def test_tmrl_ends_a_car_that_stands_after_eighty_one_steps():
    _, history, _, info = drive("tmrl", hold(-1.0, -1.0, 0.0), 200, **{"simulator.speed": 0.0})
    assert info["ended_by"] == "stuck"
    assert history[-1]["time"][0] == pytest.approx(81 * 0.05, abs=0.041)
