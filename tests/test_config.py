"""Run files: every wrong field is an error that names it; names, files and mappings load alike."""

from typing import Any

import pytest
from pydantic import BaseModel

from racegym import config, registry
from racegym.actions import ACTIONS, ActionConfig
from racegym.errors import ConfigurationError, NotFound
from racegym.observations import OBSERVATIONS, ObservationConfig
from racegym.rewards import REWARDS
from racegym.task import TaskConfig
from racegym.terminations import TERMINATIONS
from racegym.truncation import TruncationConfig

ROOMS = {
    "task.observation.terms": OBSERVATIONS,
    "task.action.terms": ACTIONS,
    "task.reward": REWARDS,
    "task.termination": TERMINATIONS,
}
MODELS: dict[str, type[BaseModel]] = {
    "task": TaskConfig,
    "task.observation": ObservationConfig,
    "task.action": ActionConfig,
    "task.truncation": TruncationConfig,
}


def nested(path: str, value: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"simulator": "bicycle/oval"}
    *parents, last = path.split(".")
    inner = data
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = value
    return data


def fields() -> list[str]:
    paths = [f"{path}.{name}" for path, model in MODELS.items() for name in model.model_fields]
    for room, table in ROOMS.items():
        paths += [f"{room}.{term}.{name}" for term, cls in table.terms.items() for name in cls.model_fields]
    for name, of in registry.backends().items():
        paths += [f"simulator:{name}.{option}" for option in of.options.model_fields]
    return [*paths, "on_fault", "faults_in_a_row"]


@pytest.mark.parametrize("path", fields())
def test_each_field_wrong_once_gives_an_error_naming_it(path):
    wrong = object()
    if path.startswith("simulator:"):
        name, option = path.removeprefix("simulator:").split(".")
        data = {"simulator": {"backend": name, option: wrong}}
        path = f"simulator.{option}"
    else:
        data = nested(path, wrong)
    with pytest.raises(ConfigurationError, match=path.replace(".", r"\.")):
        config.load(data)


@pytest.mark.parametrize("path", [*MODELS, *ROOMS])
def test_an_unknown_key_is_an_error_with_its_path(path):
    with pytest.raises(ConfigurationError, match=rf"{path}\.bogus: unknown"):
        config.load(nested(f"{path}.bogus", {}))


def test_a_misspelt_term_gets_a_suggestion():
    with pytest.raises(
        ConfigurationError, match=r"task\.reward\.progres: unknown; did you mean 'progress'\?"
    ):
        config.load(nested("task.reward.progres", {}))


def test_a_misspelt_parameter_gets_a_suggestion():
    with pytest.raises(
        ConfigurationError, match=r"task\.reward\.progress\.wieght: unknown; did you mean 'weight'"
    ):
        config.load(nested("task.reward.progress.wieght", 1))


def test_a_misspelt_option_of_a_simulator_gets_a_suggestion():
    with pytest.raises(ConfigurationError, match=r"simulator\.car: unknown; did you mean 'cars'"):
        config.load({"simulator": {"backend": "bicycle", "car": 1}})


def test_all_faults_are_told_at_once():
    data = nested("task.reward.progres", {})
    data["task"]["action"] = {"repeat": 0, "terms": {"steer": {"rate": "fast"}}}
    data["on_fault"] = "ignore"
    with pytest.raises(ConfigurationError) as error:
        config.load(data)
    told = str(error.value)
    for path in ("task.reward.progres", "task.action.repeat", "task.action.terms.steer.rate", "on_fault"):
        assert path in told


@pytest.mark.parametrize("value", ["1", True, 1.0, None])
def test_scalars_are_not_cast(value):
    with pytest.raises(ConfigurationError, match="task.action.repeat"):
        config.load(nested("task.action.repeat", value))


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("bicycle/ovla", "oval"),
        ("bycicle/oval", "bicycle"),
        ("hotlpa", "hotlap"),
        ("nosuch.yaml", "nosuch.yaml"),
    ],
)
def test_an_unknown_name_is_an_error_with_a_hint(reference, hint):
    with pytest.raises(ConfigurationError, match=hint):
        config.load(reference)


def test_a_task_needs_a_simulator():
    with pytest.raises(ConfigurationError, match="simulator: missing"):
        config.load("hotlap")


@pytest.mark.parametrize("name", [f"bicycle/{course}" for course in registry.backend("bicycle").courses()])
def test_every_circuit_has_a_config(name):
    loaded = config.load(name)
    assert loaded.simulator.build().spec.name == name


@pytest.mark.parametrize("task", registry.tasks())
def test_every_shipped_task_loads(task):
    assert config.load(task, simulator="bicycle/oval").task.reward


def test_every_torcs_track_has_a_config_by_one_pattern():
    courses = registry.backend("torcs").courses()
    assert len(courses) >= 38
    for course in courses:
        assert config.load(f"torcs/{course}").simulator.options.track == course
    assert config.load("torcs/aalborg") == config.load("torcs/road/aalborg")


def test_swapping_the_simulator_is_one_argument():
    assert config.load("torcs/aalborg", simulator="bicycle/oval") == config.load("bicycle/oval")


def test_a_file_a_mapping_and_a_name_load_alike(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("simulator: bicycle/oval\ntask: hotlap\n")
    assert config.load(path) == config.load("bicycle/oval")
    assert config.load({"simulator": "bicycle/oval", "task": "hotlap"}) == config.load("bicycle/oval")


def test_an_error_names_the_file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("simulator: bicycle/oval\ntask: {reward: {progres: {}}}\n")
    with pytest.raises(ConfigurationError, match=r"run\.yaml: task\.reward\.progres"):
        config.load(path)


def test_overrides_reach_into_named_tasks_and_simulators():
    loaded = config.load(
        "bicycle/oval",
        overrides={"task.action.repeat": 2, "task.reward.progress.weight": 2.0, "simulator.walls": False},
    )
    assert loaded.task.action.repeat == 2
    assert loaded.task.reward["progress"].weight == 2.0
    assert loaded.task.reward["off_track"].weight == -1.0
    assert loaded.simulator.options.walls is False


def test_a_wrong_override_is_named():
    with pytest.raises(ConfigurationError, match=r"task\.action\.repeet: unknown; did you mean 'repeat'"):
        config.load("bicycle/oval", overrides={"task.action.repeet": 2})


def test_a_resolved_config_can_be_loaded_again():
    loaded = config.load("bicycle/oval")
    assert config.load(loaded) == loaded


def test_the_schema_knows_every_room_and_option():
    schema = config.schema()
    task = schema["$defs"]["TaskConfig"]["properties"]
    assert "progress" in task["reward"]["properties"]
    assert "stuck" in task["termination"]["properties"]
    backends = [
        one["properties"]["backend"]["const"] for one in schema["properties"]["simulator"]["anyOf"][1:]
    ]
    assert backends == sorted(registry.backends())


def test_an_unknown_backend_says_how_backends_enter():
    with pytest.raises(NotFound, match=r"racegym\.backends.*reinstall"):
        registry.backend("gran_turismo")
