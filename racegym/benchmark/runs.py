"""A benchmark run's folder: cells driven, kept one by one, gathered into result files; resumed where it stopped."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from racegym.benchmark.cell import Result, waits
from racegym.benchmark.jobs import drive_all
from racegym.benchmark.suite import Cell, Suite
from racegym.errors import ConfigurationError
from racegym.track import Track

PACKAGES = ("racegym", "numpy", "gymnasium", "stable-baselines3", "torch")

Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What a run's folder holds."""

    folder: Path
    about: Mapping[str, Any]
    """Suite, versions, machine."""
    rows: list[Row]
    timing: list[Row]

    def trace(self, key: str) -> Mapping[str, np.ndarray] | None:
        """The driven line and its speeds of one cell."""
        path = self.folder / "cells" / f"{key}.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}

    def track(self, simulator: str) -> Track | None:
        path = _track_path(self.folder, simulator)
        return Track.load(path) if path.exists() else None


def execute(
    name: str,
    suite: Suite,
    cells: Sequence[Cell],
    asked: Sequence[str],
    folder: Path,
    jobs: int = 1,
    fresh: bool = False,
    begun: Callable[[Cell], None] = lambda cell: None,
    done: Callable[[Cell, Row], None] = lambda cell, row: None,
) -> Run:
    """Drive the cells that `folder` does not hold yet (failed ones again; all when `fresh`) and gather the results.

    `asked` are the agents that it is about; the others among the cells are references.
    """
    if not cells:
        raise ConfigurationError(f"{name}: nothing is left to drive; see --only")
    kept = folder / "cells"
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: cannot be made ({error.strerror}); choose another with --out"
        ) from error
    about = _about(name, suite, cells, asked)
    _write(folder / "run.json", json.dumps(about, indent=1))
    open_cells = []
    for cell in cells:
        row = None if fresh else _kept(kept, cell)
        if row is None or row["status"] != "ok":
            open_cells.append(cell)
        else:
            done(cell, row)
    alone = [cell for cell in open_cells if not waits(cell)]
    for batch, beside in (([cell for cell in open_cells if cell not in alone], jobs), (alone, 1)):
        for cell, result in drive_all(batch, beside, suite.deadline, begun):
            _keep(folder, cell, result)
            done(cell, result.row)
    return gather(folder, cells, about)


def _about(name: str, suite: Suite, cells: Sequence[Cell], asked: Sequence[str]) -> dict[str, Any]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "suite": name,
        "title": suite.title,
        "text": suite.about,
        "definition": suite.model_dump(mode="json"),
        "events": {event: definition.text for event, definition in suite.events.items()},
        "seeds": sorted({cell.seed for cell in cells}),
        "agents": list(asked),
        "versions": {"python": platform.python_version(), **versions},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "command": " ".join(sys.argv[1:]),
        "cells": [cell.key for cell in cells],
    }


def _kept(folder: Path, cell: Cell) -> Row | None:
    path = folder / f"{cell.key}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["row"]
    except (OSError, ValueError, KeyError):
        return None


def _keep(folder: Path, cell: Cell, result: Result) -> None:
    base = folder / "cells" / cell.key
    if result.trace:
        temporary = base.with_suffix(".tmp.npz")
        np.savez_compressed(temporary, allow_pickle=False, **result.trace)
        temporary.replace(base.with_suffix(".npz"))
    if result.track is not None and not (path := _track_path(folder, cell.simulator)).exists():
        result.track.save(path)
    _write(base.with_suffix(".json"), json.dumps({"row": result.row, "timing": result.timing}))


def _track_path(folder: Path, simulator: str) -> Path:
    return folder / "cells" / f"track-{simulator.replace('/', '-')}.npz"


def gather(folder: Path, cells: Sequence[Cell], about: Mapping[str, Any]) -> Run:
    """Write the result files from the cells that are done, in the suite's order."""
    rows, timing = [], []
    for cell in cells:
        path = folder / "cells" / f"{cell.key}.json"
        if path.exists():
            content = json.loads(path.read_text(encoding="utf-8"))
            rows.append(content["row"])
            names = ("event", "simulator", "agent", "seed", "key")
            timing.append({**{name: content["row"][name] for name in names}, **content["timing"]})
    _write(folder / "results.jsonl", _lines(rows))
    _write(folder / "timing.jsonl", _lines(timing))
    _parquet(folder / "results.parquet", rows)
    return Run(folder, about, rows, timing)


def read(folder: Path) -> Run:
    """A run as it was written; `ConfigurationError` when the folder holds none."""
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        rows, timing = (_parsed(folder / name) for name in ("results.jsonl", "timing.jsonl"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{folder}: no results of `racegym benchmark` ({error})") from error
    return Run(folder, about, rows, timing)


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _parsed(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _parquet(path: Path, rows: Sequence[Row]) -> None:
    """The same rows for data frames, where PyArrow is there."""
    try:
        import pyarrow as pa  # pyright: ignore[reportMissingImports]
        import pyarrow.parquet as parquet  # pyright: ignore[reportMissingImports]
    except ImportError:
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    parquet.write_table(pa.table({name: [row.get(name) for row in rows] for name in columns}), path)


def _write(path: Path, text: str) -> None:
    """Write it whole or not at all: a run may be interrupted at any moment."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
