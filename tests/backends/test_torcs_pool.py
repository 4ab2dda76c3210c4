"""Many games behind one memory and one bell: each row is the race it would be alone, and falls with its process only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from racegym.errors import (
    BackendUnavailable,
    ConfigurationError,
    InvalidAction,
    SimulatorLost,
    SimulatorTimeout,
)
from racegym.signals import SIGNALS, Controls
from racegym.vector import RaceVectorEnv
from racegym_torcs import backend, placement
from racegym_torcs.install import requirements
from racegym_torcs.options import TorcsOptions
from racegym_torcs.pool import TorcsPool, pool
from racegym_torcs.simulator import Torcs

TRACKS = ("road/aalborg", "road/forza", "road/aalborg")
ROLLING = {"distance": "anywhere", "offset": (-0.5, 0.5), "speed": (5.0, 30.0)}

OWNER = """
import sys
from racegym.signals import SIGNALS, Controls
from racegym_torcs import backend
pool = backend.pool([backend.options() for _ in range(3)])
pool.open()
pool.reset()
pool.send(Controls(3))
pool.read()
print(*pool.pids, *(row.game.instance.directory for row in pool._rows), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def _torcs() -> None:
    for line in requirements():
        assert line.met, f"{line.name} is missing; run: {line.remedy}"


def options(**values: object) -> TorcsOptions:
    return TorcsOptions.model_validate(values)


def made(*each: TorcsOptions) -> TorcsPool:
    together = pool(each)
    assert together is not None
    return together


@pytest.fixture(params=[False, True], ids=["together", "isolated"])
def races(request: pytest.FixtureRequest) -> Iterator[TorcsPool]:
    """Three rows on two tracks; those that are alike in one process, or each in its own."""
    together = made(*(options(track=track, isolated=request.param) for track in TRACKS))
    together.open()
    yield together
    together.close()


def controls(rows: int, step: int) -> Controls:
    """Controls that depend on the row and the number of the step alone."""
    told = Controls(rows)
    told["throttle"] = 0.6
    told["steer"] = 0.2 * np.sin(step / 20 + np.arange(rows))
    return told


def drive(simulator: TorcsPool, steps: int) -> np.ndarray:
    blocks = []
    for step in range(steps):
        simulator.send(controls(simulator.spec.cars, step))
        blocks.append(simulator.read().block.copy())
    return np.array(blocks)


def alone(each: TorcsOptions, row: int, rows: int, steps: int, seed: int | None) -> np.ndarray:
    """What a single simulator tells from the same seed and the controls of that row."""
    single = Torcs(each)
    single.open()
    try:
        blocks = [single.reset(seed).block.copy()]
        for step in range(steps):
            single.send(Controls(1, controls(rows, step).block[row : row + 1].copy()))
            blocks.append(single.read().block.copy())
    finally:
        single.close()
    return np.array(blocks)[:, 0]


def driver(races: TorcsPool, row: int) -> int:
    """Process id of who drives `row` now."""
    assert races._mapping is not None
    return races._mapping.headers[row].driver


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] in "ZX"
    except OSError:
        return True


def until(seconds: float, done) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
    return False


# Rows


def test_rows_on_different_tracks_are_the_races_that_they_are_alone() -> None:
    each = [options(track=track, start=ROLLING, noise={}) for track in TRACKS]
    races = made(*each)
    races.open()
    try:
        first = races.reset([7, 8, 9]).block.copy()
        rows = np.concatenate([first[None], drive(races, 200)])
    finally:
        races.close()
    for row, one in enumerate(each):
        np.testing.assert_array_equal(rows[:, row], alone(one, row, 3, 200, 7 + row), err_msg=str(row))


def test_rows_that_take_turns_in_a_process_are_the_races_that_they_are_alone_whatever_happens() -> None:
    each = options(start=ROLLING, noise={})
    races = made(*[each] * (2 * len(os.sched_getaffinity(0))))
    rows = races.spec.cars
    races.open()
    try:
        assert len(set(races.pids)) < rows
        races.reset(seed=1)
        drive(races, 300)
        races.reset([50], cars=np.array([1]))
        drive(races, 20)
        first = races.reset(seed=20).block.copy()
        told = np.concatenate([first[None], drive(races, 1200)])
    finally:
        races.close()
    damage = told[-1, :, SIGNALS.columns("damage").start]
    assert np.count_nonzero(damage) > 1, "walls were touched"
    for row in range(rows):
        np.testing.assert_array_equal(told[:, row], alone(each, row, rows, 1200, 20 + row), err_msg=str(row))


def test_rows_that_are_alike_share_a_process_on_each_core_and_others_do_not() -> None:
    cores = len(os.sched_getaffinity(0))
    one, other = options(), options(track="road/forza")
    assert len(placement.shares([one] * 8 * cores)) == cores
    assert sorted(len(part) for part in placement.shares([one] * 8 * cores)) == [8] * cores
    assert placement.shares([one, other] * 8)[-1][0] % 2 == 1
    assert all(len({row % 2 for row in part}) == 1 for part in placement.shares([one, other] * 8))
    for alone in (options(isolated=True), options(expert="bt")):
        assert placement.shares([alone] * 3) == [[0], [1], [2]]


def test_every_row_knows_its_track_and_equal_tracks_are_one(races: TorcsPool) -> None:
    first, second, third = races.tracks
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("torcs/road/aalborg", "torcs/road/forza")
    assert third is first


def test_a_row_is_reset_alone(races: TorcsPool) -> None:
    start = races.reset().block.copy()
    moved = drive(races, 50)[-1]
    after = races.reset(cars=np.array([1])).block
    np.testing.assert_array_equal(after[1], start[1])
    np.testing.assert_array_equal(after[[0, 2]], moved[[0, 2]])
    races.send(controls(3, 0))
    np.testing.assert_allclose(races.read()["time"], [1.02, 0.02, 1.02], atol=1e-9)


def test_a_seed_for_all_counts_up_and_a_sequence_says_each() -> None:
    races = made(*[options(start=ROLLING)] * 3)
    races.open()
    try:
        counted = races.reset(seed=5).block.copy()
        said = races.reset(seed=[5, 6, 7]).block.copy()
        one = races.reset(seed=[6], cars=np.array([2])).block[2].copy()
    finally:
        races.close()
    np.testing.assert_array_equal(counted, said)
    np.testing.assert_array_equal(one, said[1])
    assert len(np.unique(said[:, 1])) == 3


def test_ticks_of_a_step_and_a_race_that_ends() -> None:
    races = made(*[options(ticks_per_step=5, start={"distance": -30.0, "speed": 40.0}, laps=1)] * 2)
    races.open()
    try:
        races.reset()
        told = drive(races, 20)
        assert races.spec.period == 0.1
    finally:
        races.close()
    np.testing.assert_allclose(told[:, 0, 0], 0.1 * np.arange(1, 21), atol=1e-9)


def test_nan_is_refused_and_nothing_moves(races: TorcsPool) -> None:
    races.reset()
    wrong = controls(3, 0)
    wrong["steer"][1] = np.nan
    with pytest.raises(InvalidAction):
        races.send(wrong)
    races.send(controls(3, 0))
    np.testing.assert_allclose(races.read()["time"], 0.02, atol=1e-9)


def test_what_cannot_be_put_together_is_not() -> None:
    one = options()
    assert pool([one]) is None
    for other in (
        {"transport": "udp"},
        {"cars": 2},
        {"ticks_per_step": 2},
        {"spin": 5},
        {"connect": "localhost:3001"},
    ):
        assert pool([one, options(**other)]) is None
    races = made(one, options(car="car1-ow1"))
    assert (races.spec.cars, races.spec.independent, races.spec.snapshots) == (2, True, False)


def test_it_can_be_closed_opened_and_is_told_so(races: TorcsPool) -> None:
    races.reset()
    races.close()
    races.close()
    with pytest.raises(BackendUnavailable, match="open"):
        races.reset()
    with pytest.raises(SimulatorLost, match="open"):
        races.send(Controls(3))
    races.open()
    races.reset(cars=np.array([0]))
    races.send(controls(3, 0))
    races.read()
    assert set(races.faults) == {1, 2}, "nobody has begun them"


def test_nonsense_of_a_reset_is_refused(races: TorcsPool) -> None:
    with pytest.raises(ConfigurationError, match="start"):
        races.reset(options={"weather": "rain"})


def test_games_are_spread_over_the_cores() -> None:
    allowed = os.sched_getaffinity(0)
    cores = placement.spread([3, 1] * 2 * len(allowed))
    assert set(cores) <= allowed


# Faults


@pytest.mark.parametrize("who", ["driver", "keeper"])
def test_a_killed_game_costs_its_row_alone(races: TorcsPool, who: str) -> None:
    start = races.reset().block.copy()
    drive(races, 10)
    pid = races.pids[1]
    assert pid is not None
    os.kill(driver(races, 1) if who == "driver" else pid, signal.SIGKILL)
    began = time.monotonic()
    while not races.faults and time.monotonic() < began + 2:
        races.send(controls(3, 0))
        races.read()
    assert time.monotonic() - began < 0.25  # 0.1 s and what a busy machine adds
    assert set(races.faults) == {1}
    assert isinstance(races.faults[1], SimulatorLost)
    held = races.read().block[1].copy()
    before = races.read()["time"].copy()
    races.send(controls(3, 0))
    after = races.read()
    assert not races.faults
    np.testing.assert_allclose(after["time"] - before, [0.02, 0, 0.02], atol=1e-9)
    np.testing.assert_array_equal(after.block[1], held)
    again = races.reset(cars=np.array([1])).block
    np.testing.assert_array_equal(again[1], start[1])
    assert races.pids[1] not in (None, pid)


def test_a_stopped_game_is_given_up_at_the_deadline() -> None:
    races = made(*[options(deadlines={"step": 0.3}, isolated=True)] * 2)
    races.open()
    try:
        races.reset()
        stopped = driver(races, 0)
        os.kill(stopped, signal.SIGSTOP)
        began = time.monotonic()
        races.send(controls(2, 0))
        told = races.read()
        assert time.monotonic() - began < 1
        assert isinstance(races.faults[0], SimulatorTimeout)
        np.testing.assert_allclose(told["time"], [0, 0.02], atol=1e-9)
        assert until(1, lambda: gone(stopped))
        races.reset(cars=np.array([0]))
        races.send(controls(2, 0))
        np.testing.assert_allclose(races.read()["time"], [0.02, 0.04], atol=1e-9)
    finally:
        races.close()


def test_a_game_that_dies_before_its_reset_is_started_again(races: TorcsPool) -> None:
    start = races.reset().block.copy()
    pid = races.pids[2]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    np.testing.assert_array_equal(races.reset().block, start)
    assert races.pids[2] not in (None, pid)


def test_a_vector_goes_on_when_one_of_its_games_is_killed() -> None:
    env = RaceVectorEnv(3, "torcs/aalborg", overrides={"simulator.isolated": True})
    try:
        env.reset(seed=1)
        actions = np.zeros((3, 2), np.float32)
        races, _ = env.session.fleet.members[0]
        assert isinstance(races, TorcsPool)
        for _ in range(2):
            os.kill(driver(races, 1), signal.SIGKILL)
            *_, truncated, infos = env.step(actions)
            assert truncated.tolist() == [False, True, False]
            assert "torcs" in infos["fault"][1]
            for _ in range(60):
                *_, truncated, infos = env.step(actions)
            assert not truncated.any()
    finally:
        env.close()


def test_a_killed_process_costs_all_rows_in_it_and_each_comes_back_by_its_reset(races: TorcsPool) -> None:
    start = races.reset().block.copy()
    drive(races, 10)
    os.kill(driver(races, 0), signal.SIGKILL)
    lost = {row for row in range(3) if races.pids[row] == races.pids[0]}
    while not races.faults:
        races.send(controls(3, 0))
        races.read()
    assert set(races.faults) == lost
    again = races.reset(cars=np.array([0])).block.copy()
    np.testing.assert_array_equal(again[0], start[0])
    races.send(controls(3, 0))
    races.read()
    assert set(races.faults) == lost - {0}, "its neighbours in the process wait for their own resets"
    races.reset(cars=np.array(sorted(lost)))
    races.send(controls(3, 0))
    races.read()
    assert not races.faults


# Leaving


def test_nothing_is_left_when_python_is_killed() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    words = owner.stdout.readline().split()
    assert len(words) == 6
    pids, directories = [int(word) for word in words[:3]], [Path(word) for word in words[3:]]
    assert all(path.is_dir() for path in directories)
    owner.kill()
    owner.communicate()
    assert until(2, lambda: all(gone(pid) for pid in pids) and not any(path.exists() for path in directories))


def test_two_hundred_resets_leave_as_much_behind_as_none(races: TorcsPool) -> None:
    def held() -> tuple[int, int, int]:
        children = [
            int(pid) for pid in os.listdir("/proc") if pid.isdigit() and parent(int(pid)) in races.pids
        ]
        return (
            len(os.listdir("/proc/self/fd")),
            len(children),
            len(list(Path("/tmp").glob(f"*-{os.getpid()}-*"))),
        )

    races.reset()
    before = held()
    for turn in range(200):
        races.reset(cars=np.array([turn % 3]) if turn % 2 else None)
        races.send(controls(3, turn))
        races.read()
    assert until(1, lambda: held() == before)
    directories = [game.instance.directory for game in races._games if game.instance is not None]
    races.close()
    assert not any(path is None or path.exists() for path in directories)


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return -1


def test_the_backend_offers_it() -> None:
    assert backend.pool is not None
    assert isinstance(backend.pool([options()] * 2), TorcsPool)
