"""Recordings read back: a `Dataset` of `Episode`s; rows are read when asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from racegym.config import load
from racegym.dataset.layout import FORMAT, KEY, PARTIAL
from racegym.errors import ConfigurationError, NotFound
from racegym.extra import need
from racegym.signals import CONTROLS, SIGNALS, Record, Telemetry
from racegym.track import Track

if TYPE_CHECKING:
    from racegym.config import RunConfig
    from racegym.dataset.transitions import Transitions
    from racegym.driving import Drive
    from racegym.task import TaskConfig


@dataclass(frozen=True, eq=False)
class Episode:
    """One recorded episode; of n steps, it has n + 1 rows."""

    path: Path
    group: int
    info: Mapping[str, Any]
    about: Mapping[str, Any]
    """What the part says of all its episodes: ``config``, ``spec``, ``racegym``."""

    @cached_property
    def table(self) -> Any:
        """Its rows as a PyArrow table."""
        return need("pyarrow.parquet", "record").ParquetFile(self.path).read_row_group(self.group)

    @property
    def name(self) -> str:
        """``<part>:<row group>``"""
        return f"{self.path.stem}:{self.group}"

    @property
    def steps(self) -> int:
        return self.info["steps"]

    @property
    def signals(self) -> tuple[str, ...]:
        """The recorded signals."""
        return tuple(name for name in self.table.column_names if name in SIGNALS)

    def column(self, name: str) -> np.ndarray:
        """A column as an array ``(n + 1,)`` or ``(n + 1, size)``; 0 where it is null."""
        column = self.table.column(name).combine_chunks()
        size = getattr(column.type, "list_size", None)
        if size is None:
            filled = column.fill_null(0) if column.null_count else column
            return filled.to_numpy(zero_copy_only=False)
        values = column.values.to_numpy(zero_copy_only=False).reshape(-1, size)
        values = values[column.offset : column.offset + len(column)]
        if column.null_count:
            values = values.copy()
            values[column.is_null().to_numpy(zero_copy_only=False)] = 0
        return values

    def _record(self, kind: type[Record], names: Mapping[str, str], empty: Record) -> Any:
        for name, column in names.items():
            empty[name] = self.column(column)
        return empty

    def rows(self) -> Telemetry:
        """Telemetry of the n + 1 rows, as a record with one row each; NaN where nothing was recorded."""
        return self._record(Telemetry, {name: name for name in self.signals}, Telemetry(self.steps + 1))

    def telemetry(self) -> np.ndarray:
        """The same as a structured array ``(n + 1,)``."""
        return self.rows().array

    def controls(self) -> dict[str, np.ndarray]:
        """Controls of the n steps by name, ``(n,)``; NaN where the simulator's own driver decided."""
        return {name: self.column(f"control_{name}")[1:] for name in CONTROLS}

    @property
    def actions(self) -> np.ndarray | None:
        """``(n, a)`` float64, or ``(n,)`` int64 for discrete ones; None where an agent decided nothing."""
        if "action" not in self.table.column_names:
            return None
        actions = self.column("action")[1:]
        return actions[:, 0] if actions.dtype == np.int64 else actions

    @property
    def observations(self) -> np.ndarray:
        """``(n + 1, k)`` float32."""
        return self.column("observation")

    @property
    def rewards(self) -> np.ndarray:
        """``(n,)``"""
        return self.column("reward")[1:]

    @property
    def run(self) -> RunConfig:
        """The configuration that it was driven with."""
        config = self.about["config"]
        return load(config[self.info["row"] % len(config)] if isinstance(config, list) else config)

    @property
    def track(self) -> Track | None:
        digest = self.info.get("track")
        return _track(self.path.parent / "tracks" / f"{digest}.npz") if digest else None

    @property
    def video(self) -> Path | None:
        video = self.info.get("video")
        return self.path.parent / video if video else None

    def drive(self) -> Drive:
        """The episode as a `racegym.driving.Drive`, for pictures and figures."""
        from racegym.driving import Drive

        return Drive(
            self.about["spec"]["name"],
            self.info.get("agent") or "agent",
            self.telemetry(),
            self.info["ended_by"],
            0.0,
            self.track,
            self.info.get("fault"),
        )


class Dataset:
    """The recordings in a folder (or one part), in the order of their writing."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        parts = [self.path] if self.path.is_file() else sorted(self.path.glob("*.parquet"))
        if not parts:
            partial = any(self.path.glob(f"*{PARTIAL}")) if self.path.is_dir() else False
            hint = (
                "only a part that was never completed is there"
                if partial
                else "racegym drive --record makes one"
            )
            raise NotFound(f"{self.path}: no recording; {hint}")
        self.episodes: list[Episode] = [episode for part in parts for episode in _episodes(part)]

    @property
    def steps(self) -> int:
        return sum(episode.steps for episode in self.episodes)

    def __len__(self) -> int:
        return len(self.episodes)

    def __getitem__(self, number: int) -> Episode:
        try:
            return self.episodes[number]
        except IndexError:
            raise NotFound(f"{self.path}: no episode {number}; there are {len(self)}, from 0") from None

    def transitions(
        self, task: TaskConfig | Mapping[str, Any] | str | None = None, whole: bool = False
    ) -> Transitions:
        """All steps of all episodes, as recorded or under another `task`; see `racegym.dataset.transitions`."""
        from racegym.dataset.transitions import transitions

        return transitions(self.episodes, task, whole)


def _episodes(part: Path) -> list[Episode]:
    parquet = need("pyarrow.parquet", "record")
    try:
        metadata = parquet.read_metadata(part).metadata or {}
        about = json.loads(metadata[KEY.encode()])
    except (OSError, KeyError, ValueError) as error:
        raise ConfigurationError(f"{part}: not a recording of racegym ({error!r})") from error
    if about.get("format") != FORMAT:
        raise ConfigurationError(f"{part}: of format {about.get('format')!r}; this racegym reads {FORMAT!r}")
    infos = about.pop("episodes")
    return [Episode(part, group, info, about) for group, info in enumerate(infos)]


_tracks: dict[Path, Track] = {}


def _track(path: Path) -> Track:
    if path not in _tracks:
        _tracks[path] = Track.load(path)
    return _tracks[path]
