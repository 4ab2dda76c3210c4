"""`racegym speed` measures what it says, whatever the figures are."""

import json

import pytest
from typer.testing import CliRunner

from racegym.benchmark import speed
from racegym.cli import app


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(speed, "SECONDS", 0.01)
    monkeypatch.setattr(speed, "ROUNDS", 1)
    monkeypatch.setattr(speed, "RESETS", 2)


def test_the_json_holds_every_figure_of_the_first_simulator_and_all_by_name():
    result = CliRunner().invoke(app, ["speed", "bicycle/oval", "bicycle/knot", "--num-envs", "1,3", "--json"])
    figures = json.loads(result.stdout)
    assert figures["simulator"] == "bicycle/oval"
    assert set(figures["vector_steps_per_s"]) == {"1", "3"}
    assert set(figures["layer_us"]) == {"1", "64"}
    assert figures["env_steps_per_s"] > 0
    assert figures["reset_ms_median"] > 0
    assert figures["cold_start_ms"] > 0
    assert set(figures["simulators"]) == {"bicycle/oval", "bicycle/knot"}


def test_the_table_names_what_was_measured():
    result = CliRunner().invoke(app, ["speed", "bicycle/oval", "--num-envs", "2"])
    assert result.exit_code == 0
    for text in ("env.step", "vector of 2", "reset", "layer"):
        assert text in result.stdout


@pytest.mark.parametrize("sizes", ["0", "a", "1,,2"])
def test_sizes_that_are_no_sizes_are_refused(sizes):
    result = CliRunner().invoke(app, ["speed", "bicycle/oval", "--num-envs", sizes])
    assert result.exit_code == 2
