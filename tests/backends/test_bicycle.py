"""The built-in simulator: plausible figures, signs, determinism, circuits, options."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from racegym.errors import ConfigurationError, NotFound, SimulatorLost
from racegym.signals import SIGNALS, Controls, Telemetry
from racegym.simulator import Simulator
from racegym.track import Track
from racegym_bicycle import backend
from racegym_bicycle.circuits import CIRCUITS, circuit
from racegym_bicycle.options import Options

KMH = 1 / 3.6


def make(**options) -> Simulator:
    simulator = backend.build(Options(**options))
    simulator.open()
    return simulator


@pytest.fixture
def plain(monkeypatch) -> Simulator:
    """A car on an endless plain of asphalt, heading along x."""
    points = np.stack([np.arange(0.0, 8000, 4), np.zeros(2000)], axis=1)
    everywhere = Track("plain", points, np.full(2000, 9e3), np.full(2000, 9e3), closed=False)
    monkeypatch.setattr("racegym_bicycle.simulator.circuit", lambda name: everywhere)
    return make()


def drive(simulator: Simulator, seconds: float, gear: int | None = None, until=None, **controls) -> Telemetry:
    """Hold `controls` for `seconds` or until ``until(telemetry)``; change gears up and down when `gear` is None."""
    wanted, box = Controls(simulator.spec.cars), simulator.spec.gearbox
    for name, value in controls.items():
        wanted[name] = value
    wanted["gear"] = 1 if gear is None else gear
    telemetry = None
    for _ in range(round(seconds / simulator.spec.period)):
        simulator.send(wanted)
        telemetry = simulator.read()
        if until and until(telemetry):
            break
        if gear is None:
            now = telemetry["gear"].astype(int)
            up = telemetry["engine_speed"] > np.array(box.up)[now - 1]
            down = telemetry["engine_speed"] < np.array(box.down)[now - 1]
            wanted["gear"] = now + up - down
    assert telemetry is not None
    return telemetry.copy()


def energy(telemetry: Telemetry) -> float:
    return float(1150 * telemetry["speed"][0] ** 2 / 2 + 1500 * telemetry["yaw_rate"][0] ** 2 / 2)


def test_it_accelerates_as_a_gt_car_does(plain):
    plain.reset()
    reached = drive(plain, 10, throttle=1, until=lambda now: now["speed"][0] >= 100 * KMH)
    assert 3 < reached["time"][0] < 4.5
    top = drive(plain, 60, throttle=1)
    assert 260 * KMH < top["speed"][0] < 300 * KMH
    assert top["gear"][0] == 6


def test_it_brakes_as_a_gt_car_does_and_stays_stopped(plain):
    start = plain.reset(options={"speed": 100 * KMH}).copy()
    stopped = drive(plain, 10, gear=0, brake=1, until=lambda now: now["speed"][0] < 0.01)
    assert 25 < stopped["position"][0, 0] - start["position"][0, 0] < 40
    after = drive(plain, 5, gear=0, brake=1)
    assert after["speed"][0] < 1e-9
    assert after["position"][0] == pytest.approx(stopped["position"][0], abs=1e-3)


@pytest.mark.parametrize(("speed", "gear"), [(60, 2), (100, 3), (150, 4), (200, 5)])
def test_it_corners_at_about_one_and_a_half_g(plain, speed, gear):
    sideways = []
    for steer in (0.1, 0.2, 0.3, 0.5):
        plain.reset(options={"speed": speed * KMH})
        sideways.append(drive(plain, 1.5, gear=gear, steer=steer, throttle=0.4)["acceleration"][0, 1] / 9.81)
    assert 1.3 < max(sideways) < 1.65


@pytest.mark.parametrize("steer", [1, -1])
def test_positive_steer_turns_counter_clockwise(plain, steer):
    plain.reset(options={"speed": 10})
    now = drive(plain, 1, gear=2, steer=steer, throttle=0.3)
    for value in (now["yaw_rate"][0], now["yaw"][0], now["position"][0, 1], now["acceleration"][0, 1]):
        assert np.sign(value) == steer
    inner, outer = (0, 1) if steer > 0 else (1, 0)
    assert now["wheel_speeds"][0, inner] < now["wheel_speeds"][0, outer]


def test_crawling_follows_the_wheels_geometry(plain):
    plain.reset()
    now = drive(plain, 6, gear=1, steer=0.5, throttle=0.05)
    assert 0.3 < now["speed"][0] < 4
    assert now["yaw_rate"][0] == pytest.approx(now["speed"][0] * np.tan(0.175) / 2.6, rel=0.1)


def test_reverse_gear_moves_back_and_neutral_nowhere(plain):
    plain.reset()
    back = drive(plain, 2, gear=-1, throttle=0.5)
    assert back["velocity"][0, 0] < -2
    assert back["wheel_speeds"][0].max() < 0
    assert back["gear"][0] == -1
    plain.reset()
    free = drive(plain, 2, gear=0, throttle=1)
    assert free["speed"][0] == 0
    assert free["engine_speed"][0] > 700


def test_too_low_a_gear_does_not_tear_the_engine_apart(plain):
    plain.reset(options={"speed": 75})
    now = drive(plain, 0.2, gear=1)
    assert 1000 < now["engine_speed"][0] <= 1100
    assert now["acceleration"][0, 0] < -3


def test_the_clutch_and_the_hand_brake_act(plain):
    plain.reset()
    assert drive(plain, 1, gear=1, throttle=1, clutch=1)["speed"][0] == 0
    plain.reset(options={"speed": 20})
    assert drive(plain, 1, gear=0, handbrake=1)["speed"][0] < 17


def test_energy_comes_from_the_engine_alone(plain, rng):
    for speed in (5, 20, 60):
        plain.reset(options={"speed": speed})
        before = np.inf
        for _ in range(150):
            now = energy(drive(plain, 0.02, gear=0, steer=rng.uniform(-1, 1), brake=rng.integers(2) * 0.3))
            assert now <= before * (1 + 1e-9) + 1
            before = now


def test_without_aids_wheels_lock_and_spin(plain):
    raw = make(aids=False)
    slip = {}
    for name, simulator in (("aided", plain), ("raw", raw)):
        simulator.reset(options={"speed": 30})
        now = drive(simulator, 0.2, gear=0, brake=1)
        slip[name] = now["wheel_speeds"][0, 0] * 0.33 / now["velocity"][0, 0]
    assert slip["raw"] < 0.8 < slip["aided"]


def test_the_same_seed_and_controls_give_the_same_bits(rng):
    actions = rng.uniform(-1, 1, (300, 3, 4))
    runs = []
    for _ in range(2):
        simulator = make(cars=3, track="knot", scatter=1.0)
        simulator.reset(seed=7)
        runs.append([act(simulator, action).block.copy() for action in actions])
    assert np.array_equal(runs[0], runs[1], equal_nan=True)


@pytest.mark.parametrize("cars", [2, 5, 64])
def test_a_row_of_many_cars_is_the_car_alone(rng, cars):
    actions = rng.uniform(-1, 1, (200, 1, 4))
    one, many = make(track="meadow"), make(track="meadow", cars=cars)
    one.reset(options={"speed": 20})
    many.reset(options={"speed": 20})
    for action in actions:
        alone = act(one, action).block
        together = act(many, np.repeat(action, cars, axis=0)).block
        assert np.array_equal(np.repeat(alone, cars, axis=0), together, equal_nan=True)


def test_nothing_blows_up_under_random_controls(rng):
    simulator = make(cars=20, track="harbour", aids=False, damage=False)
    simulator.reset(seed=0, options={"scatter": 1.0})
    held = rng.uniform(-1, 1, (20, 4))
    for i in range(1000):
        held = np.where(rng.random((20, 1)) < 0.1, rng.uniform(-1, 1, (20, 4)), held)
        telemetry = act(simulator, held)
        if i % 20 == 0:
            for name in simulator.spec.signals:
                signal, value = SIGNALS[name], telemetry[name]
                assert np.all((value >= signal.low) & (value <= signal.high)), name


def test_grass_slows():
    simulator = make(track="oval", walls=False)
    speeds = []
    for offset in (0, 1.6):
        simulator.reset(options={"speed": 30, "offset": offset})
        speeds.append(drive(simulator, 1, gear=0)["speed"][0])
    assert speeds[1] < speeds[0] - 1
    assert speeds[0] > 29


def test_a_wall_stops_damages_and_at_last_wrecks():
    simulator = make(track="oval")
    simulator.reset(options={"speed": 60, "heading": 1.2})
    hit = drive(simulator, 3, gear=0, until=lambda now: now["collision"][0] == 1)
    assert hit["collision"][0] == 1
    assert hit["damage"][0] > 1
    found = circuit("oval").locate(hit["position"][:, :2])
    assert found.offset[0] <= found.width_left[0] + 6
    wreck = drive(simulator, 5, gear=0)
    assert drive(simulator, 2, gear=-1, throttle=1)["speed"][0] <= wreck["speed"][0]
    assert simulator.reset()["damage"][0] == 0


def test_walls_and_damage_can_be_left_out():
    for options in ({"walls": False}, {"damage": False}):
        simulator = make(track="oval", **options)
        simulator.reset(options={"speed": 60, "heading": 1.2})
        assert drive(simulator, 2, gear=0)["damage"][0] == 0


def test_reset_touches_the_wanted_rows_only(rng):
    simulator = make(cars=4, scatter=1.0)
    simulator.reset(seed=1)
    before = [act(simulator, rng.uniform(-1, 1, (4, 4))).block.copy() for _ in range(10)][-1]
    telemetry = simulator.reset(seed=2, cars=np.array([1, 3]))
    assert np.array_equal(telemetry.block[[0, 2]], before[[0, 2]], equal_nan=True)
    assert np.all(telemetry["time"][[1, 3]] == 0)
    again = make(cars=2, scatter=1.0).reset(seed=2)
    assert np.array_equal(telemetry.block[[1, 3]], again.block, equal_nan=True)


def test_a_sequence_of_seeds_starts_each_row_as_that_seed_alone():
    together = make(cars=3, scatter=1.0).reset(seed=[4, 5, 6]).block
    for row, seed in enumerate((4, 5, 6)):
        assert np.array_equal(together[row], make(scatter=1.0).reset(seed=seed).block[0], equal_nan=True)


def test_promised_signals_are_there_from_the_first_moment_and_no_others():
    simulator = make(cars=2)
    telemetry = simulator.reset()
    there = {name for name in SIGNALS if not np.isnan(telemetry[name]).any()}
    assert there == simulator.spec.signals
    assert np.all(telemetry["time"] == 0)


def test_applied_controls_are_clipped():
    simulator = make()
    wanted = Controls(1)
    for name in ("steer", "throttle", "brake", "clutch", "gear"):
        wanted[name] = 9
    applied = simulator.send(wanted)
    assert [applied[name][0] for name in ("steer", "throttle", "brake", "clutch", "gear")] == [1, 1, 1, 1, 6]


@pytest.mark.parametrize("name", CIRCUITS)
def test_every_circuit_closes_smoothly(name):
    track = circuit(name)
    steps = np.hypot(*(np.roll(track.points, -1, axis=0) - track.points).T)
    assert steps.max() < 2.01
    assert np.abs(track.curvature).max() < 1 / 10
    total = track.headings[-1] - track.headings[0] + track.curvature[-1] * steps[-1]
    assert abs(total) == pytest.approx(0 if name == "knot" else 2 * np.pi, abs=0.05)
    assert set(backend.courses()) == set(CIRCUITS)


def test_a_wrong_name_gets_a_suggestion():
    with pytest.raises(NotFound, match=r"no circuit named 'ovel'; did you mean 'oval'\?.*switchback"):
        backend.build(Options(track="ovel"))


def test_wrong_options_are_named():
    with pytest.raises(ValidationError, match="cars"):
        Options(cars=0)
    with pytest.raises(ConfigurationError, match=r"reset options: sped: .* there are distance"):
        make().reset(options={"sped": 3})


def test_a_closed_simulator_says_so():
    simulator = make()
    simulator.close()
    simulator.close()
    assert simulator.track is None
    with pytest.raises(SimulatorLost, match=r"open\(\)"):
        simulator.read()


def act(simulator: Simulator, action: np.ndarray) -> Telemetry:
    """One period under `action` ``(cars, 4)``: steer, pedals, gear, hand brake, each in [-1, 1]."""
    wanted = Controls(len(action))
    wanted["steer"] = action[:, 0]
    wanted["throttle"] = np.maximum(action[:, 1], 0)
    wanted["brake"] = np.maximum(-action[:, 1], 0)
    wanted["gear"] = np.round(action[:, 2] * 3.5 + 2.5)
    wanted["handbrake"] = action[:, 3] > 0.8
    simulator.send(wanted)
    return simulator.read()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)
