"""Suites: which agents drive what, from YAML; and the cells, one episode each, that a suite comes to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from racegym import __version__, registry, yaml
from racegym.agents import FILES
from racegym.errors import BackendUnavailable, ConfigurationError, NotFound
from racegym.paths import shipped
from racegym.terms import described, did_you_mean

MODEL = ConfigDict(frozen=True, extra="forbid", strict=True)


class Course(BaseModel):
    """What is driven: a configuration's name, with changes."""

    model_config = MODEL

    name: str
    """As in ``torcs/aalborg``; with ``*`` every course of that simulator that matches."""
    set: dict[str, Any] = {}
    """Options of the simulator."""
    reference: str = "scripted"
    """The agent that the others are measured against."""


class Event(BaseModel):
    """How long is driven, and where."""

    model_config = MODEL

    laps: int | None = Field(default=None, ge=1)
    steps: int | None = Field(default=None, ge=1)
    """Control periods of the simulator."""
    seconds: float | None = Field(default=None, gt=0)
    """Simulated time."""
    simulators: tuple[str | Course, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_measure(self) -> Event:
        if sum(value is not None for value in (self.laps, self.steps, self.seconds)) != 1:
            raise ValueError("exactly one of laps, steps and seconds is wanted")
        return self

    @property
    def courses(self) -> list[Course]:
        return [Course(name=one) if isinstance(one, str) else one for one in self.simulators]

    @property
    def text(self) -> str:
        if self.laps is not None:
            return f"{self.laps} lap{'s' * (self.laps > 1)}"
        return f"{self.steps:,} control periods" if self.steps else f"{self.seconds:g} s"


class Suite(BaseModel):
    """A benchmark."""

    model_config = MODEL

    title: str
    about: str = ""
    agents: tuple[str, ...] = ("scripted",)
    """Who drives when nobody is named."""
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    task: str | dict[str, Any] = "hotlap"
    """A shipped task or a mapping; events set their own laps and time."""
    events: dict[str, Event] = Field(min_length=1)
    deadline: float = Field(default=900.0, gt=0)
    """Wall-clock seconds that a cell may take before it counts as failed."""


@dataclass(frozen=True)
class Cell:
    """One episode: plain data, so that it travels to another process and is known again after an interruption."""

    event: str
    measure: Mapping[str, Any]
    """One of ``laps``, ``steps``, ``seconds``."""
    simulator: str
    set: Mapping[str, Any]
    reference: str
    task: Any
    agent: str
    seed: int
    missing: str | None = None
    """Why the simulator cannot be driven, where that is known beforehand."""

    @property
    def key(self) -> str:
        """A digest of all that decides the result, the agent's file and racegym's version included."""
        content = {**asdict(self), "agent_file": _digest(self.agent), "racegym": __version__}
        content.pop("reference")
        content.pop("missing")
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def names() -> list[str]:
    """Names of the shipped suites."""
    return sorted(path.stem for path in (shipped("configs") / "benchmarks").glob("*.yaml"))


def load(name: str | Path) -> tuple[str, Suite]:
    """A suite by shipped name or path, and what it is called; `ConfigurationError` names every fault."""
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        if str(name) not in names():
            raise NotFound(
                f"no suite {str(name)!r}{did_you_mean(str(name), names())} Your own is a YAML file"
            )
        path = shipped("configs") / "benchmarks" / f"{name}.yaml"
    try:
        data = yaml.parse(path.read_text(encoding="utf-8"), path.name)
        return path.stem, Suite.model_validate(data)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        faults: list[Any] = list(described(error, Suite))
        lines = [f"{path.name}: {'.'.join(map(str, one['loc']))}: {one['type'].message()}" for one in faults]
        raise ConfigurationError("\n".join(lines)) from None


def cells(
    suite: Suite, agents: Sequence[str], seeds: Sequence[int] | None = None, only: str = "*"
) -> list[Cell]:
    """All episodes of `suite` for `agents`, references included, in order, each once; `only` picks simulators."""
    found: dict[str, Cell] = {}
    for event_name, event in suite.events.items():
        measure = event.model_dump(include={"laps", "steps", "seconds"}, exclude_none=True)
        for course in event.courses:
            for simulator, missing in _resolved(course.name):
                if not fnmatch(simulator, only):
                    continue
                for agent in dict.fromkeys([*agents, course.reference]):
                    for seed in seeds or suite.seeds:
                        common = (course.set, course.reference, suite.task, agent, seed, missing)
                        cell = Cell(event_name, measure, simulator, *common)
                        found.setdefault(cell.key, cell)
    return list(found.values())


def _resolved(name: str) -> Iterator[tuple[str, str | None]]:
    """Full names of the courses behind `name`, and why each cannot be driven, or None."""
    try:
        if "*" in name:
            yield from ((full, None) for full in registry.matching(name))
            return
        backend_name, _, course = name.partition("/")
        backend = registry.backend(backend_name)
        known = course in backend.courses() or registry.shipped_file(name) is None or not course
        yield (name if known else f"{backend_name}/{registry.resolve_course(backend, course)}"), None
    except (NotFound, BackendUnavailable) as error:
        yield name, str(error)


def _digest(agent: str) -> str | None:
    path = Path(agent)
    if not agent.endswith(FILES) or not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
