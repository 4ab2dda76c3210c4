"""The served race held against recordings of the classic, patched SCR server: every character of every state.

A recording holds a race file, what each client said, and some of the states it got. It was made with the SCR patch of
2013 on TORCS 1.3.7 (console mode, one core's worth of patience as time-out).
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from scr import Client, lockstep, serving

from racegym_torcs.options import TorcsOptions
from racegym_torcs.serve import Listening

RECORDINGS = sorted((Path(__file__).parents[1] / "golden" / "scr").glob("*.txt.gz"))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
def test_the_same_actions_get_the_same_text_as_from_the_classic_server(path: Path, tmp_path: Path) -> None:
    head, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    recording = json.loads(head)
    rows = [json.loads(line) for line in lines]
    said = {(car, tick): action.encode("latin-1") for car, tick, action, _ in rows}
    heard = {(car, tick): state for car, tick, _, state in rows if state is not None}
    race = tmp_path / "race.xml"
    race.write_text(recording["race"], "latin-1")
    damage = "shown" if recording["damage"] == "shown" else True
    options = TorcsOptions(ticks="original", countdown=True, lap_time_limit=True, damage=damage)
    cars, ticks = recording["cars"], 1 + max(tick for _, tick in said)

    with serving(options, Listening(port=0, timeout_us=0), race) as server:
        hellos = zip(cars, recording["hellos"], strict=True)
        clients = [Client(server.ports[car], hello.encode()) for car, hello in hellos]
        for client in reversed(clients):  # in any order, unlike there
            client.identify()
        states = lockstep(clients, lambda car, tick, _: said[cars[car], tick], ticks)
        for client in clients:
            client.close()

    assert len(heard) >= 100
    for car, own in zip(cars, states, strict=True):
        for tick, state in enumerate(own[:ticks]):
            if (car, tick) in heard:
                assert state.decode() == heard[car, tick] + "\0", f"car {car}, tick {tick}"


def test_there_are_recordings_of_road_oval_and_dirt() -> None:
    assert len(RECORDINGS) >= 6
