"""One TORCS race with several agents and the game's own drivers."""

from __future__ import annotations

import os
import signal

import numpy as np

import racegym
from racegym import agents
from racegym.racing import Race, fit
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs

FIELD = {"simulator.cars": 3, "simulator.opponents": ("bt:3", "inferno:1")}


def test_pettingzoo_s_own_test_passes_among_the_game_s_drivers() -> None:
    from pettingzoo.test import parallel_api_test

    from racegym.parallel import parallel_env

    reward = {"progress": {}, "overtaking": {"weight": 5.0}, "collision": {"weight": -1.0}}
    race = parallel_env(
        "torcs/forza", overrides={**FIELD, "task.reward": reward, "task.truncation.seconds": 4.0}
    )
    parallel_api_test(race, num_cycles=400)
    race.close()


def test_places_are_lost_and_the_cars_around_are_seen() -> None:
    from racegym.parallel import parallel_env

    terms = {"opponents": {}, "race_position": {}}
    race = parallel_env(
        "torcs/forza",
        overrides={
            **FIELD,
            "task.observation.terms": terms,
            "task.reward": {"overtaking": {}},
            "task.termination": {},
        },
    )
    try:
        race.reset()
        lost = 0.0
        stand = {agent: np.array([0.0, 0.0], np.float32) for agent in race.agents}
        for _ in range(1500):
            observations, rewards, *_ = race.step(stand)
            lost += rewards["car_0"]
        assert lost <= -1  # at least one of the game's drivers has passed
        assert race.session.now["race_position"][0] == 1 - lost
        assert min(observations["car_1"][:36]) < 0.2  # the one ahead and the one behind stand 20 m away
    finally:
        race.close()


def test_a_game_that_dies_truncates_all_agents_and_the_next_race_begins_anew() -> None:
    from racegym.parallel import parallel_env

    race = parallel_env("torcs/forza", overrides=FIELD)
    try:
        race.reset(seed=1)
        drive = {agent: np.array([0.0, 0.5], np.float32) for agent in race.agents}
        race.step(drive)
        ((game, _),) = race.session.fleet.members
        assert isinstance(game, Torcs) and game.pid is not None
        os.kill(game.pid, signal.SIGKILL)
        for _ in range(10_000):  # what the game had answered before it died still counts
            observations, _, terminated, truncated, infos = race.step(drive)
            assert set(observations) == set(drive)
            if any(truncated.values()):
                break
        assert all(truncated.values()) and not any(terminated.values())
        assert {info["ended_by"] for info in infos.values()} == {"fault"} and not race.agents
        race.reset(seed=1)
        assert race.step(drive)[3] == dict.fromkeys(drive, False)
    finally:
        race.close()


def test_the_same_seed_and_actions_give_the_same_race() -> None:
    from racegym.parallel import parallel_env

    def driven() -> np.ndarray:
        race = parallel_env("torcs/forza", overrides={**FIELD, "simulator.noise": {}})
        try:
            seen, _ = race.reset(seed=4)
            for _ in range(30):
                seen, *_ = race.step({agent: np.array([0.01, 1.0], np.float32) for agent in race.agents})
            return np.stack(list(seen.values()))
        finally:
            race.close()

    np.testing.assert_array_equal(driven(), driven())


def test_the_standings_name_all_cars() -> None:
    options = {"track": "road/forza", "cars": 2, "opponents": ("bt:3",), "laps": 1}
    simulator = Torcs(TorcsOptions.model_validate(options))
    try:
        simulator.open()
        simulator.reset()
        order = simulator.standings()
        assert [standing.row for standing in order] == [0, 1, None]
        assert order[2].name.startswith("bt") and not any(standing.out for standing in order)
    finally:
        simulator.close()


def test_places_on_the_grid_may_be_given_for_as_many_cars_as_there_are_agents() -> None:
    entered = [(name, agents.load("scripted")) for name in ("first", "second")]
    first, _ = fit(entered, "torcs/forza", overrides={"simulator.grid.places": [2, 1]})
    assert first[2].simulator.options.grid.places == (2, 1)


def test_agents_and_the_game_s_drivers_are_classified_together() -> None:
    entered = [(name, agents.load("scripted")) for name in ("first", "second")]
    overrides = {"simulator.opponents": ("inferno:1",)}
    order = Race(fit(entered, "torcs/oval/e-track-5", overrides=overrides, laps=1), 1).run()
    assert {place.name for place in order} == {"first", "second", "inferno 1"}
    assert [place.agent for place in order].count(True) == 2
    assert all(place.laps == 1 and place.best_lap > 30 for place in order if place.agent)
    assert not any(place.out for place in order)
    assert order[0].gap == 0 and all(place.gap > 0 for place in order[1:])
    assert racegym.make("torcs/aalborg").session.cars == 1
