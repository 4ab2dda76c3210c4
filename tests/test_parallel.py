"""Several agents in one race behind PettingZoo's API, and races among agents, with the built-in simulator."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from racegym import agents
from racegym.cli import app
from racegym.errors import ConfigurationError
from racegym.racing import Race, fit

THREE = {"simulator.cars": 3}


def env(**overrides):
    from racegym.parallel import parallel_env

    return parallel_env("bicycle/oval", overrides={**THREE, **overrides})


def test_pettingzoo_s_own_test_passes() -> None:
    from pettingzoo.test import parallel_api_test

    race = env(**{"task.truncation.steps": 60})
    parallel_api_test(race, num_cycles=200)
    race.close()


def test_every_agent_has_its_own_observation_reward_and_ending() -> None:
    race = env(**{"task.termination": {"off_track": {"seconds": 0.1}}, "task.truncation.steps": 400})
    try:
        observations, infos = race.reset(seed=3)
        assert list(observations) == list(infos) == race.agents == ["car_0", "car_1", "car_2"]
        action = {"car_0": [0.0, 1.0], "car_1": [1.0, 1.0], "car_2": [0.0, 0.0]}
        gone, ended = set(), {}
        while race.agents:
            before = list(race.agents)
            given = {agent: np.array(action[agent], np.float32) for agent in before}
            observations, rewards, terminated, truncated, infos = race.step(given)
            assert (
                list(observations)
                == list(rewards)
                == list(terminated)
                == list(truncated)
                == list(infos)
                == before
            )
            for agent in before:
                if terminated[agent] or truncated[agent]:
                    gone.add(agent)
                    ended[agent] = infos[agent]["ended_by"]
            assert not gone & set(race.agents)
        assert ended["car_1"] == "off_track" and ended["car_2"] == "steps"
        assert race.step({}) == ({}, {}, {}, {}, {})
    finally:
        race.close()


def test_the_same_seed_gives_the_same_race() -> None:
    def first(seed: int) -> np.ndarray:
        race = env()
        try:
            observations, _ = race.reset(seed=seed)
            for _ in range(20):
                actions = {agent: np.full(2, 0.3, np.float32) for agent in race.agents}
                observations, *_ = race.step(actions)
            return np.stack(list(observations.values()))
        finally:
            race.close()

    assert (first(5) == first(5)).all()


def test_agents_with_tasks_of_their_own_race_each_other() -> None:
    class Slow:
        task = {"observation": {"terms": {"speed": {}, "heading_error": {}, "track_position": {}}}}  # noqa: RUF012

        def reset(self, cars: int) -> None: ...

        def act(self, observation: np.ndarray) -> np.ndarray:
            speed, heading, place = observation[0]
            return np.array([[-2 * heading - 0.4 * place, 4 * (0.55 - speed)]])

    entered = [("slow", Slow()), ("scripted", agents.load("scripted"))]
    order = Race(fit(entered, "bicycle/kart", laps=1), 1).run(seed=1)
    assert [place.name for place in order] == ["scripted", "slow"]
    assert order[0].laps == 1 and order[0].best_lap > 0 and order[0].gap == 0


def test_agents_that_need_different_simulators_cannot_race() -> None:
    class Picky:
        simulator = {"grip": 0.5}  # noqa: RUF012

        def reset(self, cars: int) -> None: ...

        def act(self, observation: np.ndarray) -> np.ndarray:
            return np.zeros((1, 2))

    with pytest.raises(ConfigurationError):
        fit([("scripted", agents.load("scripted")), ("picky", Picky())], "bicycle/oval")


def test_an_agent_drives_several_cars_that_follow_each_other_in_the_list() -> None:
    one, other = agents.load("scripted"), agents.load("scripted")
    assert len(fit([("a", one), ("b", one), ("c", other)], "bicycle/oval")) == 3
    with pytest.raises(ConfigurationError, match="on end"):
        fit([("a", one), ("b", other), ("c", one)], "bicycle/oval")


def test_too_many_agents_are_counted() -> None:
    many = [(str(number), agents.load("scripted")) for number in range(11)]
    with pytest.raises(ConfigurationError, match="11 agents do not fit into one race"):
        fit(many, "torcs/forza")


def test_races_are_recorded_an_episode_for_each_car(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from racegym.dataset import Dataset

    race = env(**{"task.truncation.steps": 20})
    race.record(tmp_path / "parallel")
    race.reset(seed=1)
    while race.agents:
        race.step({agent: np.full(2, 0.3, np.float32) for agent in race.agents})
    race.close()
    episodes = Dataset(tmp_path / "parallel").episodes
    assert [(episode.info["row"], episode.steps) for episode in episodes] == [(0, 20), (1, 20), (2, 20)]

    driver = agents.load("scripted")
    fitted = fit([("a", driver), ("b", driver)], "bicycle/kart", laps=1)
    order = Race(fitted, 1, tmp_path / "race").run(seed=1)
    episodes = Dataset(tmp_path / "race" / "a").episodes
    assert [episode.info["ended_by"] for episode in episodes] == ["laps", "laps"]
    assert episodes[0].info["lap_times"] == [pytest.approx(order[0].best_lap, abs=1e-3)]


def test_the_command_prints_and_keeps_a_classification_with_points(tmp_path: Path) -> None:
    command = [
        "race",
        "bicycle/kart",
        "--agents",
        "scripted,random",
        "--laps",
        "1",
        "--points",
        "--json",
        "--seed",
        "1",
        "--out",
        str(tmp_path),
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == {"race.png", "results.json", "telemetry.npz"}
    first, second = json.loads(result.output)["classification"]
    assert (first["name"], first["points"]) == ("scripted", 14) and second["name"] == "random"
    assert not second["finished"]


def test_the_car_of_an_agent_that_has_ended_is_let_go_of():
    terms = {"steer": {}, "throttle": {}, "brake": {}, "automatic_gears": {}}
    race = env(**{"simulator.cars": 2, "task.action.terms": terms})
    race.reset(seed=1)
    race.agents = ["car_1"]
    race.step({"car_1": np.ones(3, np.float32)})
    assert race.session.controls["throttle"].tolist() == [0, 1]
    assert race.session.controls["brake"].tolist() == [0, 1]
    race.close()
