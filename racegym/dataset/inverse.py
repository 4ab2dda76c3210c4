"""Actions worked back from controls: what an agent would have had to choose for the car to be driven as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from racegym.actions import Action, ActionConfig, AutomaticGears, Pedal, Steer
from racegym.dataset.reading import Episode
from racegym.errors import ConfigurationError
from racegym.signals import Telemetry

Values = Mapping[str, np.ndarray]

APPLIED = ("steer", "throttle", "brake", "clutch")
LEVERS = ("throttle", "brake", "clutch", "handbrake")


def _steer(term: Steer, controls: Values) -> np.ndarray:
    return np.clip(controls["steer"] / term.limit, -1, 1)


def _pedal(term: Pedal, controls: Values) -> np.ndarray:
    return np.clip(controls["throttle"] - controls["brake"], -1, 1)


#: Terms that have an inverse, by class.
INVERSES: dict[type[Action], Callable[..., np.ndarray]] = {Steer: _steer, Pedal: _pedal}


def actions_of(episode: Episode, config: ActionConfig, now: Telemetry, stride: int) -> np.ndarray:
    """Actions of every `stride` steps under `config`: ``(steps // stride, a)`` float32, or recorded choices.

    The recorded ones where the action spec is the same, else from the controls that were applied, averaged over the
    `stride`. `ConfigurationError` for terms without an inverse: relative axes, gears by hand, keys.
    """
    recorded = episode.actions
    if recorded is not None and stride == 1 and config == episode.run.task.action:
        return recorded if recorded.dtype == np.int64 else recorded.astype(np.float32)
    controls = _applied(episode, now)
    columns = [_inverse(label, term, controls) for label, term in config.terms.items() if not _silent(term)]
    actions = np.stack(columns, axis=1)
    whole = len(actions) // stride * stride
    return actions[:whole].reshape(-1, stride, actions.shape[1]).mean(axis=1).astype(np.float32)


def _silent(term: Action) -> bool:
    return isinstance(term, AutomaticGears)


def _inverse(label: str, term: Action, controls: Values) -> np.ndarray:
    if getattr(term, "mode", "absolute") == "absolute":
        if type(term) in INVERSES:
            return INVERSES[type(term)](term, controls)
        lever = getattr(term, "control", None)
        if lever in LEVERS:
            return np.clip(2 * controls[lever] - 1, -1, 1)
    raise ConfigurationError(
        f"task.action.terms.{label}: cannot be worked back from controls; use absolute axes, or the recorded action spec"
    )


def _applied(episode: Episode, now: Telemetry) -> dict[str, np.ndarray]:
    """What each step applied: the telemetry's word where it tells, else the controls that were sent."""
    sent = episode.controls()
    applied = {}
    for name, values in sent.items():
        told = now[name][1:] if name in APPLIED else np.full(len(values), np.nan)
        applied[name] = np.where(np.isfinite(values), values, told)
    return applied
