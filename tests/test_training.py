"""Training: recipes, the vector for Stable-Baselines3, laps in between, resume, cloning."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from racegym import agents, registry
from racegym.agents.fit import seat
from racegym.cli import app
from racegym.errors import ConfigurationError, NotFound
from racegym.training.recipe import Recipe, expanded, load, names

TASK = {
    "observation": {"terms": {"speed": {}, "heading_error": {}, "track_position": {"clip": 2.0}}},
    "action": {"repeat": 5},
    "termination": {"off_track": {}},
    "truncation": {"seconds": 2.0},
}
SMALL = {
    "steps": 1024,
    "num_envs": 2,
    "task": TASK,
    "stages": [
        {"simulators": ["bicycle/oval"], "until": 512},
        {"simulators": ["bicycle/oval", "bicycle/knot"], "set": {"scatter": 1.0}},
    ],
    "evaluation": {"simulators": ["bicycle/meadow"], "every": 512},
    "checkpoint": 512,
    "parameters": {"n_steps": 128, "batch_size": 64, "policy_kwargs": {"net_arch": [16]}},
}


def small(**changes) -> Recipe:
    from racegym.training.recipe import changed

    stages = tuple({**stage, "simulators": tuple(stage["simulators"])} for stage in SMALL["stages"])
    evaluation = {**SMALL["evaluation"], "simulators": ("bicycle/meadow",)}
    return changed(Recipe.model_validate({**SMALL, "stages": stages, "evaluation": evaluation}), changes)


@pytest.mark.parametrize("name", names())
def test_shipped_recipes_load(name):
    stem, recipe = load(name)
    assert stem == name
    assert recipe.stages


def test_the_bicycle_recipe_makes_its_environments():
    recipe = load("bicycle-ppo")[1]
    assert len(recipe.runs(recipe.stages[0].simulators, options=recipe.stages[0].set)) == 4


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"algoritm": "ppo"}, "did you mean 'algorithm'"),
        ({"stages": ()}, "stages"),
        ({"stages": ({"simulators": ("a/b",), "until": 9},)}, "the last has none"),
    ],
)
def test_a_faulty_recipe_says_what_is_wrong(changes, said):
    with pytest.raises(ConfigurationError, match=said):
        small(**changes)


def test_unknown_recipes_are_named():
    with pytest.raises(NotFound, match="did you mean 'torcs-ppo'"):
        load("torc-ppo")


def test_a_star_stands_for_courses_but_those_left_out():
    assert len(expanded(("bicycle/*",))) == len(registry.backend("bicycle").courses())
    assert "bicycle/knot" not in expanded(("bicycle/*",), ("*/knot",))


def test_the_vector_tells_stable_baselines3_how_episodes_ended():
    pytest.importorskip("stable_baselines3")
    from racegym.training.vector import RaceVecEnv

    recipe = small()
    vector = RaceVecEnv(recipe.runs(("bicycle/oval",)), 2, seed=1)
    try:
        vector.reset()
        for _ in range(20):
            observation, _, dones, infos = vector.step(np.zeros((2, 2), np.float32))
        assert dones.all()
        info = infos[0]
        assert info["TimeLimit.truncated"]
        assert info["ended_by"] == "time"
        assert info["episode"]["l"] == 20
        assert info["terminal_observation"].shape == observation[0].shape
        assert not np.array_equal(info["terminal_observation"], observation[0]) or info["episode"]["r"] == 0
    finally:
        vector.close()


@pytest.mark.parametrize("algorithm", ["ppo", "sac", "td3"])
def test_a_training_leaves_agents_a_curve_and_goes_on(tmp_path, algorithm):
    pytest.importorskip("stable_baselines3")
    from racegym.training.train import Training

    parameters = SMALL["parameters"] if algorithm == "ppo" else {"learning_starts": 900, "buffer_size": 2000}
    recipe = small(algorithm=algorithm, parameters=parameters)
    best = Training(recipe, tmp_path).run()
    assert best.name == "best.zip"
    curve = [json.loads(line) for line in (tmp_path / "evaluations.jsonl").read_text().splitlines()]
    assert [point["steps"] for point in curve][:2] == [512, 1024]
    assert curve[0]["rows"][0]["simulator"] == "bicycle/meadow"
    assert (tmp_path / "checkpoint-512.zip").exists()
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    agent = agents.load(str(tmp_path / "last.zip"))
    assert seat(agent, "bicycle/oval").task.action.repeat == 5

    Training(small(algorithm=algorithm, parameters=parameters, steps=1280), tmp_path, resume=True).run()
    assert json.loads((tmp_path / "state.json").read_text())["steps"] == 1280


def test_a_training_ends_with_its_time_whatever_its_steps(tmp_path):
    pytest.importorskip("stable_baselines3")
    from racegym.training.train import Training

    Training(small(steps=10**9, minutes=1e-6), tmp_path).run()
    assert json.loads((tmp_path / "state.json").read_text())["steps"] < 512


def test_a_learning_rate_of_two_numbers_falls_from_one_to_the_other(tmp_path):
    sb3 = pytest.importorskip("stable_baselines3")
    from racegym.training.train import Training

    parameters = {**SMALL["parameters"], "learning_rate": [0.001, 0.0001]}
    Training(small(parameters=parameters), tmp_path).run()
    last = sb3.PPO.load(tmp_path / "last.zip").policy.optimizer.param_groups[0]["lr"]
    assert last == pytest.approx(0.001 - 0.0009 * 768 / 1024)  # of the last 256 steps, two rows of 128


def test_a_stage_widens_the_exploration_once_when_it_begins(tmp_path):
    sb3 = pytest.importorskip("stable_baselines3")
    from racegym.training.train import Training

    def spread() -> float:
        return float(sb3.PPO.load(tmp_path / "last.zip").policy.log_std.exp().mean())

    stages = (
        {"simulators": ("bicycle/oval",), "until": 512},
        {"simulators": ("bicycle/oval",), "spread": 0.3},
    )
    parameters = {**SMALL["parameters"], "learning_rate": [0.003, 0.003]}
    Training(small(stages=stages, parameters=parameters), tmp_path).run()
    learnt = spread()
    assert learnt == pytest.approx(0.3, rel=0.1) and learnt != pytest.approx(0.3, rel=1e-6)
    still = {**parameters, "learning_rate": [1e-9, 1e-9]}
    Training(small(stages=stages, parameters=still, steps=1280), tmp_path, resume=True).run()
    assert spread() == pytest.approx(learnt, rel=1e-3)


def test_a_slim_file_drives_alike(tmp_path):
    sb3 = pytest.importorskip("stable_baselines3")
    from racegym.training.slim import slim

    model = sb3.PPO("MlpPolicy", "Pendulum-v1", n_steps=64, batch_size=64).learn(64)
    model.save(tmp_path / "whole.zip")
    model.save(tmp_path / "slim.zip")
    slim(tmp_path / "slim.zip")
    assert (tmp_path / "slim.zip").stat().st_size < 0.6 * (tmp_path / "whole.zip").stat().st_size
    seen = np.ones((3, 3), np.float32)
    drivers = [agents.load(str(tmp_path / f"{name}.zip")) for name in ("whole", "slim")]
    assert np.array_equal(*[driver.act(seen) for driver in drivers])


def test_the_laps_of_an_evaluation_have_the_options_of_the_training():
    recipe = load("torcs-ppo")[1]
    laps = recipe.runs(recipe.evaluation.simulators, options=recipe.evaluation.set)
    assert {run.simulator.build().spec.period for run in laps} == {0.08}


def test_resuming_nothing_is_an_error(tmp_path):
    pytest.importorskip("stable_baselines3")
    from racegym.training.train import Training

    with pytest.raises(ConfigurationError, match="nothing to resume"):
        Training(small(), tmp_path, resume=True)


@pytest.mark.parametrize("algorithm", ["ppo", "sac", "td3"])
def test_cloning_comes_nearer_to_the_recorded_driver(tmp_path, algorithm):
    pytest.importorskip("pyarrow")
    sb3 = pytest.importorskip("stable_baselines3")
    import racegym
    from racegym.agents.scripted import Scripted
    from racegym.dataset import Dataset
    from racegym.recording import Recorder
    from racegym.training.cloning import clone
    from racegym.training.vector import RaceVecEnv

    env = Recorder(racegym.make("bicycle/meadow"), tmp_path, agent="scripted")
    driver = Scripted()
    observation, _ = env.reset(seed=1)
    driver.reset(1)
    for _ in range(1500):
        observation, *_ = env.step(driver.act(observation[None])[0])
    env.close()
    runs = small(task={"action": {"repeat": 5}}).runs(("bicycle/meadow",))
    vector = RaceVecEnv(runs, 1, seed=1)
    model = getattr(sb3, algorithm.upper())("MlpPolicy", vector, seed=1, policy_kwargs={"net_arch": [32]})
    losses = []
    with pytest.raises(NotFound, match=r"nothing by torcs:\*; it was driven by scripted"):
        clone(model, Dataset(tmp_path), runs[0].task, agents=["torcs:*"])
    clone(
        model,
        Dataset(tmp_path),
        runs[0].task,
        agents=["torcs:*", "script*"],
        epochs=15,
        batch=32,
        rate=3e-3,
        report=lambda _, loss: losses.append(loss),
    )
    vector.close()
    assert losses[-1] < 0.6 * losses[0]


def test_the_command_trains_and_its_agent_drives(tmp_path, monkeypatch):
    pytest.importorskip("stable_baselines3")
    monkeypatch.chdir(tmp_path)
    few = ["--steps", "256", "--num-envs", "2", "--set", "parameters={n_steps: 64, batch_size: 64}"]
    done = CliRunner().invoke(app, ["train", "bicycle/oval", *few, "--out", "here"])
    assert done.exit_code == 0, done.output
    assert "256 steps" in done.output
    driven = CliRunner().invoke(app, ["drive", "bicycle/knot", "--agent", "here/last.zip", "--json"])
    assert json.loads(driven.stdout)["steps"] > 0
