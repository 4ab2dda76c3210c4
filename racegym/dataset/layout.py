"""What a recording holds and how it is laid out; `docs/recording.md` is the specification.

A row on the tape is one block of float64: telemetry, controls, action, reward, reward shares, endings, frame. `Layout`
names its columns, and turns blocks into Parquet columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from racegym.extra import need
from racegym.signals import CONTROLS, SIGNALS, Table
from racegym.simulator import Gearbox, SimulatorSpec

FORMAT = "racegym-recording 1"
KEY = "racegym"
PARTIAL = ".partial"
WIDE = 1e4
"""Signals whose range reaches this keep double precision."""
AFTER = ("terminated", "truncated", "frame")


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of recording: a simulator's signals, a task's numbers."""

    signals: tuple[str, ...]
    action: int
    """Numbers of an action."""
    discrete: bool
    observation: int
    """Numbers of the flat observation."""
    rewards: tuple[str, ...]
    """Names of the reward terms."""

    @property
    def places(self) -> dict[str, slice]:
        """Where each part lies in a row of the tape."""
        widths = {
            "telemetry": SIGNALS.width,
            "controls": CONTROLS.width,
            "action": self.action,
            "reward": 1,
            "shares": len(self.rewards),
            **dict.fromkeys(AFTER, 1),
        }
        places, start = {}, 0
        for name, width in widths.items():
            places[name] = slice(start, start + width)
            start += width
        return places

    @property
    def width(self) -> int:
        return self.places[AFTER[-1]].stop

    def schema(self) -> Any:
        """The Arrow schema."""
        pa = need("pyarrow", "record")
        fields = [("step", pa.int32())]
        fields += [(name, _type(pa, SIGNALS, name)) for name in self.signals]
        fields += [(f"control_{name}", _type(pa, CONTROLS, name)) for name in CONTROLS]
        if self.action:
            fields.append(("action", pa.list_(pa.int64() if self.discrete else pa.float64(), self.action)))
        fields += [("observation", pa.list_(pa.float32(), self.observation)), ("reward", pa.float64())]
        fields += [(f"reward_{name}", pa.float64()) for name in self.rewards]
        return pa.schema(
            [*fields, ("terminated", pa.bool_()), ("truncated", pa.bool_()), ("frame", pa.int32())]
        )

    def table(self, rows: np.ndarray, observations: np.ndarray) -> Any:
        """An episode as an Arrow table, from its tape ``(n + 1, width)`` and observations ``(n + 1, observation)``."""
        pa = need("pyarrow", "record")
        schema, places = self.schema(), self.places
        start = np.zeros(len(rows), bool)
        start[0] = True
        columns = [pa.array(np.arange(len(rows), dtype=np.int32))]
        telemetry, controls = rows[:, places["telemetry"]], rows[:, places["controls"]]
        columns += [
            _column(pa, schema.field(name).type, telemetry[:, SIGNALS.columns(name)]) for name in self.signals
        ]
        for name in CONTROLS:
            kind = schema.field(f"control_{name}").type
            columns.append(_column(pa, kind, controls[:, CONTROLS.columns(name)], start))
        if self.action:
            columns.append(_column(pa, schema.field("action").type, rows[:, places["action"]], start))
        columns.append(_column(pa, schema.field("observation").type, observations))
        columns.append(pa.array(rows[:, places["reward"].start]))
        columns += [pa.array(column) for column in rows[:, places["shares"]].T]
        columns += [pa.array(rows[:, places[name].start] > 0) for name in ("terminated", "truncated")]
        frames = rows[:, places["frame"].start]
        columns.append(pa.array(frames.astype(np.int32), mask=frames < 0))
        return pa.Table.from_arrays(columns, schema=schema)

    def floats(self) -> list[str]:
        """Paths of the leaf columns that hold floating-point numbers."""
        pa = need("pyarrow", "record")
        leaves = []
        for field in self.schema():
            listed = pa.types.is_fixed_size_list(field.type)
            kind = field.type.value_type if listed else field.type
            if pa.types.is_floating(kind):
                leaves.append(f"{field.name}.list.element" if listed else field.name)
        return leaves


def _type(pa: Any, table: Table, name: str) -> Any:
    signal = table[name]
    kind = pa.float64() if max(abs(signal.low), abs(signal.high)) >= WIDE else pa.float32()
    return pa.list_(kind, signal.size) if signal.shape else kind


def _column(pa: Any, kind: Any, values: np.ndarray, null: np.ndarray | None = None) -> Any:
    """An Arrow array of `values` ``(rows, size)``, with rows that are `null`."""
    if not pa.types.is_fixed_size_list(kind):
        return pa.array(values[:, 0].astype(kind.to_pandas_dtype()), mask=null)
    values = np.nan_to_num(values) if pa.types.is_integer(kind.value_type) else values
    flat = pa.array(np.ascontiguousarray(values, dtype=kind.value_type.to_pandas_dtype()).ravel())
    mask = None if null is None else pa.array(null)
    return pa.FixedSizeListArray.from_arrays(flat, type=kind, mask=mask)


def spec_data(spec: SimulatorSpec) -> dict[str, Any]:
    """A simulator's spec as plain data, for `spec_of`."""
    return {
        "name": spec.name,
        "period": spec.period,
        "signals": sorted(spec.signals),
        "controls": sorted(spec.controls),
        "gearbox": {
            "up": [None if math.isinf(speed) else speed for speed in spec.gearbox.up],
            "down": list(spec.gearbox.down),
        },
        "lockstep": spec.lockstep,
        "deterministic": spec.deterministic,
        "track": spec.track,
        "beam_angles": list(spec.beam_angles),
        "steering_lock": spec.steering_lock,
    }


def spec_of(data: Mapping[str, Any], signals: tuple[str, ...]) -> SimulatorSpec:
    """The spec of a simulator that provides `signals`, the recorded ones, and is otherwise that of `data`."""
    gearbox = Gearbox(
        tuple(math.inf if speed is None else speed for speed in data["gearbox"]["up"]),
        tuple(data["gearbox"]["down"]),
    )
    return SimulatorSpec(
        data["name"],
        data["period"],
        frozenset(signals),
        frozenset(data["controls"]),
        gearbox,
        lockstep=data["lockstep"],
        deterministic=data["deterministic"],
        track=data["track"],
        beam_angles=tuple(data["beam_angles"]),
        steering_lock=data.get("steering_lock"),
    )
