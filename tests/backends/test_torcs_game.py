"""The real game: the contract, determinism, several cars, the end of a race, what is left when one side dies.

These tests want TORCS: without it they fail, and say what installs it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from racegym.errors import BackendUnavailable, ConfigurationError, InvalidAction, SimulatorLost
from racegym.signals import SIGNALS, Controls
from racegym.simulator import Simulator
from racegym.testing import SimulatorContract
from racegym_torcs import catalogue, launch
from racegym_torcs.classic import SIGNALS_WORKED_OUT
from racegym_torcs.install import requirements
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs
from racegym_torcs.start import Start

OWNER = """
import os, sys
from racegym.signals import SIGNALS, Controls
from racegym_torcs import backend
simulator = backend.build(backend.options())
simulator.open()
simulator.reset()
simulator.send(Controls(1))
simulator.read()
if not {fork} or os.fork():
    print(simulator.pid, simulator._game.directory, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def _torcs() -> None:
    for line in requirements():
        assert line.met, f"{line.name} is missing; run: {line.remedy}"


@pytest.fixture
def race(request: pytest.FixtureRequest) -> Iterator[Torcs]:
    simulator = Torcs(TorcsOptions.model_validate(getattr(request, "param", {})))
    simulator.open()
    yield simulator
    simulator.close()


def options(**values: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("race", [values], indirect=True, ids=[" ".join(values)])


def drive(simulator: Simulator, steps: int, steer: float = 0.0, throttle: float = 0.5) -> np.ndarray:
    """Blocks of telemetry after a reset and each of `steps` steps."""
    controls = Controls(simulator.spec.cars)
    controls["throttle"] = throttle
    blocks = [simulator.reset().block.copy()]
    for step in range(steps):
        controls["steer"] = steer * np.sin(step / 20)
        simulator.send(controls)
        blocks.append(simulator.read().block.copy())
    return np.array(blocks)


def drive_on(simulator: Simulator) -> None:
    """Steps without a reset."""
    for _ in range(1000):
        simulator.read()
        simulator.send(Controls(1))


def gone(pid: int, seconds: float) -> bool:
    """Whether process `pid`, and every child of it, is gone within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not running(pid):
            return True
    return False


def running(pid: int) -> list[str]:
    """Processes that are `pid` or a child of it and not dead."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            own, _, rest = path.read_text().partition(" ")
        except OSError:
            continue
        condition, parent = rest.rpartition(") ")[2].split()[:2]
        if str(pid) in (own, parent) and condition not in "ZX":
            found.append(own)
    return found


class TestTorcs(SimulatorContract):
    def simulator(self) -> Simulator:
        return Torcs(TorcsOptions())

    def kill(self, simulator: Simulator) -> None:
        assert isinstance(simulator, Torcs)
        assert simulator.pid is not None
        os.kill(simulator.pid, signal.SIGKILL)


def test_a_thousand_ticks_are_the_same_twice_and_in_another_process(race: Torcs) -> None:
    first, again = drive(race, 1000, steer=0.2), drive(race, 1000, steer=0.2)
    np.testing.assert_array_equal(first, again)
    other = Torcs(TorcsOptions())
    other.open()
    np.testing.assert_array_equal(first, drive(other, 1000, steer=0.2))
    other.close()


@options(noise={})
def test_a_seed_decides_the_noise(race: Torcs) -> None:
    def beams(seed: int | None) -> list[float]:
        return race.reset(seed=seed)["rangefinders"][0].tolist()

    assert beams(1) == beams(1)
    assert len({tuple(beams(seed)) for seed in (1, 2, None, None)}) == 4


def test_ticks_are_20_ms_to_the_last_digit(race: Torcs) -> None:
    times = drive(race, 500)[:, 0, 0]
    np.testing.assert_allclose(np.diff(times), 0.02, atol=1e-8)


@options(ticks="original", ticks_per_step=3)
def test_original_ticks_are_20_or_22_ms(race: Torcs) -> None:
    steps = np.diff(drive(race, 100)[:, 0, 0])
    assert ((steps > 0.0599) & (steps < 0.0661)).all()
    assert steps.max() > 0.0615


@options(ticks_per_step=25)
def test_a_touch_in_any_tick_is_a_touch_in_the_step(race: Torcs) -> None:
    history = drive(race, 60, throttle=1.0)
    collision = history[:, 0, SIGNALS.columns("collision").start]
    assert set(collision) == {0, 1}


@options(cars=10, opponents=["bt:3"], grid={"rows": 2})
def test_ten_cars_share_a_race_in_lockstep(race: Torcs) -> None:
    race.reset()
    controls = Controls(10)
    controls["throttle"] = np.linspace(0, 1, 10)
    for _ in range(150):
        race.send(controls)
        now = race.read()
    assert len(set(now["time"])) == 1
    assert now["race_position"].tolist() == list(range(1, 11)), (
        "they stand 10 m apart, in the order of the grid"
    )
    assert now["distance"][9] > now["distance"][0] + 5
    assert now["opponents"].min() < 30


@options(cars=2)
def test_cars_of_one_race_are_not_reset_apart(race: Torcs) -> None:
    with pytest.raises(ConfigurationError):
        race.reset(cars=np.array([1]))
    assert race.reset(cars=np.array([1, 0]))["time"].tolist() == [0, 0]


@options(laps=1, track="oval/a-speedway", start=1850.0)
def test_a_finished_race_keeps_its_last_row_and_starts_again(race: Torcs) -> None:
    for _ in range(2):
        assert race.reset()["lap_distance"] == pytest.approx(1850, abs=1)
        controls = Controls(1)
        controls["throttle"] = 0.6
        for _ in range(20_000):
            controls["gear"] = 3
            controls["steer"] = race._raw["heading_error"] * -0.8 - race._raw["track_position"] * 0.1
            race.send(controls)
            now = race.read()
            if now["finished"][0]:
                break
        assert now["finished"] == 1
        assert now["laps"] == 1
        for _ in range(200):
            race.send(controls)
            last = race.read()
        assert last["finished"] == 1
        assert last["distance"] >= now["distance"]


@options(start=500.0, track="wheel-2")
def test_a_start_anywhere_on_a_track_with_a_grid_of_its_own(race: Torcs) -> None:
    assert race.reset()["lap_distance"] == pytest.approx(500, abs=1)


@pytest.mark.parametrize(
    "track", ["dirt/dirt-1", "oval/michigan", "road/alpine-2", "road/corkscrew", "road/street-1"]
)
def test_tracks_of_every_kind_start(track: str) -> None:
    simulator = Torcs(TorcsOptions(track=track))
    simulator.open()
    now = simulator.reset()
    assert simulator.track is not None
    where = simulator.track.locate(now["position"][:, :2])
    half = (where.width_left + where.width_right) / 2
    offset = (where.offset - (where.width_left - where.width_right) / 2) / half
    np.testing.assert_allclose(offset, now["track_position"], atol=0.02)
    ahead = (where.station - now["lap_distance"]) / simulator.track.length
    np.testing.assert_allclose(ahead - np.rint(ahead), 0, atol=1e-3)
    assert track in catalogue.tracks()
    simulator.close()


@pytest.mark.parametrize("car", ["car1-ow1", "p406"])
def test_the_chosen_car_is_driven(car: str) -> None:
    simulator = Torcs(TorcsOptions(car=car))
    simulator.open()
    fuel = simulator.reset()["fuel"][0]
    assert fuel == {"car1-ow1": 100, "p406": 50}[car]
    simulator.close()


def test_controls_that_are_not_numbers_are_refused(race: Torcs) -> None:
    race.reset()
    controls = Controls(1)
    controls["steer"] = np.nan
    with pytest.raises(InvalidAction):
        race.send(controls)


def test_a_start_beyond_the_track_is_refused() -> None:
    simulator = Torcs(TorcsOptions(start=50_000.0))
    with pytest.raises(ConfigurationError, match="50000 m is beyond road/aalborg"):
        simulator.open()


def test_reset_before_open_says_so() -> None:
    with pytest.raises(BackendUnavailable, match=r"open\(\)"):
        Torcs(TorcsOptions()).reset()


def test_a_killed_game_is_lost_within_100_ms_and_the_next_reset_recovers(race: Torcs) -> None:
    drive(race, 10)
    race.send(Controls(1))
    assert race.pid is not None
    os.kill(race.pid, signal.SIGKILL)
    began = time.monotonic()
    with pytest.raises(SimulatorLost, match="signal 9|closed its port"):
        drive_on(race)
    assert time.monotonic() - began < 0.2
    assert race.reset()["time"] == 0


def test_an_interrupt_from_the_keyboard_leaves_the_game_running(race: Torcs) -> None:
    drive(race, 10)
    assert race.pid is not None
    os.kill(race.pid, signal.SIGINT)
    drive(race, 100)


@options(track="oval/a-speedway", damage=5.0, start=50.0)
def test_a_wrecked_car_reports_all_of_its_damage_and_the_race_starts_again(race: Torcs) -> None:
    race.reset()
    controls = Controls(1)
    controls["throttle"], controls["steer"] = 1, 0.02
    for step in range(6000):
        controls["gear"] = -1 if step // 150 % 2 else 2
        race.send(controls)
        now = race.read()
        if now["damage"] == 1:
            break
    assert now["damage"] == 1
    assert race.reset()["damage"] == 0


def test_a_stopped_game_is_a_timeout_and_close_still_ends_it() -> None:
    simulator = Torcs(TorcsOptions.model_validate({"deadlines": {"step": 0.2, "close": 0.2}}))
    simulator.open()
    simulator.reset()
    pid = simulator.pid
    assert pid is not None
    for own in running(pid):
        os.kill(int(own), signal.SIGSTOP)
    simulator.send(Controls(1))
    with pytest.raises(TimeoutError):
        simulator.read()
    simulator.close()
    assert gone(pid, 2)


@pytest.mark.parametrize("fork", [False, True], ids=["alone", "with a forked child that lives on"])
def test_a_killed_owner_leaves_no_process_and_no_directory(fork: bool) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "backends")])}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER.format(fork=fork)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as owner:
        assert owner.stdout is not None
        pid, directory = owner.stdout.readline().split()
        assert running(int(pid))
        owner.kill()
        owner.wait()
        assert gone(int(pid), 2)
        assert not Path(directory).exists()


def test_a_server_that_runs_already_is_driven_by_the_classic_protocol(race: Torcs) -> None:
    instance = Start(TorcsOptions()).instance()
    server = Torcs(TorcsOptions(connect=f"127.0.0.1:{instance.port(0, time.monotonic() + 5)}"))
    server.open()
    for _ in range(2):
        ours, theirs = drive(race, 200, steer=0.1), drive(server, 200, steer=0.1)
        for name in server.spec.signals - set(SIGNALS_WORKED_OUT):
            columns = SIGNALS.columns(name)
            np.testing.assert_allclose(theirs[1:, 0, columns], ours[1:, 0, columns], 1e-5, 1e-5, err_msg=name)
    server.close()
    instance.close(3)


def test_two_games_side_by_side_do_not_meet(race: Torcs) -> None:
    other = Torcs(TorcsOptions())
    other.open()
    alone = drive(race, 50)
    race.reset()
    other.reset()
    controls = Controls(1)
    controls["throttle"] = 0.5
    for _ in range(50):
        for simulator in (race, other):
            simulator.send(controls)
        now = [simulator.read().block.copy() for simulator in (race, other)]
    np.testing.assert_array_equal(now[0], alone[-1])
    np.testing.assert_array_equal(now[1], alone[-1])
    other.close()


def test_directories_of_dead_owners_are_swept_and_those_of_the_living_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = subprocess.Popen(["true"])
    dead.wait()
    stale, ours = tmp_path / f"racegym-torcs-{dead.pid}-x", tmp_path / f"racegym-torcs-{os.getpid()}-x"
    for path in (stale, ours):
        (path / "program").mkdir(parents=True)
    launch.sweep()
    assert not stale.exists()
    assert ours.exists()
