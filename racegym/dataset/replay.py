"""A recorded episode driven again by its own actions, compared row by row with what was recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from racegym.dataset.layout import WIDE
from racegym.dataset.reading import Episode
from racegym.env import RaceEnv
from racegym.errors import ConfigurationError
from racegym.signals import SIGNALS, Telemetry


@dataclass(frozen=True)
class Divergence:
    """The first row that came out differently."""

    step: int
    time: float
    """Recorded, s."""
    signals: dict[str, tuple[float, float]]
    """By name: the recorded value and the new one (of lists, where they differ most)."""


@dataclass(frozen=True, eq=False)
class Replay:
    """What driving an episode again came to."""

    telemetry: np.ndarray
    """Structured, ``(rows,)``, up to the first divergence."""
    divergence: Divergence | None
    """None: every row is the same, to the precision of the recording."""


def redrive(episode: Episode) -> Replay:
    """Drive the episode's actions again from its seed, until the telemetry differs from the recorded.

    `ConfigurationError` where the simulator is not deterministic.
    """
    env = RaceEnv(episode.run)
    spec = env.session.spec
    if not spec.deterministic:
        raise ConfigurationError(
            f"{spec.name} is not deterministic: the same actions do not give the same drive"
        )
    recorded, actions = episode.rows(), episode.actions
    session = env.session
    try:
        session.reset(seeds=[episode.info["seed"]], options=episode.info["options"])
        rows = [session.now.block[0].copy()]
        found = _compare(episode, recorded, session.now, 0)
        for step in range(episode.steps):
            if found:
                break
            session.step(np.zeros((1, 0)) if actions is None else actions[step : step + 1])
            rows.append(session.now.block[0].copy())
            found = _compare(episode, recorded, session.now, step + 1)
    finally:
        env.close()
    return Replay(Telemetry(len(rows), np.array(rows)).array, found)


def _compare(episode: Episode, recorded: Telemetry, now: Telemetry, row: int) -> Divergence | None:
    differing = {}
    for name in episode.signals:
        signal = SIGNALS[name]
        kind = np.float64 if max(abs(signal.low), abs(signal.high)) >= WIDE else np.float32
        was = np.atleast_1d(recorded[name][row]).astype(kind)
        new = np.atleast_1d(now[name][0]).astype(kind)
        gap = np.abs(was - new)
        if not ((was == new) | (np.isnan(was) & np.isnan(new))).all():
            most = int(np.argmax(np.nan_to_num(gap, nan=np.inf)))
            differing[name] = (float(was[most]), float(new[most]))
    return Divergence(row, float(recorded["time"][row]), differing) if differing else None
