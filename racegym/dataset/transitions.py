"""Transitions for learning: recorded steps as flat arrays, observations and rewards worked out anew for any task.

A recording's rows are judged in batches: the task is compiled for as many cars as a batch has rows, each row standing
for a car. Histories are put together afterwards; what remembers (terminations, rewards of one's own) goes step by step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from racegym.config import load
from racegym.dataset.inverse import actions_of
from racegym.dataset.layout import spec_of
from racegym.dataset.reading import Episode
from racegym.errors import ConfigurationError
from racegym.observer import Observer
from racegym.rewards import Reward
from racegym.sensors import Sensors
from racegym.signals import Controls, Telemetry
from racegym.simulator import SimulatorSpec
from racegym.task import Task, TaskConfig
from racegym.terminations import Laps, Terminator
from racegym.terms import Context, Courses, Stateful

BATCH = 256


@dataclass(frozen=True)
class Transitions:
    """Steps of many episodes, one after the other; arrays of one length n."""

    observations: np.ndarray
    """``(n, k)`` float32, flat."""
    actions: np.ndarray
    """``(n, a)`` float32, or ``(n,)`` int64."""
    rewards: np.ndarray
    next_observations: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    episode: np.ndarray
    """Number of the episode in the dataset."""

    def __len__(self) -> int:
        return len(self.rewards)


@dataclass(frozen=True)
class _Piece:
    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray


def transitions(
    episodes: Sequence[Episode],
    task: TaskConfig | Mapping[str, Any] | str | None = None,
    whole: bool = False,
) -> Transitions:
    """All steps of `episodes`, as recorded, or under `task` (a `TaskConfig`, its mapping, or a shipped task's name).

    `whole` keeps episodes as long as they were recorded, with the recorded endings in place of the task's.
    `ConfigurationError` when a signal that the task needs was not recorded and cannot be derived.
    """
    numbered = [(number, episode) for number, episode in enumerate(episodes) if episode.steps]
    if not numbered:
        raise ConfigurationError("the recording holds no steps")
    pieces = [
        _recorded(episode) if task is None else judged(episode, _config(episode, task), whole)
        for _, episode in numbered
    ]
    lengths = [len(piece.rewards) for piece in pieces]
    return Transitions(
        np.concatenate([piece.observations[:-1] for piece in pieces]),
        np.concatenate([piece.actions for piece in pieces]),
        np.concatenate([piece.rewards for piece in pieces]),
        np.concatenate([piece.observations[1:] for piece in pieces]),
        np.concatenate([piece.terminated for piece in pieces]),
        np.concatenate([piece.truncated for piece in pieces]),
        np.repeat([number for number, _ in numbered], lengths),
    )


def _recorded(episode: Episode) -> _Piece:
    actions = episode.actions
    if actions is None:
        raise ConfigurationError(
            f"{episode.name}: a driver of the game's own drove, there are no actions of an agent; "
            "name a task, and they are worked back from the controls"
        )
    if actions.dtype != np.int64:
        actions = actions.astype(np.float32)
    ends = _endings(episode)
    _break_off(*ends)
    return _Piece(episode.observations, actions, episode.rewards, *ends)


def _config(episode: Episode, task: TaskConfig | Mapping[str, Any] | str) -> TaskConfig:
    if isinstance(task, TaskConfig):
        return task
    return load({"simulator": episode.run.simulator, "task": task}).task


def judged(episode: Episode, config: TaskConfig, whole: bool = False) -> _Piece:
    """The episode as `config` would have seen it; cut where that would have ended it, unless it is kept `whole`."""
    spec = spec_of(episode.about["spec"], episode.signals)
    old = episode.run.task.action.repeat
    stride, rest = divmod(config.action.repeat, old)
    if rest or not stride:
        raise ConfigurationError(
            f"{episode.name}: recorded with task.action.repeat {old}; {config.action.repeat} is no multiple of it"
        )
    rows, courses = episode.rows(), Courses([episode.track])
    _complete(rows, spec, config, episode)
    now = Telemetry(len(rows.block[::stride]), np.ascontiguousarray(rows.block[::stride]))
    steps = now.cars - 1
    context = Context(spec, 1, spec.period * config.action.repeat, courses)
    if whole:
        terminated, truncated = _endings(episode, stride)
    else:
        terminated, truncated = _terminated(config, context, now), _truncated(config, now)
    end = int(np.argmax(np.append(terminated | truncated, True))) + 1
    end = min(end, steps)
    actions = actions_of(episode, config.action, rows, stride, spec)[:end]
    kept = Telemetry(end + 1, now.block[: end + 1])
    ends = [terminated[:end].copy(), truncated[:end].copy()]
    _break_off(*ends)
    observations = _observations(config, context, kept, _commands(episode, stride, end))
    return _Piece(observations, actions, _rewards(config, context, kept), *ends)


def _endings(episode: Episode, stride: int = 1) -> list[np.ndarray]:
    """The recorded endings, terminated and truncated, of every `stride` steps."""
    steps = episode.steps // stride
    columns = [episode.column(name)[1 : 1 + steps * stride] for name in ("terminated", "truncated")]
    return [np.logical_or.reduce(column.reshape(steps, stride), axis=1) for column in columns]


def _break_off(terminated: np.ndarray, truncated: np.ndarray) -> None:
    """Truncate an episode without an ending: what came next is unknown."""
    truncated[-1] |= not terminated[-1]


def _complete(now: Telemetry, spec: SimulatorSpec, config: TaskConfig, episode: Episode) -> None:
    """Derive what the task needs and the recording lacks."""
    try:
        task = Task(config, spec, 1)
    except ValidationError as error:
        raise ConfigurationError(str(error)) from error
    laps = max((term.count for term in config.termination.values() if isinstance(term, Laps)), default=None)
    sensors = Sensors(spec, task.signals, laps)
    if not sensors.derived:
        return
    sensors.open(episode.track)
    past, present = Telemetry(1), Telemetry(1)
    for row in range(now.cars):
        present.block[0] = now.block[row]
        if row:
            sensors.derive(past, present)
        else:
            sensors.reset(present, None)
        now.block[row] = past.block[0] = present.block[0]


def _commands(episode: Episode, stride: int, end: int) -> Controls:
    """The controls in force at each row; released at the start."""
    controls = Controls(end + 1)
    for name, values in episode.controls().items():
        controls[name][1:] = values[stride - 1 :: stride][:end]
    return controls


def _observations(config: TaskConfig, context: Context, now: Telemetry, controls: Controls) -> np.ndarray:
    """Flat observations of all rows, ``(rows, k)``."""
    track = context.courses.tracks[0]
    courses = Courses([track] * BATCH)
    observer = Observer(
        config.observation.model_copy(update={"format": "flat", "past": "first"}),
        Context(context.spec, BATCH, context.period, courses),
    )
    parts = []
    batch, commands = Telemetry(BATCH), Controls(BATCH)
    for start in range(0, now.cars, BATCH):
        count = min(BATCH, now.cars - start)
        batch.block[:count] = now.block[start : start + count]
        batch.block[count:] = now.block[start]
        commands.block[:count] = controls.block[start : start + count]
        observer.begin(batch, commands, None)
        parts.append(observer.current()[:count])
    return _histories(config, observer, np.concatenate(parts))


def _histories(config: TaskConfig, observer: Observer, present: np.ndarray) -> np.ndarray:
    """Put past values where they belong; `present` has the present value at every age."""
    space: Any = observer.space
    result = present.copy()
    for label, term in config.observation.terms.items():
        columns, ages = observer.layout[label], term.moments
        width = (columns.stop - columns.start) // len(ages)
        newest = present[:, columns.start : columns.start + width]
        first = newest[:1] if config.observation.past == "first" else np.zeros((1, width), np.float32)
        for number, age in enumerate(ages):
            place = slice(columns.start + number * width, columns.start + (number + 1) * width)
            early = np.repeat(first, min(age, len(newest)), axis=0)
            shifted = np.concatenate([early, newest[: len(newest) - len(early)]])
            result[:, place] = np.clip(shifted, space.low[place], space.high[place])
    return result


def _rewards(config: TaskConfig, context: Context, now: Telemetry) -> np.ndarray:
    terms: list[Reward] = list(config.reward.values())
    steps = now.cars - 1
    remembering = any(isinstance(term.bind(context), Stateful) for term in terms)
    count = 1 if remembering else BATCH
    courses = Courses([context.courses.tracks[0]] * count)
    task = Task(config, context.spec, count)
    task.courses.tracks = courses.tracks
    before, after = Telemetry(count), Telemetry(count)
    before.block[:] = now.block[0]
    if remembering:
        task.reset(before, None)
    rewards = np.zeros(steps)
    for start in range(0, steps, count):
        size = min(count, steps - start)
        before.block[:size] = now.block[start : start + size]
        after.block[:size] = now.block[start + 1 : start + 1 + size]
        after.block[size:] = before.block[size:]
        rewards[start : start + size] = task.reward(before, after)[:size]
    return rewards


def _terminated(config: TaskConfig, context: Context, now: Telemetry) -> np.ndarray:
    terminator = Terminator(list(config.termination.values()), context)
    ended = np.zeros(now.cars - 1, bool)
    before, after = Telemetry(1), Telemetry(1)
    before.block[0] = now.block[0]
    terminator.reset(before, None)
    for step in range(len(ended)):
        after.block[0] = now.block[step + 1]
        if terminator(before, after)[0]:
            ended[step] = True
            break
        before.block[0] = after.block[0]
    return ended


def _truncated(config: TaskConfig, now: Telemetry) -> np.ndarray:
    return np.logical_or.reduce(config.truncation.reached(np.arange(now.cars), now), axis=0)[1:]
