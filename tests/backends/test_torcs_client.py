"""``racegym torcs client``: an agent as a competition client."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from scr import serving

from racegym.errors import ConfigurationError
from racegym_torcs.client import Parameters, parse
from racegym_torcs.options import TorcsOptions
from racegym_torcs.serve import Listening

AGENT = """
import numpy as np

class Slow:
    task = {"observation": {"terms": {"heading_error": {}, "track_position": {}, "speed": {}}}}

    def prepare(self, track, stage):
        print("prepared for", track, stage, flush=True)

    def reset(self, cars):
        print("reset", flush=True)

    def act(self, observation):
        steer = -observation[:, 0] * 3 - observation[:, 1] * 0.2
        return np.stack([steer, np.full(len(steer), 0.3)], axis=1).clip(-1, 1)
"""


def test_parameters_have_the_manual_s_names_and_defaults() -> None:
    assert parse([]) == Parameters("localhost", 3001, "SCR", 1, 0, "unknown", 3)
    words = [
        "host:10.0.0.1",
        "port:3005",
        "id:SCR-me",
        "maxEpisodes:7",
        "maxSteps:1000",
        "track:forza",
        "stage:2",
    ]
    assert parse(words) == Parameters("10.0.0.1", 3005, "SCR-me", 7, 1000, "forza", 2)


@pytest.mark.parametrize("word", ["port", "port:x", "speed:3", "stage:4", "maxSteps:-1"])
def test_other_parameters_are_refused(word: str) -> None:
    with pytest.raises(ConfigurationError):
        parse([word])


def test_an_agent_drives_episodes_and_knows_track_and_stage(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(textwrap.dedent(AGENT))
    options = TorcsOptions(ticks="original", countdown=True, lap_time_limit=True)
    with serving(options, Listening(port=0)) as server:
        words = [
            f"port:{server.ports[0]}",
            "host:127.0.0.1",
            "maxEpisodes:2",
            "maxSteps:150",
            "track:home",
            "stage:1",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "racegym", "torcs", "client", "mine:Slow", *words],
            capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "prepared for home qualifying"
    assert said.count("reset") == 2
    assert [line.split(",")[0] for line in said if line.startswith("episode")] == [
        "episode 1: 150 steps",
        "episode 2: 150 steps",
    ]
