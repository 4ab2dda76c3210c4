"""Recordings for other tools: Minari, HDF5, CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from racegym.dataset.reading import Dataset, Episode
from racegym.dataset.transitions import transitions
from racegym.env import RaceEnv
from racegym.errors import ConfigurationError
from racegym.extra import need


def minari(data: Dataset, target: str, task: Any = None, whole: bool = False) -> str:
    """A Minari dataset of that id (as ``racegym/aalborg-v0``) in Minari's own folder, for ``minari.load_dataset``.

    Observations and actions are the recorded ones, or those under `task`.
    """
    package = need("minari", "minari")
    buffers_of = need("minari.data_collector", "minari").EpisodeBuffer
    run = data[0].run
    if task is not None:
        run = run.model_copy(update={"task": _task(data[0], task)})
    env = RaceEnv(run)
    buffers = []
    for number, episode in enumerate(data.episodes):
        if not episode.steps:
            continue
        piece = transitions([episode], task, whole)
        buffers.append(
            buffers_of(
                id=number,
                seed=episode.info["seed"],
                observations=np.concatenate([piece.observations, piece.next_observations[-1:]]),
                actions=piece.actions,
                rewards=piece.rewards,
                terminations=piece.terminated,
                truncations=piece.truncated,
            )
        )
    dataset = package.create_dataset_from_buffers(
        target,
        buffers,
        observation_space=env.observation_space,
        action_space=env.action_space,
        algorithm_name=str(data[0].info.get("agent")),
        description=f"recorded by racegym {data[0].about['racegym']} from {data[0].about['spec']['name']}",
        data_format="hdf5",
    )
    return f"{dataset.spec.dataset_id} in {dataset.spec.data_path}"


def _task(episode: Episode, task: Any) -> Any:
    from racegym.config import load

    return load({"simulator": episode.run.simulator, "task": task}).task


def hdf5(data: Dataset, target: str, task: Any = None, whole: bool = False) -> str:
    """One HDF5 file: a group ``episode_<n>`` each, with the arrays of `Transitions` and ``telemetry/<signal>``."""
    h5py = need("h5py", "minari")
    path = Path(target)
    with h5py.File(path, "w") as file:
        file.attrs["racegym"] = data[0].about["racegym"]
        file.attrs["simulator"] = data[0].about["spec"]["name"]
        for number, episode in enumerate(data.episodes):
            if not episode.steps:
                continue
            group = file.create_group(f"episode_{number}")
            piece = transitions([episode], task, whole)
            for name in (
                "observations",
                "actions",
                "rewards",
                "next_observations",
                "terminated",
                "truncated",
            ):
                group.create_dataset(name, data=getattr(piece, name), compression="gzip", compression_opts=1)
            for name in episode.signals:
                group.create_dataset(
                    f"telemetry/{name}", data=episode.column(name), compression="gzip", compression_opts=1
                )
    return str(path)


def csv(data: Dataset, target: str, task: Any = None, whole: bool = False) -> str:
    """One CSV file: a row a step, with the episode's number; lists as columns ``position_0``, ``position_1``, ..."""
    if task is not None:
        raise ConfigurationError("--to csv writes what was recorded; --task goes with minari and hdf5")
    pa, writer = need("pyarrow", "record"), need("pyarrow.csv", "record")
    path = Path(target)
    with path.open("wb") as file:
        for number, episode in enumerate(data.episodes):
            columns: dict[str, Any] = {"episode": np.full(episode.steps + 1, number)}
            for name in episode.table.column_names:
                values = episode.column(name)
                parts = (
                    {name: values} if values.ndim == 1 else {f"{name}_{i}": c for i, c in enumerate(values.T)}
                )
                columns |= {label: np.ascontiguousarray(part) for label, part in parts.items()}
            table = pa.table({label: pa.array(part) for label, part in columns.items()})
            writer.write_csv(table, file, writer.WriteOptions(include_header=number == 0))
    return str(path)


FORMATS: dict[str, Callable[..., str]] = {"minari": minari, "hdf5": hdf5, "csv": csv}
