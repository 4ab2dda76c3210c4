"""The real game over shared memory: the same to the last bit, snapshots, starts, and what is left when a side dies."""

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
from pydantic import ValidationError

from racegym.errors import BackendUnavailable, ConfigurationError, SimulatorLost
from racegym.signals import SIGNALS, Controls
from racegym.simulator import Snapshots
from racegym_torcs import exchange, mapping, speed
from racegym_torcs.install import requirements
from racegym_torcs.options import TorcsOptions
from racegym_torcs.shared import Shared
from racegym_torcs.simulator import Torcs

OWNER = """
import sys
from racegym.signals import Controls
from racegym_torcs import backend
simulator = backend.build(backend.options())
simulator.open()
simulator.reset()
for _ in range(3):
    simulator.save()
    simulator.send(Controls(1))
    simulator.read()
print(simulator.pid, simulator._game.directory, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def _torcs() -> None:
    for line in requirements():
        assert line.met, f"{line.name} is missing; run: {line.remedy}"


def opened(**options: object) -> Torcs:
    simulator = Torcs(TorcsOptions.model_validate(options))
    simulator.open()
    return simulator


@pytest.fixture
def race(request: pytest.FixtureRequest) -> Iterator[Torcs]:
    simulator = opened(**getattr(request, "param", {}))
    yield simulator
    simulator.close()


def options(**values: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("race", [values], indirect=True, ids=[" ".join(values)])


def drive(simulator: Torcs, steps: int, first: int = 0) -> np.ndarray:
    """Blocks of telemetry of `steps` steps, with controls that depend on the number of the step alone."""
    controls = Controls(simulator.spec.cars)
    controls["throttle"] = 0.6
    blocks = []
    for step in range(first, first + steps):
        controls["steer"] = 0.2 * np.sin(step / 20)
        simulator.send(controls)
        blocks.append(simulator.read().block.copy())
    return np.array(blocks)


def processes(pid: int) -> list[int]:
    """Children of process `pid` that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            own, _, rest = path.read_text().partition(" ")
        except OSError:
            continue
        condition, parent = rest.rpartition(") ")[2].split()[:2]
        if parent == str(pid) and condition not in "ZX":
            found.append(int(own))
    return found


def until(seconds: float, done) -> bool:
    """Whether `done()` becomes true within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
    return False


def driver(simulator: Torcs) -> int:
    """Process id of who drives now."""
    transport = simulator._game.transport
    assert isinstance(transport, Shared)
    assert transport.mapping is not None
    return transport.mapping.headers[0].driver


def keeper(simulator: Torcs) -> int:
    assert simulator.pid is not None
    return simulator.pid


# Lockstep


def test_five_races_are_the_same_to_the_last_bit(race: Torcs) -> None:
    races = []
    for _ in range(4):
        start = race.reset().block.copy()
        races.append(np.concatenate([start[None], drive(race, 500)]))
    other = opened()
    start = other.reset().block.copy()
    races.append(np.concatenate([start[None], drive(other, 500)]))
    other.close()
    for again in races[1:]:
        np.testing.assert_array_equal(again, races[0])


@options(cars=2)
def test_both_transports_tell_the_same(race: Torcs) -> None:
    udp = opened(cars=2, transport="udp")
    histories = []
    for simulator in (race, udp):
        start = simulator.reset().block.copy()
        histories.append(np.concatenate([start[None], drive(simulator, 500)]))
    udp.close()
    assert race.spec.signals == udp.spec.signals
    for name in race.spec.signals:
        columns = SIGNALS.columns(name)
        ours, theirs = (history[:, :, columns] for history in histories)
        np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5, err_msg=name)


@options(ticks_per_step=7)
def test_ticks_that_the_game_drives_by_itself_are_ticks_like_all_others(race: Torcs) -> None:
    race.reset()
    strides = drive(race, 60)
    single = opened()
    single.reset()
    controls = Controls(1)
    controls["throttle"] = 0.6
    collision = SIGNALS.columns("collision").start
    for step in range(60):
        controls["steer"] = 0.2 * np.sin(step / 20)
        touched = 0.0
        for _ in range(7):
            single.send(controls)
            now = single.read().block.copy()
            touched = max(touched, now[0, collision])
        now[0, collision] = touched
        np.testing.assert_array_equal(strides[step], now)
    assert strides[:, 0, collision].any()
    single.close()


def test_a_snapshot_protocol_is_announced_and_kept(race: Torcs) -> None:
    assert race.spec.snapshots
    assert isinstance(race, Snapshots)
    udp = opened(transport="udp")
    assert not udp.spec.snapshots
    udp.reset()
    with pytest.raises(ConfigurationError, match="transport: shared"):
        udp.save()
    udp.close()


# Snapshots


def test_what_follows_a_snapshot_follows_it_again_to_the_last_bit(race: Torcs) -> None:
    race.reset()
    drive(race, 150)
    moment = race.read().block.copy()
    snapshot = race.save()
    after = drive(race, 300, 150)
    for _ in range(5):
        np.testing.assert_array_equal(race.restore(snapshot).block, moment)
        np.testing.assert_array_equal(drive(race, 300, 150), after)


def test_several_snapshots_outlive_each_other_and_the_race(race: Torcs) -> None:
    race.reset()
    early = race.save()
    from_start = drive(race, 100)
    late = race.save()
    from_late = drive(race, 100, 100)
    race.restore(early)
    np.testing.assert_array_equal(drive(race, 100), from_start)
    race.reset()
    race.restore(late)
    np.testing.assert_array_equal(drive(race, 100, 100), from_late)
    race.release(late)
    race.restore(early)
    between = race.save()
    drive(race, 10)
    race.restore(between)
    np.testing.assert_array_equal(drive(race, 100), from_start)


def test_a_released_snapshot_is_no_process_and_not_restored(race: Torcs) -> None:
    race.reset()
    snapshots = [race.save() for _ in range(20)]
    assert len(processes(keeper(race))) == 21
    for snapshot in snapshots:
        race.release(snapshot)
        race.release(snapshot)
    assert until(1, lambda: len(processes(keeper(race))) == 1)
    with pytest.raises(ConfigurationError, match="released"):
        race.restore(snapshots[0])
    drive(race, 10)


@options(laps=1, track="oval/a-speedway", start={"distance": -30.0, "speed": 50.0})
def test_a_race_that_is_over_is_restored_and_restarted_without_another_game(race: Torcs) -> None:
    controls = Controls(1)
    controls["throttle"] = 1
    for _ in range(2):
        now = race.reset()
        pid, snapshot = keeper(race), race.save()
        for _ in range(30_000):
            speed, gear = now["speed"][0], now["gear"][0]
            shift = now["engine_speed"][0] > 800
            controls["gear"] = max(gear + shift, 1)
            controls["throttle"] = 0.6 if speed < 55 else 0
            controls["steer"] = -0.8 * now["heading_error"] - 0.1 * now["track_position"]
            race.send(controls)
            now = race.read()
            if now["finished"][0]:
                break
        assert now["finished"] == 1
        for _ in range(200):
            race.send(controls)
            assert race.read()["finished"] == 1
        assert race.restore(snapshot)["finished"] == 0
        assert keeper(race) == pid


def test_a_snapshot_of_a_game_that_is_gone_is_refused(race: Torcs) -> None:
    race.reset()
    snapshot = race.save()
    os.kill(keeper(race), signal.SIGKILL)
    race.reset()
    with pytest.raises(ConfigurationError, match="gone"):
        race.restore(snapshot)
    race.release(snapshot)


# Starts


@pytest.mark.parametrize("transport", ["shared", "udp"])
@pytest.mark.parametrize(
    "start",
    [
        {"distance": 500.0},
        {"distance": -20.0, "speed": 30.0},
        {"distance": 1250.0, "offset": 0.5, "heading": -0.1, "speed": 20.0},
        {"distance": 2.0, "offset": -0.9, "speed": 60.0},
    ],
    ids=str,
)
def test_a_car_starts_where_and_as_fast_as_asked(transport: str, start: dict[str, float]) -> None:
    simulator = opened(transport=transport)
    now = simulator.reset(options={"start": start}).copy()
    assert simulator.track is not None
    length = simulator.track.length
    for _ in range(2):
        speed = start.get("speed", 0)
        heading = start.get("heading", 0)
        assert now["lap_distance"] == pytest.approx(start["distance"] % length + now["distance"], abs=0.1)
        assert now["distance"] == pytest.approx(speed * np.cos(heading) * now["time"], abs=0.05)
        assert now["track_position"] == pytest.approx(start.get("offset", 0), abs=0.06)
        assert now["heading_error"] == pytest.approx(heading, abs=0.02)
        assert now["speed"] == pytest.approx(speed, abs=0.3)
        assert now["velocity"][0, 2] == pytest.approx(0, abs=0.15 * speed + 0.1)
        assert now["height"] == pytest.approx(0.345, abs=0.02)
        assert now["damage"] == now["collision"] == now["laps"] == 0
        controls = Controls(1)
        controls["gear"] = now["gear"]
        simulator.send(controls)
        now = simulator.read().copy()
    simulator.close()


@options(start={"distance": "anywhere", "offset": (-0.5, 0.5), "heading": [-0.1, 0.1], "speed": (5.0, 30.0)})
def test_a_seed_decides_the_starts_and_all_that_follows(race: Torcs) -> None:
    assert race.track is not None

    def places(seed: int) -> np.ndarray:
        return np.array([race.reset(seed if i == 0 else None).block.copy() for i in range(8)])

    np.testing.assert_array_equal(places(3), places(3))
    first, other = places(3), places(4)
    for name, low, high in (
        ("lap_distance", 0, race.track.length),
        ("track_position", -0.5, 0.5),
        ("speed", 5, 30),
    ):
        columns = SIGNALS.columns(name)
        values = np.concatenate([first, other])[:, 0, columns]
        assert len(np.unique(values)) == 16
        assert (values >= low).all()
        assert (values <= high).all()
    np.testing.assert_array_equal(first, places(3))
    race.reset(3)
    drawn = drive(race, 50)
    race.reset(3)
    np.testing.assert_array_equal(drive(race, 50), drawn)


@options(cars=3, grid={"between": 12.0})
def test_several_cars_follow_each_other_from_a_start(race: Torcs) -> None:
    now = race.reset(options={"start": {"distance": 1000.0, "speed": 20.0}})
    np.testing.assert_allclose(now["lap_distance"], [1000, 988, 976], atol=0.01)
    drive(race, 5)
    assert race.read()["damage"].max() == 0


def test_a_start_of_one_episode_is_not_that_of_the_next(race: Torcs) -> None:
    grid = race.reset().block.copy()
    race.reset(options={"start": 700.0})
    np.testing.assert_array_equal(race.reset().block, grid)


@pytest.mark.parametrize(
    "start", [{"distance": 99_999.0}, {"offset": 2.0}, {"speed": (30.0, 5.0)}, {"sped": 3}, "there"]
)
def test_a_start_that_cannot_be_is_refused(race: Torcs, start: object) -> None:
    with pytest.raises(ConfigurationError, match="start"):
        race.reset(options={"start": start})
    race.reset()


def test_options_that_make_no_start_are_refused() -> None:
    for bad in (
        {"connect": "localhost:3001", "start": 5.0},
        {"countdown": True, "start": {"speed": (0.0, 9.0)}},
    ):
        with pytest.raises(ValidationError):
            TorcsOptions.model_validate(bad)


# What dies, and what is left


@pytest.mark.parametrize("victim", [keeper, driver])
def test_a_killed_process_is_noticed_within_100_ms(race: Torcs, victim) -> None:
    race.reset()
    drive(race, 5)
    race.save()
    old = keeper(race)
    os.kill(victim(race), signal.SIGKILL)
    began = time.monotonic()
    with pytest.raises(SimulatorLost):
        drive(race, 10_000)
    assert time.monotonic() - began < 0.15
    assert until(1, lambda: not processes(old))
    assert race.reset()["time"] == 0


@options(deadlines={"step": 0.3, "reset": 0.3})
@pytest.mark.parametrize("victim", [keeper, driver])
def test_a_stopped_process_is_a_timeout_and_another_game_starts(race: Torcs, victim) -> None:
    race.reset()
    race.save()
    old = keeper(race)
    os.kill(victim(race), signal.SIGSTOP)
    if victim is driver:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            drive(race, 100)
        assert 0.25 < time.monotonic() - began < 0.6
    else:
        drive(race, 10)
    assert race.reset()["time"] == 0
    assert keeper(race) != old
    assert not processes(old)


def test_a_killed_owner_leaves_no_process_and_no_directory_even_with_snapshots() -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "backends")])}
    shared = set(os.listdir("/dev/shm"))
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as owner:
        assert owner.stdout is not None
        pid, directory = owner.stdout.readline().split()
        children = processes(int(pid))
        assert len(children) == 4
        owner.kill()
        owner.wait()
        left = [Path("/proc", own, "stat") for own in (pid, *map(str, children))]
        assert until(2, lambda: all(_ended(path) for path in left))
        assert until(1, lambda: not Path(directory).exists())
        assert set(os.listdir("/dev/shm")) <= shared


def _ended(path: Path) -> bool:
    try:
        return path.read_text().rpartition(") ")[2][0] in "ZX"
    except OSError:
        return True


def test_close_ends_the_snapshots_too(race: Torcs) -> None:
    race.reset()
    race.save()
    children = processes(keeper(race))
    race.close()
    assert until(1, lambda: all(_ended(Path("/proc", str(own), "stat")) for own in children))


def test_three_hundred_resets_and_snapshots_leave_nothing_behind(race: Torcs) -> None:
    def open_files() -> list[int]:
        return [len(os.listdir(f"/proc/{pid}/fd")) for pid in (os.getpid(), keeper(race), driver(race))]

    race.reset()
    before, memory = open_files(), _resident(keeper(race))
    for _ in range(300):
        race.reset()
        snapshot = race.save()
        drive(race, 2)
        race.restore(snapshot)
        race.release(snapshot)
    assert open_files() == before
    assert until(1, lambda: len(processes(keeper(race))) == 1)
    assert _resident(keeper(race)) < memory + 200


def _resident(pid: int) -> int:
    """kB in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_games_that_come_and_go_leave_no_memory_mapped() -> None:
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count("memfd:racegym-torcs")

    simulator = Torcs(TorcsOptions())
    for _ in range(5):
        simulator.open()
        simulator.reset()
        assert mapped() == 1
        simulator.close()
        assert mapped() == 0


@pytest.mark.parametrize("broken", ["version", "layout"])
def test_a_robot_of_another_layout_is_named(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    if broken == "version":
        monkeypatch.setattr(mapping, "VERSION", mapping.VERSION + 1)
    else:
        text = mapping.layout().replace("yaw_rate", "spin_rate")
        monkeypatch.setattr(mapping, "layout", lambda: text)
    with pytest.raises(BackendUnavailable, match="racegym torcs install"):
        opened()


# Speed


def test_a_game_keeps_to_one_core_and_we_keep_ours(race: Torcs) -> None:
    before = os.sched_getaffinity(0)
    race.reset()
    drive(race, 300)
    assert os.sched_getaffinity(0) == before
    cores = os.sched_getaffinity(driver(race))
    assert len(cores) == 1
    assert cores <= before
    race.close()
    assert os.sched_getaffinity(0) == before


@options(placement="none", spin=50)
def test_a_game_may_go_anywhere_and_spin(race: Torcs) -> None:
    race.reset()
    assert os.sched_getaffinity(driver(race)) == os.sched_getaffinity(0)
    drive(race, 50)


def test_games_by_themselves_and_with_a_client_are_measured() -> None:
    assert all(measure() > 0 for measure in speed.raw("road/aalborg").values())


def test_a_missing_exchange_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange.native, "library", lambda *_: None)
    with pytest.raises(BackendUnavailable, match="exchange.c is not built.*racegym torcs install"):
        Torcs(TorcsOptions()).open()


def test_controls_of_another_shape_never_reach_the_game(race: Torcs) -> None:
    race.reset()
    for wrong in (Controls(2), Controls(1, Controls(2).block.T.copy().T[:1])):
        with pytest.raises(ValueError, match="one piece of shape"):
            race.send(wrong)
