"""A session's step by two calls into C: an action becomes controls; a telemetry is judged.

Both are compiled for the telemetries of one session, whose memory they hold. What of a task can be recorded
(`racegym.tape`) runs in C, the rest as ever, term by term; all of it in the memory that `Task` and its parts have, so
that resets, snapshots and `shares` need not know. The structs are those of native/step.c.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from racegym import native
from racegym.actuator import Actuator
from racegym.gears import Gears
from racegym.signals import Telemetry
from racegym.tape import Fields, Recording, Tape, Unrecordable, Unseen, Wide, assembled, recorded
from racegym.task import Judgement, Task, finite
from racegym.terms import Context, Stateful, Term
from racegym.truncation import REASONS

DECODED, DUE = 0, 1


def _struct(name: str, **fields: Any) -> type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": list(fields.items())})


_INT, _POINTER = ctypes.c_int64, ctypes.c_void_p
_Column = _struct("Column", at=_POINTER, stride=_INT)
_Program = _struct("Program", instructions=_POINTER, count=_INT)
_Decoding = _struct(
    "Decoding", cars=_INT, numbers=_INT, action=_POINTER, program=_Program, due=_POINTER, now=_POINTER,
    before=_POINTER, columns=_INT,
)  # fmt: skip
_Rewards = _struct(
    "Rewards",
    terms=_INT,
    values=_POINTER,
    weights=_POINTER,
    replaces=_POINTER,
    shares=_POINTER,
    total=_POINTER,
)
_Endings = _struct(
    "Endings", terms=_INT, causes=_POINTER, since=_POINTER, seconds=_POINTER, none=_POINTER, time_before=_Column,
    time=_Column, terminated=_POINTER,
)  # fmt: skip
_Limits = _struct(
    "Limits",
    reach=ctypes.c_double * len(REASONS),
    measure=_Column * len(REASONS),
    causes=_POINTER,
    truncated=_POINTER,
)
_View = _struct(
    "View", gathered=_INT, deep=_INT, seen=_INT, sources=_POINTER, offsets=_POINTER, scales=_POINTER,
    stack=_POINTER, order=_POINTER, low=_POINTER, high=_POINTER, out=_POINTER,
)  # fmt: skip
_Judging = _struct(
    "Judging", cars=_INT, program=_Program, rewards=_Rewards, endings=_Endings, limits=_Limits, now=_POINTER, columns=_INT,
    view=_View,
)  # fmt: skip


class _Memory:
    """Addresses of arrays, which are kept for as long as this is."""

    def __init__(self) -> None:
        self._kept: list[np.ndarray] = []

    def of(self, array: np.ndarray, dtype: Any = float) -> int:
        """The address of a C-contiguous array, which must be of `dtype` already."""
        assert array.dtype == dtype and array.flags.c_contiguous
        self._kept.append(array)
        return array.__array_interface__["data"][0]

    def copy(self, array: Any, dtype: Any = float) -> int:
        """The address of a copy."""
        return self.of(np.array(array, dtype, order="C"), dtype)

    def column(self, record: Telemetry, name: str) -> ctypes.Structure:
        """A signal's."""
        view = record[name]
        self._kept.append(view)
        return _Column(view.__array_interface__["data"][0], view.strides[0] // 8)

    def program(self, tapes: Sequence[Tape]) -> ctypes.Structure:
        """What was recorded, one tape after the other."""
        parts = [assembled(tape) for tape in tapes]
        for _, referred in parts:
            self._kept += referred
        lines = np.concatenate([lines for lines, _ in parts] or [np.zeros((0, 7), np.int64)])
        return _Program(self.of(lines, np.int64), len(lines))


class Decoder:
    """`Actuator.decode` for the telemetry `now` of a session, which it keeps in `before`."""

    def __init__(
        self, library: ctypes.CDLL, actuator: Actuator, tape: Tape, due: np.ndarray, now: Telemetry, before: Telemetry
    ) -> None:  # fmt: skip
        assert actuator.numbers is not None
        self._actuator, self._now = actuator, now
        self._action = actuator.numbers
        self._gears = [bound for _, bound, _ in actuator.actuates if isinstance(bound, Gears)]
        self._memory = memory = _Memory()
        self._struct = _Decoding(
            now.cars, self._action.shape[1], memory.of(self._action), memory.program([tape]),
            memory.of(due) if self._gears else None, memory.of(now.block), memory.of(before.block), now.table.width,
        )  # fmt: skip
        self._run = native.prepared(library.racegym_decode, self._struct)

    def __call__(self, action: Any) -> None:
        """Write the controls of `action`, ``(cars, width)`` floats, else `InvalidAction`."""
        numbers = np.asarray(action)
        if numbers.shape != self._action.shape:
            self._actuator.decode(action, self._now)  # raises
        self._action[...] = numbers
        code = self._run()
        if code == DUE:
            for gears in self._gears:
                gears.work(self._now, self._actuator.controls)
        elif code != DECODED:
            self._actuator.decode(action, self._now)  # raises


def decoder(library: ctypes.CDLL, actuator: Actuator, now: Telemetry, before: Telemetry) -> Decoder | None:
    """A `Decoder`, or None where the actions are choices or a term cannot be recorded."""
    *others, _ = (isinstance(bound, Gears) for _, bound, _ in actuator.actuates)
    if actuator.numbers is None or any(others):  # Python's part comes last
        return None
    due = np.zeros(now.cars)
    try:
        actuates = [(_twin(term, bound, actuator.context), mine) for term, bound, mine in actuator.actuates]
    except Exception:  # a user's term that is bound once alone
        return None

    def recording(tape: Tape) -> None:
        fields, controls = Fields(tape, now), Fields(tape, actuator.controls, writable=True)
        for actuate, mine in actuates:
            tape.live = isinstance(actuate, Stateful)
            if isinstance(actuate, Gears):
                memory: Any = partial(tape.column, writable=True)
                tape.keep(actuate.due(fields, controls, memory), due)  # pyright: ignore[reportArgumentType]
            else:
                actuate(Wide(tape, mine), fields, controls)

    tape = recorded(recording, now.cars)
    return None if tape is None else Decoder(library, actuator, tape, due, now, before)


def _twin(term: Any, bound: Any, context: Context) -> Any:
    """What is recorded in place of `bound`: itself only where its memory is at places that stay."""
    lasting = isinstance(bound, Gears) or (isinstance(bound, Stateful) and bound.in_place)
    return bound if lasting else _blind(term, context)


def _blind(term: Term, context: Context) -> Any:
    """A term bound once more, for recording: what it leaves in its closure does no harm, and no course is seen."""
    unseen: Any = Unseen()
    one: Any = term
    bound = one.bind(replace(context, courses=unseen, cameras=unseen))
    if isinstance(bound, Stateful):
        raise Unrecordable("it remembers")
    return bound


class Judge:
    """`Task.judge` for the telemetries of a session."""

    def __init__(self, library: ctypes.CDLL, task: Task, before: Telemetry, now: Telemetry) -> None:
        self._task, self._before, self._now = task, before, now
        terminator = task.terminator
        self.compiled: list[str] = []
        """What runs in C."""
        paid, self._rewards = self._record("reward", task.rewards, task.values)
        ended, self._conditions = self._record("termination", terminator.conditions, terminator.causes)
        self._memory = memory = _Memory()
        self._reward = np.zeros(now.cars)
        self._terminated, self._truncated = np.zeros(now.cars, bool), np.zeros(now.cars, bool)
        self._seen: np.ndarray | None = None
        self._prepares = task.observer.prepares
        self._struct = _Judging(
            now.cars, memory.program([*paid, *ended]), self._payment(), self._ending(), self._limits(),
            memory.of(now.block), now.table.width, self._view(),
        )  # fmt: skip
        self._run = native.prepared(library.racegym_judge, self._struct)

    def _record(
        self, room: str, functions: Sequence[Callable[..., np.ndarray]], rows: np.ndarray
    ) -> tuple[list[Tape], list[tuple[Callable[..., np.ndarray], np.ndarray]]]:
        """The tapes of what can be recorded, and the functions of the rest, each with its row of `rows`."""
        tapes, rest = [], []
        terms: dict[str, Any] = getattr(self._task.config, room)
        for (label, term), function, row in zip(terms.items(), functions, rows, strict=True):
            tape = recorded(self._recording(term, row), self._now.cars)
            if tape is None:
                rest.append((function, row))
            else:
                tapes.append(tape)
                self.compiled.append(f"{room}.{label}")
        return tapes, rest

    def _recording(self, term: Term, row: np.ndarray) -> Recording:
        bound: list[Callable[..., Any]] = []

        def recording(tape: Tape) -> None:
            if not bound:
                bound.append(_blind(term, self._task.context))
            tape.keep(bound[0](Fields(tape, self._before), Fields(tape, self._now)), row)

        return recording

    def _payment(self) -> ctypes.Structure:
        task, memory = self._task, self._memory
        replaces = [term.replaces for term in task.config.reward.values()]
        return _Rewards(
            len(task.rewards), memory.of(task.values), memory.of(task.weights), memory.copy(replaces, bool),
            memory.of(task.shares), memory.of(self._reward),
        )  # fmt: skip

    def _ending(self) -> ctypes.Structure:
        terminator, memory = self._task.terminator, self._memory
        return _Endings(
            len(terminator.conditions), memory.of(terminator.causes, bool), memory.of(terminator.since),
            memory.copy(terminator.seconds), memory.of(terminator.none, bool), memory.column(self._before, "time"),
            memory.column(self._now, "time"), memory.of(self._terminated, bool),
        )  # fmt: skip

    def _limits(self) -> ctypes.Structure:
        truncator, memory = self._task.truncator, self._memory
        steps = _Column(memory.of(truncator.taken), 1)
        measures = (steps, memory.column(self._now, "time"), memory.column(self._now, "laps"))
        return _Limits(
            truncator.config.limits,
            measures,
            memory.of(truncator.causes, bool),
            memory.of(self._truncated, bool),
        )

    def _view(self) -> ctypes.Structure:
        view, memory = self._task.observer.view, self._memory
        if view is None:
            return _View()
        self.compiled.append("observation")
        self._seen = np.zeros((self._now.cars, len(view.order)), np.float32)
        return _View(
            len(view.sources), view.stack.shape[1], len(view.order), memory.copy(view.sources, np.int64),
            memory.copy(view.offsets), memory.copy(view.scales), memory.of(view.stack, np.float32),
            memory.copy(view.order, np.int64), memory.copy(view.low, np.float32), memory.copy(view.high, np.float32),
            memory.of(self._seen, np.float32),
        )  # fmt: skip

    def __call__(self) -> Judgement:
        """What the step that led to `now` came to; its arrays are freshly allocated."""
        for function, row in self._rewards:
            row[...] = function(self._before, self._now)
        for function, row in self._conditions:
            row[...] = function(self._before, self._now)
        if self._seen is None:
            return self._beside()
        if self._prepares:
            self._task.observer.prepare(self._now, self._task.actuator.controls)
        sound = self._run() != 0
        return self._seen.copy(), self._reward.copy(), self._terminated.copy(), self._truncated.copy(), sound

    def _beside(self) -> Judgement:
        """The same, where Python looks: at pictures, or part by part."""
        sound = self._run() != 0
        observation = self._task.observer.observe(self._now, self._task.actuator.controls)
        reward = self._reward.copy()
        sound = sound and finite(observation, reward)
        return observation, reward, self._terminated.copy(), self._truncated.copy(), sound
