"""Behaviour cloning: a policy's most likely action fitted to recorded ones, as a start for learning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from typing import Any

import numpy as np

from racegym.dataset import Dataset, Episode
from racegym.dataset.transitions import transitions
from racegym.errors import NotFound
from racegym.extra import need
from racegym.task import TaskConfig


def clone(
    model: Any,
    data: Dataset,
    task: TaskConfig,
    epochs: int = 10,
    batch: int = 512,
    rate: float = 1e-3,
    spread: float = 0.2,
    agents: Sequence[str] = ("*",),
    seed: int = 1,
    report: Callable[[int, float], None] = lambda epoch, loss: None,
) -> float:
    """Fit the policy of a Stable-Baselines3 `model` (PPO, SAC, TD3) to `data` under `task`; the last squared error.

    `agents` are patterns of the names of those to imitate: the mean of two drivers' lines may be nobody's. Episodes
    count whole, whatever `task` would end. The learning rate falls from `rate` to 0. `spread` is the standard deviation
    of PPO's exploration afterwards: the usual 1 would undo what was learnt.
    """
    torch = need("torch", "train")
    steps = transitions(_driven_by(agents, data), task, whole=True)
    observations = torch.as_tensor(steps.observations)
    wanted = torch.as_tensor(steps.actions)
    actor, parameters = _actor(model)
    optimizer = torch.optim.Adam(parameters, lr=rate)
    shuffled, loss = np.random.default_rng(seed), 0.0
    model.policy.set_training_mode(True)
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - epoch / epochs)
        order = torch.as_tensor(shuffled.permutation(len(steps)))
        losses = []
        for places in order.split(batch):
            error = torch.nn.functional.mse_loss(actor(observations[places]), wanted[places])
            optimizer.zero_grad()
            error.backward()
            optimizer.step()
            losses.append(float(error.detach()))
        loss = float(np.mean(losses))
        report(epoch + 1, loss)
    if hasattr(model.policy, "log_std"):
        model.policy.log_std.data.fill_(float(np.log(spread)))
    if getattr(model, "actor_target", None) is not None:
        model.actor_target.load_state_dict(model.actor.state_dict())
    return loss


def _driven_by(agents: Sequence[str], data: Dataset) -> list[Episode]:
    """Their episodes; `NotFound` when there are none."""
    names = {str(episode.info.get("agent")) for episode in data.episodes}
    wanted = {name for name in names if any(fnmatch(name, pattern) for pattern in agents)}
    if not wanted:
        raise NotFound(
            f"{data.path}: nothing by {', '.join(agents)}; it was driven by {', '.join(sorted(names))}"
        )
    return [episode for episode in data.episodes if str(episode.info.get("agent")) in wanted]


def _actor(model: Any) -> tuple[Callable[[Any], Any], list[Any]]:
    """The most likely action as a differentiable function of observations, and what to fit."""
    policy = model.policy
    if hasattr(policy, "log_std"):  # PPO: the critic has a network of its own
        fitted = [*policy.mlp_extractor.policy_net.parameters(), *policy.action_net.parameters()]
        return lambda seen: policy.get_distribution(seen).distribution.mean, fitted
    actor = model.actor
    if hasattr(actor, "mu") and hasattr(actor, "get_action_dist_params"):  # SAC
        return lambda seen: actor(seen, deterministic=True), list(actor.parameters())
    return actor, list(actor.parameters())
