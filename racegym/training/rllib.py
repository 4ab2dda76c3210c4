"""RLlib over racegym: PPO with several env runners, each with several simulators; docs/training.md tells the rest.

``python -m racegym.training.rllib torcs/aalborg`` trains. The creator is a module's function and its configuration
plain data, so both travel to env runners on any machine; ports and names come from each machine's kernel. A simulator
that is lost ends its episode as a truncation and is started anew, so that no fragment is thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from racegym.env import RaceEnv
from racegym.extra import need

NAME = "racegym"


def environment(config: Mapping[str, Any]) -> RaceEnv:
    """The environment of an RLlib configuration: ``env_config={"config": "torcs/aalborg", "overrides": {...}}``."""
    return RaceEnv(config.get("config", "bicycle/oval"), config.get("simulator"), config.get("overrides"))


def ppo(config: str, runners: int = 2, envs: int = 4, overrides: Mapping[str, Any] | None = None) -> Any:
    """A `PPOConfig` with so many env runners and environments in each, to be changed further and built."""
    need("ray.tune.registry", "ray").register_env(NAME, environment)
    algorithm = need("ray.rllib.algorithms.ppo", "ray").PPOConfig()
    return (
        algorithm.environment(NAME, env_config={"config": config, "overrides": dict(overrides or {})})
        .env_runners(
            num_env_runners=runners,
            num_envs_per_env_runner=envs,
            rollout_fragment_length="auto",
            num_cpus_per_env_runner=0.5,
        )
        .fault_tolerance(restart_failed_env_runners=True)
        .training(train_batch_size_per_learner=2048, minibatch_size=256, num_epochs=6, lr=3e-4, gamma=0.985)
        .learners(num_learners=0)
    )


def main(
    config: Annotated[str, typer.Argument(help="As for racegym drive.")] = "torcs/aalborg",
    iterations: Annotated[int, typer.Option(min=1)] = 50,
    runners: Annotated[int, typer.Option(min=0, help="Env runners, each a process.")] = 2,
    envs: Annotated[int, typer.Option(min=1, help="Environments in each.")] = 4,
    address: Annotated[
        str | None, typer.Option(help="A running Ray cluster; one on this machine by default.")
    ] = None,
) -> None:
    """Train PPO with RLlib and print a line for each iteration."""
    ray = need("ray", "ray")
    ray.init(
        address=address,
        num_cpus=None if address else max(2, runners),
        include_dashboard=False,
        log_to_driver=False,
    )
    overrides: dict[str, Any] = {
        "task.action.repeat": 5,
        "task.truncation": {"seconds": 60.0},
        "task.reward.progress.weight": 0.1,
    }
    _try({"config": config, "overrides": overrides})
    algorithm = ppo(config, runners, envs, overrides).build_algo()
    try:
        for _ in range(iterations):
            typer.echo(line(algorithm.train()))
    finally:
        algorithm.stop()
        ray.shutdown()


def _try(config: Mapping[str, Any]) -> None:
    """Start an environment here first: what is missing is said plainly, not in a worker's log again and again."""
    env = environment(config)
    try:
        env.reset(seed=1)
    finally:
        env.close()


def line(result: Mapping[str, Any]) -> str:
    """An iteration's result in a line."""
    told = result.get("env_runners", {})
    steps = told.get("num_env_steps_sampled_lifetime", 0)
    gained = told.get("episode_return_mean", float("nan"))
    return f"iteration {result['training_iteration']}: {steps:,.0f} steps, return {gained:.1f}"


if __name__ == "__main__":
    typer.run(main)
