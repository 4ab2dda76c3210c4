"""Actions worked back from controls: what an agent would have had to choose for the car to be driven as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from racegym.actions import Action, ActionConfig, AutomaticGears, Expert, Pedal, Steer
from racegym.dataset.reading import Episode
from racegym.errors import ConfigurationError
from racegym.signals import Telemetry
from racegym.simulator import SimulatorSpec

Values = Mapping[str, np.ndarray]

APPLIED = ("steer", "throttle", "brake", "clutch")
LEVERS = ("throttle", "brake", "clutch", "handbrake")


def _steer(term: Steer, controls: Values) -> np.ndarray:
    return np.clip(controls["steer"] / term.limit, -1, 1)


def _pedal(term: Pedal, controls: Values) -> np.ndarray:
    return np.clip(controls["throttle"] - controls["brake"], -1, 1)


#: Terms that have an inverse, by class.
INVERSES: dict[type[Action], Callable[..., np.ndarray]] = {Steer: _steer, Pedal: _pedal}


def actions_of(
    episode: Episode, config: ActionConfig, now: Telemetry, stride: int, spec: SimulatorSpec
) -> np.ndarray:
    """Actions of every `stride` steps under `config`: ``(steps // stride, a)`` float32, or recorded choices.

    The recorded ones where the action spec is the same, else from the controls that were applied: averaged over the
    `stride`, and on relative axes their change from one action to the next, held inside what one action can do.
    `ConfigurationError` for terms without an inverse: gears by hand, keys.
    """
    recorded = episode.actions
    if recorded is not None and stride == 1 and config == episode.run.task.action:
        return recorded if recorded.dtype == np.int64 else recorded.astype(np.float32)
    controls = _applied(episode, now)
    step = spec.period * stride
    columns = [
        _inverse(label, term, controls, stride, spec, step)
        for label, term in config.terms.items()
        if not _silent(term)
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _silent(term: Action) -> bool:
    return isinstance(term, AutomaticGears)


def _inverse(
    label: str, term: Action, controls: Values, stride: int, spec: SimulatorSpec, step: float
) -> np.ndarray:
    lever = getattr(term, "control", None)
    if type(term) in INVERSES:
        axis = INVERSES[type(term)](term, controls)
    elif lever in LEVERS:
        axis = controls[lever]
    else:
        raise ConfigurationError(
            f"task.action.terms.{label}: cannot be worked back from controls; use axes, or the recorded action spec"
        )
    whole = axis[: len(axis) // stride * stride].reshape(-1, stride)
    if getattr(term, "mode", "absolute") == "absolute":
        mean = whole.mean(axis=1)
        return np.clip(2 * mean - 1 if lever in LEVERS else mean, -1, 1)
    reach = rate_of(term, spec) * step
    return np.clip(np.diff(whole[:, -1], prepend=0.0) / reach, -1, 1)


def rate_of(term: Action, spec: SimulatorSpec) -> float:
    """How fast the axis of a relative term moves, units a second."""
    wheel = getattr(term, "wheel_rate", None)
    if wheel is None:
        return getattr(term, "rate", None) or np.inf
    if spec.steering_lock is None:
        raise ConfigurationError(
            "task.action: steer.wheel_rate: the recording does not say how far the wheel turns"
        )
    return wheel / spec.steering_lock / getattr(term, "limit", 1.0)


def _applied(episode: Episode, now: Telemetry) -> dict[str, np.ndarray]:
    """What each step applied: the telemetry's word where it tells, else the controls that were sent."""
    sent = episode.controls()
    advised = any(isinstance(term, Expert) for term in episode.run.task.action.terms.values())
    applied = {}
    for name, values in sent.items():
        told = now[name][1:] if name in APPLIED else np.full(len(values), np.nan)
        applied[name] = np.where(np.isfinite(values), values, told)
        if advised and f"expert_{name}" in episode.signals:
            applied[name] = now[f"expert_{name}"][:-1]  # its choice in one row acts until the next
    return applied
