"""The gymnasium environments: API, seeds, autoreset, and the same spaces over every simulator."""

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import racegym
from racegym.errors import ConfigurationError

SHORT = {"task.truncation.steps": 5}
SCATTERED = {"simulator.scatter": 1.0}
FULL = np.array([0.0, 1.0], np.float32)


def test_gymnasium_checks_pass():
    env = gymnasium.make("racegym:racegym/Race-v0", config="bicycle/oval")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*not within the observation space.*")
        check_env(env.unwrapped, skip_render_check=True)


def test_a_spec_survives_serialising():
    env = gymnasium.make("racegym:racegym/Race-v0", config="bicycle/oval", overrides=SHORT)
    again = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.observation_space == env.observation_space


def test_one_import_registers_without_loading_the_rest():
    code = "import gymnasium; e = gymnasium.make('racegym:racegym/Race-v0'); print(e.reset(seed=0)[0].shape)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "(32,)\n"
    )


def test_a_bad_construction_is_an_error_that_says_so():
    with pytest.raises(ConfigurationError, match="one car"):
        racegym.make("bicycle/oval", overrides={"simulator.cars": 2})


def rollout(env, seed: int, steps: int = 20) -> list:
    observation, _ = env.reset(seed=seed)
    return [observation, *(env.step(FULL)[0] for _ in range(steps))]


def test_a_seed_decides_this_episode_and_the_next():
    env = racegym.make("bicycle/oval", overrides=SCATTERED)
    first = [rollout(env, 3), env.reset()[0]]
    second = [rollout(env, 3), env.reset()[0]]
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert not np.array_equal(first[0][0], first[1])


def test_the_end_of_an_episode_says_what_ended_it():
    env = racegym.make("bicycle/oval", overrides=SHORT)
    env.reset(seed=1)
    *_, terminated, truncated, info = [env.step(FULL) for _ in range(5)][-1]
    assert (terminated, truncated, info["ended_by"]) == (False, True, "steps")


def test_info_holds_each_reward_terms_share():
    env = racegym.make("bicycle/oval")
    env.reset(seed=1)
    for _ in range(50):
        _, reward, _, _, info = env.step(FULL)
    assert set(info["reward"]) == {"progress", "off_track"}
    assert sum(info["reward"].values()) == pytest.approx(reward)


def test_closing_twice_is_harmless():
    env = racegym.make("bicycle/oval")
    env.reset()
    env.close()
    env.close()
    assert env.reset(seed=1)[0].shape == (32,)


def test_rows_of_a_vector_drive_as_single_environments_do():
    vector = racegym.make_vec("bicycle/oval", 3, overrides=SCATTERED)
    rows = rollout_vector(vector, seed=7, steps=20)
    for row in range(3):
        single = rollout(racegym.make("bicycle/oval", overrides=SCATTERED), 7 + row, 20)
        assert all(np.array_equal(a[row], b) for a, b in zip(rows, single, strict=True))


def test_rows_side_by_side_that_are_alike_share_a_simulator():
    courses = ["bicycle/oval", "bicycle/oval", "bicycle/knot", "bicycle/knot"]
    vector = racegym.make_vec(courses, 4, overrides=SCATTERED)
    rows = rollout_vector(vector, seed=7, steps=20)
    assert len(vector.session.fleet.members) == 2
    for row, course in enumerate(courses):
        single = rollout(racegym.make(course, overrides=SCATTERED), 7 + row, 20)
        assert all(np.array_equal(a[row], b) for a, b in zip(rows, single, strict=True))


def rollout_vector(env, seed, steps) -> list:
    observation, _ = env.reset(seed=seed)
    return [observation, *(env.step(np.tile(FULL, (env.num_envs, 1)))[0] for _ in range(steps))]


def test_next_step_autoreset_ignores_the_action_of_the_step_after_the_end():
    env = racegym.make_vec("bicycle/oval", 2, overrides=SHORT)
    start, _ = env.reset(seed=1)
    actions = np.tile(FULL, (2, 1))
    steps = [env.step(actions) for _ in range(7)]
    assert [step[3].tolist() for step in steps] == [[False, False]] * 4 + [[True, True]] + [
        [False, False]
    ] * 2
    observation, reward, terminated, _, _ = steps[5]
    assert np.array_equal(observation, start)
    assert reward.tolist() == [0, 0]
    assert not terminated.any()
    assert steps[4][4]["ended_by"].tolist() == ["steps", "steps"]


def test_same_step_autoreset_hands_on_the_final_observation():
    env = racegym.make_vec("bicycle/oval", 2, overrides=SHORT, autoreset_mode=AutoresetMode.SAME_STEP)
    start, _ = env.reset(seed=1)
    actions = np.tile(FULL, (2, 1))
    for _ in range(5):
        observation, reward, _, truncated, infos = env.step(actions)
    assert truncated.all()
    assert np.array_equal(observation, start)
    assert not np.array_equal(infos["final_obs"][0], start[0])
    assert infos["_final_obs"].tolist() == [True, True]
    assert reward.all()
    assert not env.step(actions)[3].any()


def test_a_reset_mask_starts_only_its_rows():
    env = racegym.make_vec("bicycle/oval", 3, overrides=SHORT, autoreset_mode=AutoresetMode.DISABLED)
    start, _ = env.reset(seed=1)
    for _ in range(3):
        moved = env.step(np.tile(FULL, (3, 1)))[0]
    observation, _ = env.reset(options={"reset_mask": np.array([False, True, False])})
    assert np.array_equal(observation[1], start[1])
    assert np.array_equal(observation[[0, 2]], moved[[0, 2]])


@pytest.mark.parametrize("mask", [[True], np.array([1, 0, 0]), np.array([True, False])])
def test_a_wrong_reset_mask_is_refused(mask):
    env = racegym.make_vec("bicycle/oval", 3)
    env.reset()
    with pytest.raises(ConfigurationError, match="reset_mask"):
        env.reset(options={"reset_mask": mask})


def test_gymnasium_makes_the_native_vector_env():
    env = gymnasium.make_vec("racegym/Race-v0", num_envs=2, config="bicycle/oval")
    assert isinstance(env.unwrapped, racegym.RaceVectorEnv)
    assert env.reset(seed=1)[0].shape == (2, 32)


def test_gymnasium_wrappers_accept_the_vector_env():
    env = gymnasium.wrappers.vector.DictInfoToList(
        gymnasium.wrappers.vector.RecordEpisodeStatistics(
            racegym.make_vec("bicycle/oval", 2, overrides=SHORT)
        )
    )
    env.reset(seed=1)
    for _ in range(5):
        *_, infos = env.step(np.tile(FULL, (2, 1)))
    assert infos[0]["ended_by"] == "steps"
    assert infos[1]["episode"]["l"] == 5
    assert set(infos[0]["reward"]) == {"progress", "off_track"}


def test_spaces_are_the_same_over_every_simulator():
    bicycle, torcs = racegym.make("bicycle/oval"), racegym.make("torcs/aalborg")
    assert bicycle.observation_space == torcs.observation_space
    assert bicycle.action_space == torcs.action_space


def test_rows_may_differ_in_their_track():
    env = racegym.make_vec(["bicycle/oval", "bicycle/knot"], 3)
    env.reset(seed=1)
    assert [track.name for track in env.session.tracks] == ["oval", "knot", "oval"]
    assert env.step(np.tile(FULL, (3, 1)))[0].shape == (3, 32)


def test_rows_must_share_their_task():
    with pytest.raises(ConfigurationError, match="share their task"):
        racegym.make_vec(["bicycle/oval", {"simulator": "bicycle/oval", "task": {}}], 2)
