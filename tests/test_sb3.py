"""Stable-Baselines3 takes our environment as it is. Skipped where it is not installed: see ``make test-sb3``."""

from __future__ import annotations

import pytest

import racegym

pytest.importorskip("stable_baselines3")


@pytest.mark.filterwarnings("error:.*:UserWarning:stable_baselines3")
def test_its_checker_is_content():
    from stable_baselines3.common.env_checker import check_env

    env = racegym.make("bicycle/oval")
    try:
        check_env(env)
    finally:
        env.close()


def test_a_policy_learns_for_a_few_steps_and_acts():
    from stable_baselines3 import PPO

    env = racegym.make("bicycle/oval")
    try:
        model = PPO("MlpPolicy", env, n_steps=64, batch_size=32, device="cpu", seed=1)
        model.learn(128)
        action, _ = model.predict(env.reset(seed=1)[0])
        assert env.action_space.contains(action)
    finally:
        env.close()
