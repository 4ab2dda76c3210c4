"""Named terms: the pieces of which a task's observation, action, reward and termination are made.

A term is a small frozen pydantic model: its fields are its parameters, typed and defaulted there alone. Each of the
four rooms keeps a `TermTable` from the name that YAML uses to the class. Users add their own by dotted path
(``term: "my_package.my_module:MyReward"``) under any label; so may a term of ours be listed twice:
``far: {term: rangefinders, angles: [...]}``.
"""

from __future__ import annotations

import copy
import difflib
import importlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from racegym.bends import Bends
from racegym.signals import Telemetry
from racegym.simulator import SimulatorSpec
from racegym.track import Track


class Term(BaseModel):
    """Base of every term. Parameters are strict: no casts, unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    needs_track: ClassVar[bool] = False
    """The term looks at the course's geometry, not at signals alone."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        """The signals it reads; provided or derived, else the task cannot be compiled."""
        return ()


@dataclass
class Courses:
    """The geometry under each row of a fleet, once it is open; rows on one track are asked together."""

    tracks: list[Track | None] = field(default_factory=list)
    _bends: tuple[list[Track | None], Bends] | None = None

    @property
    def bends(self) -> Bends:
        """The curvature under each row, of the present `tracks`."""
        if self._bends is None or self._bends[0] is not self.tracks:
            self._bends = self.tracks, Bends([track for track in self.tracks if track is not None])
        return self._bends[1]

    def groups(self) -> Iterable[tuple[Track, np.ndarray | slice]]:
        """Each different track with its rows."""
        first = self.tracks[0]
        if first is not None and all(track is first for track in self.tracks):
            return [(first, slice(None))]
        distinct = {id(track): track for track in self.tracks if track is not None}
        return [
            (track, np.array([row for row, other in enumerate(self.tracks) if other is track]))
            for track in distinct.values()
        ]

    def line_gap(self, now: Telemetry) -> np.ndarray:
        """Signed distance from the target line, m, positive left of it, shape ``(cars,)``."""
        gap = np.zeros(now.cars)
        for track, rows in self.groups():
            place = track.at(now["lap_distance"][rows])
            half = (place.width_left + place.width_right) / 2
            offset = now["track_position"][rows] * half + (place.width_left - place.width_right) / 2
            gap[rows] = offset - place.line
        return gap


@dataclass
class Cameras:
    """The newest frames of a fleet, once it is open."""

    film: Callable[[str], np.ndarray] | None = None
    """From a camera's name to uint8 ``(cars, height, width, channels)``."""

    def frame(self, camera: str) -> np.ndarray:
        assert self.film is not None
        return self.film(camera)


@dataclass(frozen=True)
class Context:
    """What a term may know when it is bound: the simulator's spec, the rows, the time between two steps."""

    spec: SimulatorSpec
    cars: int
    period: float
    """Seconds from one agent step to the next."""
    courses: Courses = field(default_factory=Courses)
    cameras: Cameras = field(default_factory=Cameras)

    def line_gap(self, now: Telemetry) -> np.ndarray:
        """Signed distance from the target line, m, + left: as the simulator measures it, else by the course."""
        return now["line_gap"] if "line_gap" in self.spec.signals else self.courses.line_gap(now)


def line_gap_signals(spec: SimulatorSpec) -> tuple[str, ...]:
    """What `Context.line_gap` reads."""
    return ("line_gap",) if "line_gap" in spec.signals else ("lap_distance", "track_position")


class Stateful:
    """Base of what remembers from step to step: `reset` forgets, `save` and `restore` go with a snapshot."""

    memory: ClassVar[tuple[str, ...]] = ()
    """Names of the attributes that it remembers in: arrays, numbers, or other `Stateful` things."""
    in_place: ClassVar[bool] = False
    """It remembers in float64 arrays ``(cars,)`` alone, which it writes into and never replaces: so it is recorded."""

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        """Forget the past of `rows` (all when None); `now` is their first telemetry."""
        raise NotImplementedError

    def save(self) -> dict[str, Any]:
        """A copy of all that is remembered."""
        saved: dict[str, Any] = {}
        for name in self.memory:
            value = getattr(self, name)
            saved[name] = value.save() if isinstance(value, Stateful) else copy.copy(value)
        return saved

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Remember what `save` returned; arrays are written in place."""
        for name, value in saved.items():
            mine = getattr(self, name)
            if isinstance(mine, Stateful):
                mine.restore(value)
            elif isinstance(mine, np.ndarray):
                mine[...] = value
            else:
                setattr(self, name, value)


class TermTable:
    """The terms of one room, by the names that YAML uses; annotates a pydantic field that holds terms by label."""

    def __init__(self, room: str, base: type[Term], terms: Mapping[str, type[Term]]) -> None:
        self.room = room
        self.base = base
        self.terms = dict(terms)

    def parse(self, data: object) -> dict[str, Any]:
        """Terms by label, in the order given; raises pydantic's ValidationError with every fault."""
        if not isinstance(data, Mapping):
            raise PydanticCustomError("terms", "a mapping of {room} terms is wanted", {"room": self.room})
        terms: dict[str, Any] = {}
        faults: list[InitErrorDetails] = []
        for label, value in data.items():
            if isinstance(value, self.base):
                terms[str(label)] = value
                continue
            try:
                terms[str(label)] = self._term(str(label), value)
            except ValidationError as error:
                faults.extend(described(error, prefix=(str(label),)))
        if faults:
            raise ValidationError.from_exception_data(self.room, faults)
        return terms

    def _term(self, label: str, value: object) -> Term:
        parameters = dict(value) if isinstance(value, Mapping) else {}
        name = parameters.pop("term", label)
        cls = self._class(name) if isinstance(name, str) else None
        if cls is None:
            raise fault("unknown_term", "unknown" + did_you_mean(str(name), self.terms), value)
        if value is not None and not isinstance(value, Mapping):
            raise fault(
                "parameters", "a mapping of parameters is wanted; leave it empty for the defaults", value
            )
        try:
            return cls.model_validate(parameters)
        except ValidationError as error:
            raise ValidationError.from_exception_data(label, described(error, cls)) from None

    def _class(self, name: str) -> type[Term] | None:
        if ":" not in name:
            return self.terms.get(name)
        cls = load_object(name)
        if not (isinstance(cls, type) and issubclass(cls, self.base)):
            raise fault(
                "term", f"{name} is not a subclass of {self.base.__module__}.{self.base.__name__}", name
            )
        return cls

    def dump(self, terms: Mapping[str, Term]) -> dict[str, dict[str, Any]]:
        """The plain data that `parse` turns into these terms."""
        names = {cls: name for name, cls in self.terms.items()}
        data = {}
        for label, term in terms.items():
            cls = type(term)
            name = names.get(cls, f"{cls.__module__}:{cls.__qualname__}")
            data[label] = ({} if name == label else {"term": name}) | term.model_dump()
        return data

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        serializer = core_schema.plain_serializer_function_ser_schema(self.dump)
        return core_schema.no_info_plain_validator_function(self.parse, serialization=serializer)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return self.schema()

    def schema(self) -> dict[str, Any]:
        """JSON Schema of a mapping of these terms."""
        known: dict[str, Any] = {
            name: {"anyOf": [cls.model_json_schema(), {"type": "null"}]}
            for name, cls in sorted(self.terms.items())
        }
        for name, cls in self.terms.items():
            known[name]["description"] = (cls.__doc__ or "").strip().partition("\n")[0]
        other = {"type": "object", "required": ["term"], "properties": {"term": {"type": "string"}}}
        return {"type": "object", "properties": known, "additionalProperties": other}


def fault(kind: str, message: str, value: object) -> ValidationError:
    """A ValidationError with one custom message."""
    details = InitErrorDetails(type=_custom(kind, message), loc=(), input=value)
    return ValidationError.from_exception_data(kind, [details])


def described(
    error: ValidationError, model: type[BaseModel] | None = None, prefix: Sequence[str | int] = ()
) -> list[InitErrorDetails]:
    """The faults of `error` with `prefix` before their paths, and suggestions for names that `model` does not know."""
    details = []
    for one in error.errors(include_url=False):
        kind, message = one["type"], one["msg"]
        if kind == "extra_forbidden":
            names = _fields_at(model, one["loc"][:-1])
            kind, message = "unknown", "unknown" + did_you_mean(str(one["loc"][-1]), names)
        details.append(
            InitErrorDetails(type=_custom(kind, message), loc=(*prefix, *one["loc"]), input=one["input"])
        )
    return details


def _custom(kind: str, message: str) -> PydanticCustomError:
    # pydantic formats the template; a message of ours is already whole
    template: Any = message.replace("{", "(").replace("}", ")")
    name: Any = kind
    return PydanticCustomError(name, template)


def _fields_at(model: type[BaseModel] | None, loc: Sequence[str | int]) -> list[str]:
    for step in loc:
        annotation = (
            model.model_fields[str(step)].annotation if model and str(step) in model.model_fields else None
        )
        model = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return list(model.model_fields) if model else []


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the name nearest to `name`, or a list of what there is."""
    names = sorted(names)
    if near := difflib.get_close_matches(name, names, n=1, cutoff=0.5):
        return f"; did you mean {near[0]!r}?"
    return f"; there is {', '.join(names)}" if names else ""


def load_object(path: str) -> Any:
    """The object that ``module:name`` refers to; a ValidationError says what is wrong with the path."""
    module_name, _, name = path.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise fault("import", f"{path} cannot be imported: {error}", path) from error
    return found
