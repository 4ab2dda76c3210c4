"""Recipes: how an agent is trained, from YAML: the task, the courses in stages, the algorithm, the evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from racegym import registry, yaml
from racegym.config import RunConfig
from racegym.config import load as load_run
from racegym.errors import ConfigurationError, NotFound
from racegym.paths import shipped
from racegym.terms import described, did_you_mean

MODEL = ConfigDict(frozen=True, extra="forbid", strict=True)

Algorithm = Literal["ppo", "sac", "td3"]


class Stage(BaseModel):
    """A part of the training: what is driven until so many steps."""

    model_config = MODEL

    simulators: tuple[str, ...] = Field(min_length=1)
    """Configurations, one a row of the vector in turn; ``*`` stands for every course that matches."""
    without: tuple[str, ...] = ()
    """Patterns of those to leave out."""
    set: dict[str, Any] = {}
    """Options of the simulators, for instance a random start."""
    spread: float | None = Field(default=None, gt=0)
    """Standard deviation of PPO's exploration when it begins; None: as it is."""
    until: int | None = Field(default=None, gt=0)
    """Steps of the whole training at which it ends; None: the end."""


class Evaluation(BaseModel):
    """Laps on courses that are not trained on, from time to time, with the most likely action."""

    model_config = MODEL

    simulators: tuple[str, ...] = ()
    set: dict[str, Any] = {}
    """Options of these simulators."""
    every: int = Field(default=50_000, gt=0)
    """Steps between two."""
    laps: int = Field(default=1, ge=1)


class Recipe(BaseModel):
    """A training."""

    model_config = MODEL

    title: str = ""
    algorithm: Algorithm = "ppo"
    steps: int = Field(default=1_000_000, ge=0)
    """Of all environments together; 0: cloning alone."""
    minutes: float | None = Field(default=None, gt=0)
    """Of wall-clock time after which it ends before its steps are done; None: no limit."""
    num_envs: int = Field(default=8, ge=1)
    seed: int = 1
    task: str | dict[str, Any] = "hotlap"
    stages: tuple[Stage, ...] = Field(min_length=1)
    evaluation: Evaluation = Evaluation()
    checkpoint: int = Field(default=100_000, gt=0)
    """Steps between two checkpoints."""
    threads: int = Field(default=1, ge=1)
    """Of torch."""
    parameters: dict[str, Any] = {}
    """Of the algorithm, as Stable-Baselines3 names them; a `learning_rate` of two numbers falls from one to the other."""
    cloning: dict[str, Any] = {}
    """Parameters of behaviour cloning, where a recording is given; see `racegym.training.cloning.clone`."""

    @model_validator(mode="after")
    def _stages_follow_on_each_other(self) -> Recipe:
        ends = [stage.until for stage in self.stages]
        if (
            ends[-1] is not None
            or None in ends[:-1]
            or sorted(ends[:-1], key=lambda end: end or 0) != ends[:-1]
        ):
            raise ValueError("stages: each but the last needs `until`, rising; the last has none")
        return self

    def runs(
        self, simulators: Sequence[str], without: Sequence[str] = (), options: Mapping[str, Any] | None = None
    ) -> list[RunConfig]:
        """The configurations of these simulators under the recipe's task."""
        runs = []
        for name in expanded(simulators, without):
            settings = {f"simulator.{option}": value for option, value in (options or {}).items()}
            base = load_run(name, overrides=settings)
            runs.append(load_run({**base.model_dump(exclude={"task"}), "task": self.task}))
        return runs

    def stage_at(self, steps: int) -> int:
        """The number of the stage that runs when so many steps are done."""
        return next(
            number for number, stage in enumerate(self.stages) if stage.until is None or steps < stage.until
        )


def expanded(simulators: Sequence[str], without: Sequence[str] = ()) -> list[str]:
    """Full names: ``*`` replaced by the courses that match, those of `without` left out."""
    names = [full for name in simulators for full in registry.matching(name)]
    kept = [name for name in names if not any(fnmatch(name, pattern) for pattern in without)]
    if not kept:
        raise NotFound(f"of {', '.join(simulators)} no course is left without {', '.join(without)}")
    return kept


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other values, by dotted path."""
    data = recipe.model_dump()
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = data
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return _checked(data, "recipe")


def names() -> list[str]:
    """Names of the shipped recipes."""
    return sorted(path.stem for path in (shipped("configs") / "training").glob("*.yaml"))


def load(name: str) -> tuple[str, Recipe]:
    """A recipe and what it is called: a shipped one, a YAML file, or a simulator (``torcs/aalborg``) with defaults."""
    if name in names():
        return name, _read(shipped("configs") / "training" / f"{name}.yaml")
    if name.endswith((".yaml", ".yml")):
        return Path(name).stem, _read(Path(name))
    if name.partition("/")[0] not in registry.backends():
        raise NotFound(
            f"no recipe {name!r}{did_you_mean(name, names())} A YAML file or a simulator will do, too"
        )
    evaluation = Evaluation(simulators=(name,))
    return name.replace("/", "-"), Recipe(
        title=name, stages=(Stage(simulators=(name,)),), evaluation=evaluation
    )


def _read(path: Path) -> Recipe:
    try:
        data = yaml.parse(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    return _checked(data, path.name)


def _checked(data: Any, source: str) -> Recipe:
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        faults: list[Any] = list(described(error, Recipe))
        lines = [f"{source}: {'.'.join(map(str, one['loc']))}: {one['type'].message()}" for one in faults]
        raise ConfigurationError("\n".join(lines)) from None
