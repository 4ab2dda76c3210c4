"""The compiled observation spec: its space, and what an agent sees of a telemetry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from racegym.errors import ConfigurationError
from racegym.observations import Observation, ObservationConfig, SignalTerm
from racegym.signals import Controls, Telemetry
from racegym.terms import Context, Stateful


class View(NamedTuple):
    """How a flat observation comes about: signals gathered, moved, scaled and put on the stack; then ordered, clipped."""

    sources: np.ndarray
    """Columns of the telemetry, ``(gathered,)``; on the stack they come first."""
    offsets: np.ndarray
    scales: np.ndarray
    stack: np.ndarray
    """Present and past values, ``(cars, ...)`` float32."""
    order: np.ndarray
    """Places on the stack, ``(n,)``."""
    low: np.ndarray
    high: np.ndarray
    """``(n,)`` float32."""


class Observer(Stateful):
    """Compiled observation spec: its space, and observations from telemetry.

    `layout` maps each label to its columns in the flat observation.
    """

    memory = ("_stack",)

    def __init__(self, config: ObservationConfig, context: Context) -> None:
        self._config = config
        self._pictures = {
            label: (term, (len(term.moments), *shape))
            for label, term in config.terms.items()
            if (shape := term.picture(context)) is not None
        }
        self._alone = len(config.terms) == 1 and bool(self._pictures) and config.format == "flat"
        self._flat = config.format == "flat" and not self._pictures
        terms: dict[str, Observation] = config.terms
        self.layout: dict[str, slice] = {}
        self._bind(context, terms)
        start = 0
        lows, highs, order = [], [], []
        for label, term in terms.items():
            columns, (low, high) = self._present_columns(term, label), term.bounds(context)
            ages = term.moments
            self.layout[label] = slice(start, start + len(columns) * len(ages))
            start += len(columns) * len(ages)
            lows += [np.tile(low, len(ages))]
            highs += [np.tile(high, len(ages))]
            order += [age * self._width + column for age in ages for column in columns]
        self._order = None if order == list(range(self._stack.shape[1])) else np.array(order)
        low, high = (np.concatenate(ends).astype(np.float32) for ends in (lows, highs))
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise ConfigurationError("task.observation: the bounds of every term must be finite")
        self._space = spaces.Box(low, high, dtype=np.float32)
        # NumPy is quickest with operands of one shape and type, here and in `_gather`
        self._low, self._high = (np.tile(end, (context.cars, 1)) for end in (low, high))

    def _bind(self, context: Context, terms: Mapping[str, Observation]) -> None:
        """Lay the present values out, equal terms once: signals first, gathered together; then those with code."""
        leaves = _distinct(leaf for label, term in terms.items() for _, leaf in term.leaves(label))
        signals = [leaf for leaf in leaves if isinstance(leaf, SignalTerm)]
        coded = [leaf for leaf in leaves if not isinstance(leaf, SignalTerm)]
        self._places: list[tuple[Observation, slice]] = []
        start = 0
        for leaf in [*signals, *coded]:
            width = len(leaf.bounds(context)[0])
            self._places.append((leaf, slice(start, start + width)))
            start += width
        self._width = start
        self._sources = np.concatenate([term.columns for term in signals] or [np.zeros(0, int)])
        self._gathered = len(self._sources)
        widths = [len(term.columns) for term in signals]
        scales = np.repeat([term.factor for term in signals], widths)
        self._scales = np.tile(scales, (context.cars, 1))
        offsets = np.repeat([term.offset for term in signals], widths)
        self._offsets = offsets if offsets.any() else None
        depth = max(max(term.moments) for term in terms.values())
        self._stack = np.zeros((context.cars, (depth + 1) * self._width), np.float32)
        self._present = self._stack[:, : self._width]
        self._raw = np.zeros((context.cars, self._gathered))
        self._scaled = self._stack[:, : self._gathered]
        self._coded = [
            (leaf.bind(context), self._stack[:, place])
            for leaf, place in self._places
            if not isinstance(leaf, SignalTerm)
        ]

    def _present_columns(self, term: Observation, label: str) -> list[int]:
        """Columns of the stack's present that hold this term's values."""
        columns: list[int] = []
        for _, leaf in term.leaves(label):
            present = _without_past(leaf)
            place = next(place for known, place in self._places if known == present)
            columns += range(place.start, place.stop)
        return columns

    @property
    def space(self) -> spaces.Space:
        """The space of one car's observation."""
        if self._flat:
            return self._space
        boxes: dict[str, spaces.Space] = {
            label: self._box(label, columns) for label, columns in self.layout.items()
        }
        return next(iter(boxes.values())) if self._alone else spaces.Dict(boxes)

    def _box(self, label: str, columns: slice) -> spaces.Box:
        if label in self._pictures:
            term, shape = self._pictures[label]
            return spaces.Box(0, 255, term.arranged(np.zeros((1, *shape), np.uint8)).shape[1:], np.uint8)
        return spaces.Box(self._space.low[columns], self._space.high[columns], dtype=np.float32)

    def begin(self, now: Telemetry, controls: Controls, rows: np.ndarray | None) -> None:
        """Make these rows' (all when None) first observation; present values of the others are as they were."""
        which = slice(None) if rows is None else rows
        self._gather(now)
        for fill, out in self._coded:
            fill(now, controls, out)
        ages = self._stack.shape[1] // self._width
        self._stack[which] = np.tile(self._present[which], ages)
        if self._config.past == "zero":
            self._stack[which, self._width :] = 0.0

    @property
    def view(self) -> View | None:
        """How the observation comes about where it is one array, else None."""
        if not self._flat:
            return None
        order = np.arange(self._stack.shape[1]) if self._order is None else self._order
        offsets = np.zeros(self._gathered) if self._offsets is None else self._offsets
        return View(self._sources, offsets, self._scales[0], self._stack, order, self._low[0], self._high[0])

    @property
    def prepares(self) -> bool:
        """Whether `prepare` does anything."""
        return bool(self._coded) or self._stack.shape[1] > self._width

    def prepare(self, now: Telemetry, controls: Controls) -> None:
        """What comes before the signals are gathered: the past moves on, and terms with code are filled in."""
        if self._stack.shape[1] > self._width:
            self._stack[:, self._width :] = self._stack[:, : -self._width].copy()
        for fill, out in self._coded:
            fill(now, controls, out)

    def observe(self, now: Telemetry, controls: Controls) -> Any:
        """The next observation of every car: ``(cars, n)`` float32, or a dict of such; freshly allocated."""
        self.prepare(now, controls)
        self._gather(now)
        return self.current()

    def current(self) -> Any:
        """The observation last made, once more."""
        ordered = self._stack if self._order is None else self._stack.take(self._order, axis=1)
        if self._flat:
            return self._clipped(ordered, slice(None))
        parts = {label: self._part(ordered, columns, label) for label, columns in self.layout.items()}
        return next(iter(parts.values())) if self._alone else parts

    def _clipped(self, ordered: np.ndarray, columns: slice) -> np.ndarray:
        values = np.maximum(ordered[:, columns], self._low[..., columns])
        return np.minimum(values, self._high[..., columns], out=values)

    def _part(self, ordered: np.ndarray, columns: slice, label: str) -> np.ndarray:
        if label not in self._pictures:
            return self._clipped(ordered, columns)
        term, shape = self._pictures[label]
        pixels = ordered[:, columns].astype(np.uint8).reshape(len(ordered), *shape)
        return np.ascontiguousarray(term.arranged(pixels))

    def _gather(self, now: Telemetry) -> None:
        now.block.take(self._sources, axis=1, out=self._raw, mode="clip")
        if self._offsets is not None:
            self._raw += self._offsets
        np.multiply(self._raw, self._scales, out=self._raw)
        self._scaled[...] = self._raw


def _without_past(leaf: Observation) -> Observation:
    return leaf.model_copy(update={"history": 0, "ages": None})


def _distinct(leaves: Iterable[Observation]) -> list[Observation]:
    """The terms without their past, each different one once, in order."""
    found: list[Observation] = []
    for leaf in leaves:
        present = _without_past(leaf)
        if present not in found:
            found.append(present)
    return found
