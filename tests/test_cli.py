"""The command line, as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from racegym import registry
from racegym.cli import app
from racegym.config import load
from racegym.errors import NotFound
from racegym.simulator import Backend, Options, Requirement
from racegym.yaml import parse


def racegym(*arguments: str):
    return CliRunner().invoke(app, arguments)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Each test in a directory of its own, with a module `mine` of agents."""
    (tmp_path / "mine.py").write_text(
        textwrap.dedent("""
        import numpy as np

        class Parked:
            def reset(self, cars): pass
            def act(self, observation): return np.zeros((len(observation), 2))

        class Impatient(Parked):
            left = 30
            def act(self, observation):
                self.left -= 1
                if not self.left:
                    raise KeyboardInterrupt
                return np.array([[0.0, 1.0]])

        class OfFourNumbers(Parked):
            task = {"observation": {"terms": {"velocity": {}, "speed": {}}}}
            def act(self, observation):
                assert observation.shape == (1, 4), observation.shape
                return np.zeros((1, 2))
        """)
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("mine", None)


def offer(monkeypatch, **requirement) -> None:
    """Put one backend called ``game`` with one requirement in the place of all."""

    def build(options):
        raise AssertionError("never built")

    game = Backend(
        "game", "a game", Options, build, lambda: ("loop",), cars=lambda: ("kart",),
        requirements=lambda: (Requirement("engine", **requirement),), agents={"ghost": "the game's own"},
    )  # fmt: skip
    monkeypatch.setattr(registry, "backends", lambda: {"game": game})


def test_help_names_our_commands_and_the_backends_own():
    text = racegym("--help").output
    for name in ("drive", "list", "doctor", "show", "schema", "torcs"):
        assert name in text


def test_backends_commands_are_mounted_under_their_names():
    result = racegym("torcs", "--help")
    assert result.exit_code == 0
    assert "install" in result.output


def test_starting_loads_nothing_heavy():
    heavy = ("matplotlib", "torch", "rtgym", "yaml", "racegym.env", "racegym_torcs")
    program = f"import sys, racegym.cli; print(*set({heavy}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == [], done.stderr


@pytest.mark.parametrize(
    ("kind", "listed"),
    [("simulators", "game"), ("tracks", "game/loop"), ("cars", "game: kart"), ("agents", "game:ghost"),
     ("agents", "scripted"), ("tasks", "hotlap")],
)  # fmt: skip
def test_list_names_what_is_there(monkeypatch, kind, listed):
    offer(monkeypatch, met=True)
    assert listed in racegym("list", kind).output


def test_doctor_is_content_when_everything_is_there(monkeypatch):
    offer(monkeypatch, met=True, found="3.1")
    result = racegym("doctor")
    assert result.exit_code == 0
    assert "3.1" in result.output


def test_doctor_fails_on_a_missing_requirement_and_says_the_remedy(monkeypatch):
    offer(monkeypatch, met=False, remedy="apt-get install engine")
    result = racegym("doctor")
    assert result.exit_code == 1
    assert "apt-get install engine" in result.output


def test_doctor_only_notes_an_optional_requirement(monkeypatch):
    offer(monkeypatch, met=False, remedy="pip install engine", optional=True)
    result = racegym("doctor", "game")
    assert result.exit_code == 0
    assert "pip install engine" in result.output


def test_show_prints_a_run_file_that_loads_to_the_same_run():
    setting = "task.termination.mine={term: stuck, seconds: 2.0}"
    result = racegym("show", "bicycle/oval", "--set", setting)
    assert result.exit_code == 0, result.output
    shown = load(parse(result.output.partition("\n---\n")[0]))
    term = {"term": "stuck", "seconds": 2.0}
    assert shown == load("bicycle/oval", overrides={"task.termination.mine": term})


def test_show_lays_out_the_observation_and_the_signals():
    text = racegym("show", "bicycle/oval").output
    assert "rangefinders" in text
    for part in ("provided", "derived", "unavailable"):
        assert part in text


def test_schema_is_json():
    assert "simulator" in json.loads(racegym("schema").output)["properties"]


def test_drive_writes_picture_and_telemetry_and_prints_one_object():
    result = racegym("drive", "bicycle/kart", "--laps", "1", "--json", "--out", "here")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["laps"] == 1
    assert summary["ended_by"] == "laps"
    assert Path(summary["picture"]).read_bytes().startswith(b"\x89PNG")
    with np.load(summary["telemetry"], allow_pickle=False) as saved:
        assert len(saved["speed"]) == summary["steps"] + 1


def test_drive_without_out_makes_a_folder_named_after_simulator_and_time():
    summary = json.loads(racegym("drive", "bicycle/oval", "--agent", "mine:Parked", "--json").stdout)
    assert Path(summary["picture"]).parent.match("racegym-out/bicycle-oval-*")


def test_drive_without_a_lap_fails():
    result = racegym(
        "drive", "bicycle/oval", "--agent", "mine:Parked", "--set", "task.termination.stuck.seconds=2.0"
    )
    assert result.exit_code == 1
    assert "no lap completed" in result.output


def test_ctrl_c_ends_the_drive_and_keeps_it():
    result = racegym("drive", "bicycle/oval", "--agent", "mine:Impatient", "--json")
    summary = json.loads(result.stdout)
    assert summary["ended_by"] == "interrupted"
    assert summary["steps"] == 29
    assert Path(summary["picture"]).is_file()


def test_an_agent_gets_the_observation_that_it_asks_for():
    result = racegym("drive", "bicycle/oval", "--agent", "mine:OfFourNumbers", "--json")
    assert json.loads(result.stdout)["ended_by"] == "stuck"


def test_drive_takes_a_task_and_a_simulator():
    result = racegym("drive", "hotlap", "--simulator", "bicycle/knot", "--agent", "mine:Impatient", "--json")
    assert json.loads(result.stdout)["simulator"] == "bicycle/knot"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("drive", "bicycle/ovall"), "did you mean 'oval'"),
        (("drive", "bicycle/oval", "--set", "task.reward.progres={}"), "did you mean 'progress'"),
        (("drive", "bicycle/oval", "--set", "task.action.repeat"), "a dotted path and a value"),
        (("drive", "bicycle/oval", "--agent", "scriptd"), "did you mean 'scripted'"),
        (("drive", "bicycle/oval", "--out", "mine.py/deeper"), "--out"),
        (("show", "nothing.yaml"), "nothing.yaml"),
        (("doctor", "bycicle"), "did you mean 'bicycle'"),
    ],
)
def test_mistakes_are_one_clear_message_and_exit_status_2(arguments, said):
    result = racegym(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_debug_shows_where_the_mistake_was_found():
    assert isinstance(racegym("--debug", "doctor", "bycicle").exception, NotFound)


def test_the_script_is_installed():
    script = Path(sys.executable).with_name("racegym")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=30)
    assert done.stdout.startswith("racegym ")
