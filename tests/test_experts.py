"""Experts where there is no game: finding them by name, and recording one that a few lines move."""

from __future__ import annotations

import numpy as np
import pytest

from racegym import agents, registry
from racegym.agents.expert import Disturbed
from racegym.errors import ConfigurationError, NotFound
from racegym.experts import CHOICES, record
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Backend, Gearbox, Options, Simulator, SimulatorSpec

LAP = 20  # steps


class Chauffeured(Simulator):
    """A car whose expert drives a lap in `LAP` steps, as long as nobody meddles."""

    def __init__(self, signals: frozenset[str] = frozenset({"laps", "time", *CHOICES.values()})) -> None:
        self.spec = SimulatorSpec("game/loop", 0.1, signals, frozenset(CONTROLS), Gearbox((np.inf,), (0.0,)))
        self.now = Telemetry(1)

    def open(self) -> None:
        pass

    def reset(self, seed=None, options=None, cars=None) -> Telemetry:
        self.step = 0
        return self.read()

    def send(self, controls: Controls) -> Controls:
        assert np.isnan(controls.block).all()
        self.step += 1
        return controls

    def read(self) -> Telemetry:
        for signal in ("laps", "finished", "last_lap_time", *CHOICES.values()):
            self.now[signal] = 0.0
        self.now["time"] = 0.1 * self.step
        self.now["laps"] = self.step // LAP
        self.now["last_lap_time"] = 0.1 * LAP * (self.step >= LAP)
        self.now["expert_gear"] = self.step
        return self.now

    def close(self) -> None:
        pass


class Roomy(Options):
    laps: int | None = None
    distance: float | None = None


def test_a_recording_ends_after_its_laps_and_says_what_acted_when() -> None:
    seen = []
    laps = record(Chauffeured(), laps=2, seed=7, watch=lambda now, track: seen.append(float(now["time"][0])))
    assert len(seen) == 2 * LAP
    assert laps.metadata["lap_times"] == [2.0, 2.0]
    assert laps.controls["gear"].tolist() == list(range(2 * LAP))
    assert laps.telemetry["time"].shape == (2 * LAP + 1,)
    about = laps.metadata
    assert (about["simulator"], about["seed"], about["steps"], about["period"]) == (
        "game/loop",
        7,
        2 * LAP,
        0.1,
    )


def test_without_an_expert_nothing_is_recorded() -> None:
    with pytest.raises(ConfigurationError, match="game/loop: recording an expert needs one car"):
        record(Chauffeured(frozenset({"laps"})))


def test_a_games_driver_is_an_agent_that_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    game = Backend(
        "game", "a game", Options, lambda options: Chauffeured(), lambda: ("loop",), agents={"ghost": ""}
    )
    monkeypatch.setattr(registry, "backends", lambda: {"game": game})
    agent = agents.load("game:ghost:3")
    assert isinstance(agent, agents.Expert)
    assert agent.simulator == {"expert": "ghost:3"}
    assert agent.task["action"] == {"terms": {"expert": {}}}
    agent.reset(4)
    assert agent.act(np.zeros((4, 10))).shape == (4, 0)
    with pytest.raises(NotFound, match="game: no driver 'goast'; did you mean 'ghost'"):
        agents.load("game:goast")


def test_an_endless_race_is_shortened_to_the_laps_that_are_driven() -> None:
    assert agents.race(Roomy(), 3) == {"simulator.laps": 3}
    for options in (Roomy(laps=5), Roomy(distance=100.0), Options()):
        assert agents.race(options, 3) == {}


def test_a_disturbed_expert_is_jerked_about_its_own_choice_in_bursts() -> None:
    agent = Disturbed("bt:3", deviation=0.1, seed=1)
    agent.reset(2)
    seen = np.tile([0.2, 0.3, 0.1], (2, 1))  # steer, throttle, brake: the pedals come to 0.2, too
    jerks = np.array([agent.act(seen) - 0.2 for _ in range(10_000)])
    calm = (np.abs(jerks) < 1e-9).all(axis=2)
    assert 0.3 < calm.mean() < 0.7
    steer, pedals = jerks[~calm].T
    assert np.abs(steer.mean()) < 0.03
    assert steer.std() == pytest.approx(0.1, rel=0.25)
    assert pedals.std() == pytest.approx(0.3, rel=0.25)
    assert np.mean(calm[1:] != calm[:-1]) < 0.05
    assert not np.array_equal(jerks[:, 0], jerks[:, 1])
