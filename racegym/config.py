"""Run files: a simulator with its options and a task, from YAML or plain data into frozen models.

A reference is a shipped name (``torcs/aalborg``; a task's name together with a simulator), the path of a YAML file, a
mapping, or a `RunConfig`. Swapping the simulator is one argument; single values are overridden by dotted path.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)

from racegym import registry, yaml
from racegym.clock import ClockConfig
from racegym.errors import ConfigurationError, NotFound
from racegym.observations import DEFAULT_TERMS
from racegym.simulator import Options, Simulator
from racegym.task import DEFAULT_REWARD, DEFAULT_TERMINATION, TaskConfig
from racegym.terms import described, did_you_mean, fault


@dataclass(frozen=True)
class SimulatorConfig:
    """A backend by name and its checked options."""

    backend: str
    options: Options

    def build(self) -> Simulator:
        """A simulator, not yet open."""
        return registry.backend(self.backend).build(self.options)

    def data(self) -> dict[str, Any]:
        return {"backend": self.backend, **self.options.model_dump()}


def _simulator(value: object) -> SimulatorConfig:
    if isinstance(value, SimulatorConfig):
        return value
    if isinstance(value, str):
        value = simulator_data(value)
    if not isinstance(value, Mapping) or not isinstance(value.get("backend"), str):
        raise fault(
            "simulator", "a name such as bicycle/oval is wanted, or a mapping with the key backend", value
        )
    options = {key: option for key, option in value.items() if key != "backend"}
    try:
        of = registry.backend(value["backend"])
        course = options.get(of.course_option)
        if isinstance(course, str):
            options[of.course_option] = registry.resolve_course(of, course)
    except NotFound as error:
        raise fault("not_found", str(error), value) from error
    try:
        return SimulatorConfig(of.name, of.options.model_validate(options))
    except ValidationError as error:
        raise ValidationError.from_exception_data(of.name, described(error, of.options)) from None


def _simulator_schema() -> dict[str, Any]:
    known = []
    for name, of in registry.backends().items():
        schema = of.options.model_json_schema()
        schema["properties"] = {"backend": {"const": name}, **schema.get("properties", {})}
        schema["required"] = ["backend", *schema.get("required", [])]
        known.append(schema)
    return {"anyOf": [{"type": "string"}, *known]}


class RunConfig(BaseModel):
    """Everything that a run needs: what to drive, and what to drive for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    simulator: Annotated[
        SimulatorConfig,
        PlainValidator(_simulator),
        PlainSerializer(lambda simulator: simulator.data()),
        WithJsonSchema({}),
    ]
    task: TaskConfig = TaskConfig()
    clock: ClockConfig = ClockConfig()
    on_fault: Literal["truncate", "raise"] = "truncate"
    """A lost or silent simulator ends the episode, or raises at once (for debugging)."""
    faults_in_a_row: int = Field(default=3, ge=1)
    """That many lost episodes on end raise even so."""


def load(
    config: Any,
    simulator: str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> RunConfig:
    """The `RunConfig` that `config` refers to, with another `simulator` and `overrides` by dotted path.

    Raises `ConfigurationError` with every fault at once, one a line, each with its dotted path.
    """
    if isinstance(config, RunConfig):
        source, data = "config", config.model_dump(exclude_unset=True)
        data["task"] = config.task
        if overrides:
            raise ConfigurationError(
                "overrides apply to names, files and mappings, not to a finished RunConfig"
            )
    else:
        source, data = _read(config)
    if simulator is not None:
        data["simulator"] = (
            simulator_data(simulator) if isinstance(simulator, str) else dict(_plain(simulator))
        )
    data = _expanded(data, source)
    for path, value in (overrides or {}).items():
        _override(data, path.split("."), _plain(value))
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(_report(error, source)) from None


def simulator_data(name: str) -> dict[str, Any]:
    """The simulator section that ``backend/course`` stands for."""
    backend_name, _, course = name.partition("/")
    of = registry.backend(backend_name)
    return {"backend": of.name, of.course_option: course} if course else {"backend": of.name}


def schema() -> dict[str, Any]:
    """JSON Schema of a run file, for editors to complete and check it."""
    whole = RunConfig.model_json_schema()
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    whole["properties"]["simulator"] = _simulator_schema()
    whole["properties"]["task"] = {
        "anyOf": [
            {"enum": registry.tasks()},
            {"type": "string", "pattern": r"\.ya?ml$"},
            {"$ref": "#/$defs/TaskConfig"},
        ]
    }
    return whole


def _read(config: Any) -> tuple[str, dict[str, Any]]:
    """Where the data came from, and the data."""
    if isinstance(config, Mapping):
        return "config", dict(_plain(config))
    name = os.fspath(config)
    if name.endswith((".yaml", ".yml")):
        return _file(Path(name))
    if name in registry.tasks():
        return f"configs/tasks/{name}.yaml", {"task": name}
    if found := registry.shipped_file(name):
        return name, _file(*found)[1]
    if ("/" in name and name.partition("/")[0] in registry.backends()) or name in registry.backends():
        return "config", {"simulator": simulator_data(name)}
    names = [*registry.tasks(), *registry.configs(), *registry.backends()]
    raise NotFound(f"config {name!r} is no shipped name and no YAML file{did_you_mean(name, names)}")


def _file(path: Path, course: str = "") -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    if course:
        text = text.replace(path.stem, course)
    data = yaml.parse(text, path.name)
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path.name}: a mapping is wanted, with the keys simulator and task")
    return path.name, data


def _expanded(data: dict[str, Any], source: str) -> dict[str, Any]:
    """Names of tasks and simulators replaced by what they stand for, so that overrides find every section."""
    if isinstance(data.get("simulator"), str):
        data["simulator"] = simulator_data(data["simulator"])
    elif "simulator" not in data:
        raise ConfigurationError(
            f"{source}: simulator: missing; name one, for instance simulator='bicycle/oval'"
        )
    name = data.get("task")
    if isinstance(name, str) and name.endswith((".yaml", ".yml")):
        data["task"] = _file(Path(name))[1]
    elif isinstance(name, str):
        if name not in registry.tasks():
            raise NotFound(f"{source}: task: no shipped task {name!r}{did_you_mean(name, registry.tasks())}")
        data["task"] = _file(registry.shipped("configs") / "tasks" / f"{name}.yaml")[1]
    return data


#: What a section holds when the file leaves it out, so that an override changes one of the defaults, not all of them.
_DEFAULTS: dict[tuple[str, ...], Any] = {
    ("task", "observation", "terms"): dict.fromkeys(DEFAULT_TERMS),
    ("task", "action", "terms"): dict.fromkeys(("steer", "pedal", "automatic_gears")),
    ("task", "reward"): DEFAULT_REWARD,
    ("task", "termination"): DEFAULT_TERMINATION,
}


def _override(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for depth, parent in enumerate(path[:-1], start=1):
        inner = data.get(parent, _DEFAULTS.get(tuple(path[:depth])))
        data[parent] = dict(inner) if isinstance(inner, Mapping) else {}
        data = data[parent]
    data[path[-1]] = value


def _plain(value: Any) -> Any:
    """A copy with tuples for lists, as the YAML reader gives them."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return tuple(_plain(inner) for inner in value) if isinstance(value, list | tuple) else value


def _report(error: ValidationError, source: str) -> str:
    lines = []
    for one in described(error, RunConfig):
        path = ".".join(str(part) for part in one.get("loc", ()))
        kind = one["type"]
        message = kind if isinstance(kind, str) else kind.message()
        lines.append(f"{source}: {path}: {message}" if path else f"{source}: {message}")
    return "\n".join(lines)
