"""Named terms: the pieces of which a task's observation, action, reward and termination are made.

A term is a small frozen pydantic model: its fields are its parameters, typed and defaulted there alone. Each of the
four rooms keeps a `TermTable` from the name that YAML uses to the class. Users add their own by dotted path
(``term: "my_package.my_module:MyReward"``) under any label; so may a term of ours be listed twice:
``far: {term: rangefinders, angles: [...]}``.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

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


@dataclass(frozen=True)
class Context:
    """What a term may know when it is bound: the simulator's spec, the rows, the time between two steps."""

    spec: SimulatorSpec
    cars: int
    period: float
    """Seconds from one agent step to the next."""
    courses: Courses = field(default_factory=Courses)


class Stateful:
    """Base of a bound term that remembers: `reset` forgets, for the rows given (all when None)."""

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        raise NotImplementedError


class TermTable:
    """The terms of one room, by the names that YAML uses."""

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
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise fault("parameters", "a mapping of parameters is wanted, {} for the defaults", value)
        parameters = dict(value)
        name = parameters.pop("term", label)
        cls = self._class(name) if isinstance(name, str) else None
        if cls is None:
            raise fault("unknown_term", "unknown" + did_you_mean(str(name), self.terms), value)
        try:
            return cls.model_validate(parameters)
        except ValidationError as error:
            raise ValidationError.from_exception_data(label, described(error, cls)) from None

    def _class(self, name: str) -> type[Term] | None:
        if ":" not in name:
            return self.terms.get(name)
        cls = load_object(name)
        if not (isinstance(cls, type) and issubclass(cls, self.base)):
            raise fault("term", f"{name} is not a subclass of {self.base.__module__}.{self.base.__name__}", name)
        return cls

    def schema(self) -> dict[str, Any]:
        """JSON Schema of a mapping of these terms."""
        known = {
            name: {"anyOf": [cls.model_json_schema(), {"type": "null"}]} for name, cls in sorted(self.terms.items())
        }
        for name, cls in self.terms.items():
            known[name]["description"] = (cls.__doc__ or "").strip().partition("\n")[0]
        other = {"type": "object", "required": ["term"], "properties": {"term": {"type": "string"}}}
        return {"type": "object", "properties": known, "additionalProperties": other}


def fault(kind: str, message: str, value: object) -> ValidationError:
    """A ValidationError with one custom message."""
    details = InitErrorDetails(type=PydanticCustomError(kind, _literal(message)), loc=(), input=value)
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
        custom = PydanticCustomError(kind, _literal(message))  # type: ignore[arg-type]
        details.append(InitErrorDetails(type=custom, loc=(*prefix, *one["loc"]), input=one["input"]))
    return details


def _literal(message: str) -> Any:
    # PydanticCustomError formats its template; a message of ours is already whole
    return message.replace("{", "(").replace("}", ")")


def _fields_at(model: type[BaseModel] | None, loc: Sequence[str | int]) -> list[str]:
    for step in loc:
        annotation = model.model_fields[str(step)].annotation if model and str(step) in model.model_fields else None
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
