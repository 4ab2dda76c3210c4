"""The reference driver on the built-in simulator, and what it answers to any observation."""

from __future__ import annotations

import numpy as np
import pytest

import racegym
from racegym.agents.scripted import Scripted
from racegym.config import load
from racegym.driving import Drive, drive
from racegym.observations import DEFAULT_TERMS
from racegym.signals import SIGNALS

CIRCUITS = ("oval", "longbow", "switchback", "harbour", "meadow", "knot")
CRAWL = 12.0  # m/s, mean over a lap that any driver should beat


def lap(
    circuit: str, task: dict[str, object] | None = None, seed: int | None = None, **options: object
) -> Drive:
    """One lap by the reference driver, with these overrides of the task and options of the simulator."""
    overrides = {f"simulator.{name}": value for name, value in options.items()}
    env = racegym.make(load(f"bicycle/{circuit}", None, {**overrides, **(task or {})}))
    try:
        return drive(env, Scripted(), seed=seed)
    finally:
        env.close()


def bounds() -> tuple[np.ndarray, np.ndarray]:
    """Of the default observation, ``(n,)`` each."""
    terms = [SIGNALS[name] for name in DEFAULT_TERMS]
    low = np.concatenate([np.full(signal.size, signal.low / signal.scale) for signal in terms])
    high = np.concatenate([np.full(signal.size, signal.high / signal.scale) for signal in terms])
    return low, high


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_it_drives_a_lap_of_every_circuit(circuit):
    driven = lap(circuit)
    assert len(driven.lap_times) == 1, driven.ended_by
    assert driven.track is not None
    assert driven.lap_times[0] < driven.track.length / CRAWL


@pytest.mark.parametrize(
    "start", [{"heading": 3.0}, {"heading": -2.0, "offset": -0.8}, {"offset": 1.3, "speed": 20.0}]
)
def test_it_finds_the_way_from_a_reversed_or_off_track_start(start):
    driven = lap("kart", {"task.termination": {}}, **start)
    assert len(driven.lap_times) == 1, driven.ended_by


@pytest.mark.parametrize("seed", [1, 2])
def test_it_starts_from_anywhere(seed):
    driven = lap("knot", seed=seed, scatter=1.0)
    assert len(driven.lap_times) == 1, driven.ended_by


def test_cars_side_by_side_are_driven_as_each_alone():
    low, high = bounds()
    rng = np.random.default_rng(0)
    together, alone = Scripted(), [Scripted() for _ in range(3)]
    together.reset(3)
    for _ in range(20):
        observation = rng.uniform(np.maximum(low, -1), np.minimum(high, 1), (3, len(low))).astype(np.float32)
        each = [agent.act(row[None])[0] for agent, row in zip(alone, observation, strict=True)]
        np.testing.assert_allclose(together.act(observation), each, atol=1e-6)


def test_its_actions_are_finite_and_in_range_whatever_it_sees():
    low, high = bounds()
    rng = np.random.default_rng(0)
    agent = Scripted()
    agent.reset(200)
    random = [rng.uniform(low, high, (200, len(low))) for _ in range(5)]
    corners = [np.where(rng.random((200, len(low))) < 0.5, low, high) for _ in range(5)]
    small = [rng.uniform(np.maximum(low, -1), np.minimum(high, 1), (200, len(low))) for _ in range(5)]
    for observation in [*random, *corners, *small, np.zeros((200, len(low)))]:
        action = agent.act(observation.astype(np.float32))
        assert action.shape == (200, 2)
        assert np.isfinite(action).all()
        assert (np.abs(action) <= 1).all()
