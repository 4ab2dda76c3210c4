"""Recording what a pure function does to columns of numbers, to run it again without Python.

A term's function is called once with `Fields` in place of telemetry: what it does to their columns is written down,
one `Instruction` an operation, in terms of memory addresses; `racegym/native/step.c` runs them. Written down is only
what the C code computes as NumPy does, to the bit (but for the sign of a zero among equals of ``maximum``). Whatever
else a function does with a column is `Unrecordable`, and the function stays in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from racegym.signals import Record

#: In the order of `enum operation` in native/step.c.
OPERATIONS = (
    "move", "add", "subtract", "multiply", "divide", "maximum", "minimum", "absolute", "negative", "square_root",
    "less", "less_equal", "equal", "not_equal", "and", "or", "not", "pick", "flag",
)  # fmt: skip

NUMBERS = {
    np.add: "add",
    np.subtract: "subtract",
    np.multiply: "multiply",
    np.true_divide: "divide",
    np.maximum: "maximum",
    np.minimum: "minimum",
    np.absolute: "absolute",
    np.fabs: "absolute",
    np.negative: "negative",
    np.positive: "move",
    np.sqrt: "square_root",
}
FLAGS = {
    np.less: "less",
    np.less_equal: "less_equal",
    np.equal: "equal",
    np.not_equal: "not_equal",
    np.logical_and: "and",
    np.logical_or: "or",
    np.logical_not: "not",
}
TURNED = {np.greater: np.less, np.greater_equal: np.less_equal}
#: Of flags they are logic; of numbers NumPy has none.
BITS = {
    np.bitwise_and: np.logical_and,
    np.bitwise_or: np.logical_or,
    np.bitwise_xor: np.not_equal,
    np.invert: np.logical_not,
}


class Unrecordable(Exception):
    """The function does what cannot be written down."""


class Place(NamedTuple):
    """One number of each car: in memory, `stride` doubles apart; in register `at`; or the same constant for all."""

    kind: str
    at: int | float
    stride: int = 0


class Instruction(NamedTuple):
    """`out` becomes `operation` of `a` and `b`, for each car."""

    operation: str
    out: Place
    a: Place
    b: Place


class Unseen:
    """Stands for what nobody has yet: whatever asks for it is refused."""

    __hash__ = None  # pyright: ignore[reportAssignmentType]
    __iter__ = None

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Unrecordable(f"{type(self).__name__} is looked into")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __len__ = __contains__ = _refuse
    __getattr__ = __getitem__ = __setitem__ = __array_ufunc__ = __array_function__ = _refuse


class Column(Unseen, NDArrayOperatorsMixin):
    """One number of each car, as a NumPy array ``(cars,)`` would be used; `flag`: of bool."""

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, tape: Tape, place: Place, flag: bool = False, writable: bool = False) -> None:
        self.tape = tape
        self.place = place
        self.flag = flag
        self.writable = writable

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        (out,) = options.pop("out", (None,))
        if method != "__call__" or options:
            raise Unrecordable(f"{ufunc.__name__}.{method} with {', '.join(options)}")
        return self.tape.apply(ufunc, inputs, out)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function is np.where and len(args) == 3:
            return self.tape.where(*args)
        if function is np.clip and len(args) == 3:
            return Column.clip(*args, **options)
        raise Unrecordable(f"np.{function.__name__}")

    def __pow__(self, exponent: Any) -> Any:
        if type(exponent) not in (int, float) or exponent != 2:
            raise Unrecordable(f"to the power of {exponent}")
        return self * self

    def __setitem__(self, key: Any, value: Any) -> None:
        if key is not Ellipsis:
            raise Unrecordable(f"[{key}] of a column")
        self.tape.store(value, self)

    def clip(self, low: Any, high: Any, out: Any = None) -> Any:
        """As of NumPy's arrays."""
        return np.minimum(np.maximum(self, low), high, **({} if out is None else {"out": out}))


class Wide(Unseen):
    """Several numbers of each car; only a column of it is understood."""

    def __init__(self, tape: Tape, view: np.ndarray) -> None:
        self.tape = tape
        self.view = view

    def __getitem__(self, key: Any) -> Column:
        if not (isinstance(key, tuple) and len(key) == 2 and key[0] == slice(None) and type(key[1]) is int):
            raise Unrecordable(f"[{key}] of a wide signal")
        return self.tape.column(self.view[key])


class Fields(Unseen):
    """Stands for a `Record` whose memory stays where it is."""

    def __init__(self, tape: Tape, record: Record, writable: bool = False) -> None:
        self.tape = tape
        self.record = record
        self.writable = writable

    def __getitem__(self, name: str) -> Any:
        view = self.record[name]
        return self.tape.column(view, self.writable) if view.ndim == 1 else Wide(self.tape, view)

    def __setitem__(self, name: str, value: Any) -> None:
        self.tape.store(value, self[name])


class Tape:
    """What was recorded: `instructions`, in order, over `registers` columns between.

    With `live`, float64 arrays ``(cars,)`` are columns, too: memory of the function's own that stays where it is.
    Otherwise an array of several numbers is `Unrecordable`, since nobody knows who changes it, and when.
    """

    def __init__(self, cars: int, live: bool = False) -> None:
        self.cars = cars
        self.live = live
        self.instructions: list[Instruction] = []
        self.registers = 0
        self.kept: list[np.ndarray] = []
        """Whose memory they refer to."""

    def column(self, view: np.ndarray, writable: bool = False) -> Column:
        """The memory of `view`, float64 ``(cars,)``, as a column."""
        self.kept.append(view)
        return Column(self, _memory(view), writable=writable)

    def apply(self, ufunc: Any, inputs: tuple[Any, ...], out: Any = None) -> Column:
        """Write down what NumPy's `ufunc` does."""
        if ufunc in TURNED:
            return self.apply(TURNED[ufunc], inputs[::-1], out)
        if ufunc is np.square:
            return self.apply(np.multiply, (*inputs, *inputs), out)
        if ufunc is np.isnan:
            return self.apply(np.not_equal, (*inputs, *inputs), out)
        columns = [self._operand(value) for value in inputs]
        flags = [column.flag for column in columns]
        if ufunc in BITS and all(flags):
            ufunc = BITS[ufunc]
        is_flag = ufunc in FLAGS
        if not is_flag and ufunc not in NUMBERS:
            raise Unrecordable(f"np.{ufunc.__name__}")
        # arithmetic of bool arrays among themselves, or with whole numbers, is not that of floats
        if not is_flag and any(flags) and not any(_is_float(value) for value in inputs):
            raise Unrecordable(f"np.{ufunc.__name__} of flags alone")
        operation = FLAGS[ufunc] if is_flag else NUMBERS[ufunc]
        return self._emit(operation, [column.place for column in columns], is_flag, out)

    def where(self, condition: Any, chosen: Any, other: Any) -> Column:
        """Write down ``np.where`` of a flag and numbers."""
        flag, yes, no = (self._operand(value) for value in (condition, chosen, other))
        if not flag.flag or yes.flag or no.flag or not (_is_float(chosen) or _is_float(other)):
            raise Unrecordable("np.where of something else than a flag and float64")
        result = self._emit("move", [no.place], False)
        self.instructions.append(Instruction("pick", result.place, flag.place, yes.place))
        return result

    def store(self, value: Any, out: Any) -> None:
        """Write down that `value` is assigned to `out`, a writable column."""
        self._emit("move", [self._operand(value).place], False, out)

    def keep(self, value: Any, memory: np.ndarray) -> None:
        """Write down that `value` goes into `memory`: float64, or bool for whether it is not 0; ``(cars,)``."""
        self.kept.append(memory)
        place = self._operand(value).place
        operation, stride = ("flag", 1) if memory.dtype == bool else ("move", memory.strides[0] // 8)
        self.instructions.append(
            Instruction(operation, Place("memory", _address(memory), stride), place, place)
        )

    def _emit(self, operation: str, sources: list[Place], flag: bool, out: Any = None) -> Column:
        if out is None:
            result = Column(self, Place("register", self.registers), flag)
            self.registers += 1
        else:
            result = self._operand(out)
            if flag or not result.writable:
                raise Unrecordable("written where nothing may be written")
        self.instructions.append(Instruction(operation, result.place, sources[0], sources[-1]))
        return result

    def _operand(self, value: Any) -> Column:
        if isinstance(value, Column):
            if value.tape is not self:
                raise Unrecordable("a column of another recording")
            return value
        if isinstance(value, np.ndarray) and value.ndim:
            if self.live and value.shape == (self.cars,) and value.dtype == np.float64:
                return self.column(value, writable=True)
            raise Unrecordable("an array of several numbers")
        return Column(self, Place("constant", _constant(value)))


def _is_float(value: Any) -> bool:
    """Whether NumPy would compute with bool arrays in float64 beside it."""
    if isinstance(value, Column):
        return not value.flag
    return isinstance(value, float | np.ndarray) and np.asarray(value).dtype == np.float64


def _constant(value: Any) -> float:
    if not isinstance(value, int | float | np.integer | np.floating | np.ndarray) or isinstance(value, bool):
        raise Unrecordable(f"{type(value).__name__} among columns")
    number = float(value)
    if np.asarray(value).dtype.kind not in "fiu" or (number != value and number == number):
        raise Unrecordable(f"{value} is no float64")
    return number


def _address(view: np.ndarray) -> int:
    return view.__array_interface__["data"][0]


def _memory(view: np.ndarray) -> Place:
    if view.dtype != np.float64 or view.ndim != 1:
        raise Unrecordable(f"{view.dtype} {view.shape}")
    return Place("memory", _address(view), view.strides[0] // 8)


Recording = Callable[[Tape], Any]


def recorded(recording: Recording, cars: int, live: bool = False) -> Tape | None:
    """What `recording` does with a tape, or None where it cannot be written down.

    It is done twice: what differs from one time to the next is not pure.
    """
    tapes = [Tape(cars, live) for _ in range(2)]
    try:
        for tape in tapes:
            recording(tape)
    except Exception:  # whatever a user's function raises over columns, over arrays it may work
        return None
    return tapes[0] if tapes[0].instructions == tapes[1].instructions else None


def assembled(tape: Tape) -> tuple[np.ndarray, list[np.ndarray]]:
    """Its instructions as step.c reads them, int64 ``(instructions, 7)``, and what they refer to, to be kept."""
    registers = np.zeros((max(tape.registers, 1), tape.cars))
    places = [place for line in tape.instructions for place in line[1:]]
    constants = np.array([place.at for place in places if place.kind == "constant"] or [0.0], np.float64)
    used = iter(range(len(constants)))

    def operand(place: Place) -> tuple[int, int]:
        if place.kind == "constant":
            return _address(constants[next(used) :]), 0
        if place.kind == "register":
            return _address(registers[int(place.at)]), 1
        return int(place.at), place.stride

    lines = []
    for operation, *rest in tape.instructions:
        out, a, b = (operand(place) for place in rest)
        lines.append((OPERATIONS.index(operation), *a, *b, *out))
    return np.array(lines, np.int64).reshape(-1, 7), [registers, constants, *tape.kept]
