"""Benchmarks: suites, cells, scores, results that repeat, reports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from racegym import registry
from racegym.benchmark import report, runs
from racegym.benchmark.cell import run
from racegym.benchmark.score import episode_score, scores, student
from racegym.benchmark.suite import Suite, cells, load, names
from racegym.benchmark.svg import bends
from racegym.cli import app
from racegym.errors import ConfigurationError, NotFound

SMALL = {
    "title": "Small",
    "events": {"drive": {"seconds": 4.0, "simulators": ("bicycle/oval", "bicycle/knot")}},
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    (tmp_path / "drivers.py").write_text(
        textwrap.dedent("""
        import os
        import numpy as np

        class Slow:
            def reset(self, cars): pass
            def act(self, observation): return np.tile([0.0, 0.2], (len(observation), 1))

        class Broken(Slow):
            def act(self, observation): raise ValueError("out of ideas")

        class Deadly(Slow):
            def act(self, observation): os._exit(7)
        """)
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    yield
    sys.modules.pop("drivers", None)


def suite(**changes) -> Suite:
    return Suite.model_validate({**SMALL, **changes})


def small_run(folder: Path, *agents: str, **options) -> runs.Run:
    definition = suite()
    return runs.execute("small", definition, cells(definition, agents), agents, folder, **options)


def row(agent="me", **changes):
    common = {
        "event": "e",
        "simulator": "game/a",
        "agent": agent,
        "reference": "par",
        "seed": 1,
        "status": "ok",
    }
    lap = {
        "course": 800.0,
        "limit": 100.0,
        "finished": True,
        "completion": 1.0,
        "time": 50.0,
        "distance": 800.0,
    }
    return {**common, **lap, **changes}


@pytest.mark.parametrize("name", names())
def test_shipped_suites_load_and_name_their_cells(name):
    stem, definition = load(name)
    assert stem == name
    assert cells(definition, definition.agents)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: x\nevents: {a: {laps: 1, simulators: [b/c], metres: 3}}", "metres"),
        ("title: x\nevents: {a: {simulators: [b/c]}}", "exactly one of"),
        ("title: x\nseed: [1]\nevents: {a: {laps: 1, simulators: [b/c]}}", "did you mean 'seeds'"),
    ],
)
def test_a_faulty_suite_says_what_is_wrong(tmp_path, text, said):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path / "mine.yaml")
    with pytest.raises(NotFound, match="did you mean 'smoke'"):
        load("smok")


def test_the_reference_drives_too_once():
    definition = suite(
        events={"e": {"laps": 1, "simulators": ({"name": "bicycle/oval", "reference": "random"},)}}
    )
    assert [cell.agent for cell in cells(definition, ["scripted"])] == ["scripted", "random"]
    assert [cell.agent for cell in cells(definition, ["random"])] == ["random"]


def test_a_star_stands_for_all_courses():
    definition = suite(events={"e": {"laps": 1, "simulators": ("bicycle/*",)}})
    assert len(cells(definition, ["scripted"])) == len(registry.backend("bicycle").courses())
    assert [cell.simulator for cell in cells(definition, ["scripted"], only="*/kn*")] == ["bicycle/knot"]


def test_a_simulator_that_is_not_there_is_a_failed_cell_with_its_reason():
    definition = suite(events={"e": {"laps": 1, "simulators": ("no_such_game/x",)}})
    result = run(cells(definition, ["scripted"])[0])
    assert (result.row["status"], result.row["blame"]) == ("failed", "missing")
    assert "no_such_game" in result.row["failure"]


def test_a_row_tells_what_was_driven():
    definition = suite(events={"e": {"steps": 100, "simulators": ("bicycle/oval",)}})
    result = run(cells(definition, ["drivers:Slow"])[0])
    assert result.row["status"] == "ok", result.row
    assert (result.row["steps"], result.row["time"], result.row["finished"]) == (100, 2.0, True)
    assert result.row["distance"] > 0
    assert result.row["steering_rate"] == 0
    assert "steps_per_second" in result.timing
    assert "steps_per_second" not in result.row


def test_two_runs_write_the_same_results_whatever_runs_beside(tmp_path):
    small_run(tmp_path / "one", "scripted", "random")
    small_run(tmp_path / "two", "scripted", "random", jobs=2)
    one, two = ((tmp_path / name / "results.jsonl").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.count(b"\n") == 4


def test_an_interrupted_run_goes_on_to_the_same_results(tmp_path):
    whole = small_run(tmp_path / "whole", "scripted", "random")
    seen = []

    def interrupt(cell, row):
        seen.append(cell)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_run(tmp_path / "half", "scripted", "random", done=interrupt)
    driven = []
    small_run(tmp_path / "half", "scripted", "random", begun=driven.append)
    assert len(driven) == 2
    assert (tmp_path / "half" / "results.jsonl").read_bytes() == (whole.folder / "results.jsonl").read_bytes()


def test_an_agent_that_fails_or_kills_its_process_costs_its_cells_alone(tmp_path):
    run = small_run(tmp_path, "drivers:Broken", "drivers:Deadly")
    failures = {row["agent"]: (row["blame"], row["failure"]) for row in run.rows if row["status"] != "ok"}
    assert failures["drivers:Broken"] == ("agent", "ValueError: out of ideas")
    assert failures["drivers:Deadly"] == ("simulator", "the process died, exit code 7")
    assert [row["status"] for row in run.rows if row["agent"] == "scripted"] == ["ok", "ok"]


def test_a_finished_course_scores_by_time_an_unfinished_one_below_any_finished():
    assert episode_score(row(time=50.0), 40.0) == 80.0
    assert episode_score(row(time=100.0), 40.0) == 40.0
    assert episode_score(row(finished=False, completion=0.5), 40.0) == 20.0
    assert episode_score(row(course=None, distance=300.0), 400.0) == 75.0
    assert episode_score(row(course=None, distance=-3.0), 400.0) == 0.0
    assert episode_score(row(status="failed", blame="agent"), 40.0) == 0.0
    assert episode_score(row(status="failed", blame="missing"), 40.0) is None


def test_games_weigh_the_same_however_many_courses_they_have():
    drives = [("game/a", 50.0), ("game/b", 50.0), ("game/c", 50.0), ("other/a", 100.0)]
    rows = [row(agent, simulator=name, time=time) for name, time in drives for agent in ("me",)]
    rows += [row("par", simulator=name, time=50.0) for name, _ in drives]
    standing = {score.agent: score for score in scores(rows)}
    assert standing["par"].mean == 100.0
    assert standing["me"].mean == 75.0
    assert standing["me"].interval is None


def test_the_interval_is_students_over_seeds():
    rows = [row("me", seed=seed, time=time) for seed, time in enumerate((40.0, 50.0, 62.5))]
    rows += [row("par", seed=seed, time=50.0) for seed in range(3)]
    mine = next(score for score in scores(rows) if score.agent == "me")
    assert mine.mean == pytest.approx((125 + 100 + 80) / 3)
    assert mine.interval == pytest.approx(4.303 * 22.546 / 3**0.5, rel=1e-3)
    assert student([1.0]) is None


def test_a_course_whose_reference_failed_has_no_scores():
    rows = [row("me"), row("par", finished=False)]
    assert all(score.mean is None for score in scores(rows))


def test_the_report_stands_alone(tmp_path):
    run = small_run(tmp_path, "drivers:Slow", "drivers:Broken")
    files = report.write(run)
    html = Path(files["report"]).read_text(encoding="utf-8")
    assert html.count("<svg") == 5  # the standing, and two figures a course
    assert "out of ideas" in html
    assert not re.findall(r"(?:src|href)=|@import|url\(", html)
    assert "var(--" in html
    markdown = Path(files["markdown"]).read_text(encoding="utf-8")
    figures = re.findall(r"!\[.*?\]\((.*?)\)", markdown)
    assert len(figures) == 5
    drawn = [ElementTree.parse(tmp_path / figure).getroot() for figure in figures]
    drawn += [ElementTree.fromstring(text) for text in re.findall("<svg.*?</svg>", html, re.DOTALL)]
    assert all(len(figure) for figure in drawn)


def test_a_drawn_line_keeps_its_bends_and_little_else():
    angle = np.linspace(0, np.pi, 1000)
    arc = 100 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    kept = bends(np.concatenate([arc, arc[-1] + [[0.0, -y] for y in range(1, 200)]]), within=0.2)
    assert len(kept) < 50
    assert kept[0] == 0
    assert kept[-2] == pytest.approx(999, abs=3)  # the straight needs its ends alone
    off = np.abs(np.hypot(*((arc[kept[1:-1]] + arc[kept[:-2]]) / 2).T) - 100)  # the middles of chords
    assert off.max() <= 0.21
    assert bends(np.zeros((5, 2))).tolist() == [0, 4]


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_a_browser_shows_the_report(tmp_path):
    files = report.write(small_run(tmp_path / "run", "drivers:Slow"))
    picture = tmp_path / "page.png"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    command += [
        "--disable-background-networking",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--screenshot={picture}",
        "--window-size=1100,1600",
    ]
    shown = subprocess.run(
        [*command, Path(files["report"]).as_uri()], capture_output=True, text=True, timeout=90
    )
    assert picture.stat().st_size > 30_000  # a page without its figures packs smaller
    assert ":CONSOLE" not in shown.stderr


def test_results_are_a_parquet_table_too(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    run = small_run(tmp_path, "scripted")
    assert parquet.read_table(tmp_path / "results.parquet").column("distance").to_pylist() == [
        row["distance"] for row in run.rows
    ]


def racegym(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_writes_a_report_and_leaderboards_merge(tmp_path):
    (tmp_path / "small.yaml").write_text(
        "title: Small\nevents: {drive: {seconds: 2.0, simulators: [bicycle/oval]}}\n"
    )
    for agent in ("drivers:Slow", "random"):
        done = racegym("benchmark", "small.yaml", "--agent", agent, "--out", agent[:3], "--json")
        assert done.exit_code == 0, done.output
        assert Path(json.loads(done.stdout)["files"]["report"]).is_file()
    merged = racegym("leaderboard", "dri", "ran", "--out", "board.html", "--json")
    (board,) = json.loads(merged.stdout)
    assert {score["agent"] for score in board["scores"]} == {"drivers:Slow", "random", "scripted"}
    assert "<table" in Path("board.html").read_text()
    assert racegym("leaderboard", "dri", "ran", "--out", "board.md").exit_code == 0
    assert "| scripted |" in Path("board.md").read_text()
    assert racegym("leaderboard", "nowhere").exit_code == 2
