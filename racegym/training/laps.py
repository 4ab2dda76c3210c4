"""Evaluation laps: the present policy drives courses that it is not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from racegym.benchmark.metrics import metrics
from racegym.config import RunConfig, load
from racegym.driving import SLOWEST, drive
from racegym.env import RaceEnv
from racegym.errors import RacegymError


class Current:
    """The policy of a model under training as an agent."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def reset(self, cars: int) -> None:
        """Nothing is remembered."""

    def act(self, observation: Any) -> np.ndarray:
        return self._model.predict(observation, deterministic=True)[0]


@dataclass(frozen=True)
class Laps:
    """What the evaluation drives came to."""

    rows: list[dict[str, Any]]
    """The benchmark's columns, and ``simulator``; a course that failed has ``failure`` alone."""

    @property
    def finished(self) -> int:
        return sum(bool(row.get("finished")) for row in self.rows)

    @property
    def pace(self) -> float:
        """The mean over the courses of the mean speed over a finished one, m/s; else the driven share of 8 m/s."""
        return fmean(
            row["course"] / row["time"] if row.get("finished") else SLOWEST * row.get("completion", 0.0)
            for row in self.rows
        )


class Evaluator:
    """Drives `runs` for `laps` laps each; their simulators stay open in between."""

    def __init__(self, runs: Sequence[RunConfig], laps: int, seed: int) -> None:
        self._laps = laps
        self._seed = seed
        self._envs = [RaceEnv(_for_laps(run, laps)) for run in runs]

    def __call__(self, agent: Any) -> Laps:
        rows = []
        for env in self._envs:
            spec = env.session.spec
            try:
                driven = drive(env, agent, self._laps, self._seed)
                rows.append({"simulator": spec.name, **metrics(driven, {"laps": self._laps}, spec.period)})
            except RacegymError as error:
                rows.append({"simulator": spec.name, "failure": str(error)})
        return Laps(rows)

    def close(self) -> None:
        for env in self._envs:
            env.close()


def _for_laps(run: RunConfig, laps: int) -> RunConfig:
    """The run from the usual start, ended by its laps and by leaving the track, not by its time."""
    data = run.model_dump()
    termination = {**data["task"]["termination"], "laps": {"term": "laps", "count": laps}}
    data["task"] = {**data["task"], "termination": termination, "truncation": {}}
    return load(data)
