"""Derived sensors, against a circuit and a course whose answers can be told by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from racegym.errors import ConfigurationError
from racegym.sensors import Sensors
from racegym.signals import SIGNALS, Telemetry
from racegym.simulator import Gearbox, SimulatorSpec
from racegym.track import Track

POSE = frozenset({"time", "position", "yaw", "velocity"})
LENGTH = 800.0
LAP_SIGNALS = ("distance", "lap_distance", "laps", "lap_time", "last_lap_time", "best_lap_time")


def rectangle(elevation: float = 0.0) -> Track:
    """300 m by 100 m, anticlockwise, 6 m to the left edge and 4 m to the right, from the middle of the south side."""
    corners = np.array([(0, 0), (150, 0), (150, 100), (-150, 100), (-150, 0), (0, 0)], dtype=float)
    sides = itertools.pairwise(corners)
    points = np.concatenate(
        [np.linspace(a, b, int(np.abs(b - a).sum() / 10), endpoint=False) for a, b in sides]
    )
    n = len(points)
    return Track("rectangle", points, np.full(n, 6.0), np.full(n, 4.0), elevation=np.full(n, elevation))


def straight(length: float = 500.0) -> Track:
    x = np.arange(0, length + 1, 10.0)
    return Track(
        "straight", np.stack([x, 0 * x], axis=1), np.full(len(x), 5.0), np.full(len(x), 5.0), closed=False
    )


def spec(signals: frozenset[str] = POSE, cars: int = 1, **more: object) -> SimulatorSpec:
    gearbox = Gearbox(up=(np.inf,), down=(0.0,))
    return SimulatorSpec(
        "fake/oval", 0.1, signals, frozenset(), gearbox, **{"cars": cars, "track": True} | more
    )


class Ride:
    """Cars placed at will on a track, and their sensors."""

    def __init__(self, *wanted: str, track: Track | None = None, cars: int = 1, **more: object) -> None:
        self.track = track or rectangle()
        self.sensors = Sensors(spec(cars=cars), wanted, **more)
        self.sensors.open(self.track)
        self.now = Telemetry(cars)

    def put(self, course: object, time: float = 0.0, offset: object = 0.0, turned: object = 0.0) -> None:
        """Cars `course` metres along, `offset` m to the left, `turned` rad to the left."""
        place = self.track.at(np.broadcast_to(np.asarray(course, float), (self.now.cars,)))
        self.now["time"] = time
        self.now["position"][:, 0] = place.x - np.sin(place.heading) * offset
        self.now["position"][:, 1] = place.y + np.cos(place.heading) * offset
        self.now["position"][:, 2] = place.elevation
        self.now["yaw"] = (place.heading + turned + np.pi) % (2 * np.pi) - np.pi
        self.now["velocity"] = 0.0

    def reset(self, course: object, rows: np.ndarray | None = None, **where: object) -> Telemetry:
        self.put(course, **where)
        self.sensors.reset(self.now, rows)
        return self.now

    def step(self, course: object, time: float = 0.0, **where: object) -> Telemetry:
        before = self.now.copy()
        self.put(course, time, **where)
        self.sensors.derive(before, self.now)
        return self.now

    def along(self, start: float, end: float, speed: float, since: float = 0.0, period: float = 0.3) -> float:
        """Steps at constant speed from course `start` to just beyond `end`; the time then."""
        steps = int(np.ceil(abs(end - start) / speed / period))
        for i in range(1, steps + 1):
            self.step(start + np.sign(end - start) * speed * period * i, since + period * i)
        return since + period * steps


# position across the track


@pytest.mark.parametrize(("offset", "position"), [(6, 1.0), (1, 0.0), (-4, -1.0), (0, -0.2), (11, 2.0)])
def test_track_position_is_plus_one_at_the_left_edge_and_minus_one_at_the_right(
    offset: float, position: float
) -> None:
    ride = Ride("track_position")
    assert ride.reset(40, offset=offset)["track_position"] == pytest.approx(position)


@pytest.mark.parametrize("course", [40, 200, 400, 600, 760])
@pytest.mark.parametrize("turned", [0.0, 0.3, -0.3, 3.1, -3.1])
def test_heading_error_is_yaw_minus_the_tracks_direction(course: float, turned: float) -> None:
    ride = Ride("heading_error")
    assert ride.reset(course, turned=turned)["heading_error"] == pytest.approx(turned)


def test_the_car_is_off_the_track_beyond_its_edges() -> None:
    ride = Ride("off_track", cars=4)
    assert ride.reset(40, offset=np.array([5.9, 6.1, -3.9, -4.1]))["off_track"].tolist() == [0, 1, 0, 1]


def test_height_is_above_the_tracks_surface() -> None:
    ride = Ride("height", track=rectangle(elevation=7.0))
    ride.put(40)
    ride.now["position"][:, 2] += 0.3
    ride.sensors.reset(ride.now)
    assert ride.now["height"] == pytest.approx(0.3)


# range finders


def test_rangefinders_measure_to_the_edges_along_their_beams() -> None:
    ride = Ride("rangefinders", track=straight())
    beams = ride.reset(100, offset=1.0)["rangefinders"][0]
    angles = np.radians(spec().beam_angles)
    for angle, distance in zip(angles, beams, strict=True):
        side = (4 if angle > 0 else 6) / np.sin(abs(angle)) if angle else np.inf
        assert distance == pytest.approx(min(side, 200))


def test_rangefinders_turn_with_the_car() -> None:
    ride = Ride("rangefinders")
    beams = ride.reset(40, turned=np.pi / 2)["rangefinders"][0]
    assert beams[9] == pytest.approx(6)


def test_rangefinders_are_0_off_the_track() -> None:
    ride = Ride("rangefinders", cars=2)
    beams = ride.reset(40, offset=np.array([0.0, 6.5]))["rangefinders"]
    assert (beams[0] > 0).all()
    assert (beams[1] == 0).all()


# distance


def test_distance_runs_on_over_the_start_line() -> None:
    ride = Ride("distance", "lap_distance")
    ride.reset(-25)
    for course in np.arange(-20, 3 * LENGTH, 5):
        now = ride.step(course)
        assert now["distance"] == pytest.approx(course + 25)
        assert now["lap_distance"] == pytest.approx(course % LENGTH)


def test_distance_is_negative_behind_the_start() -> None:
    ride = Ride("distance")
    ride.reset(10)
    for course in np.arange(5, -2 * LENGTH, -5):
        now = ride.step(course)
    assert now["distance"] == pytest.approx(course - 10)


def test_distance_telescopes_however_often_a_car_goes_to_and_fro() -> None:
    ride = Ride("distance")
    ride.reset(3.3)
    for _ in range(200):
        ride.step(-7.7)
        now = ride.step(3.3)
    assert now["distance"] == pytest.approx(0, abs=1e-9)


# laps


@pytest.mark.parametrize("start", [-25.0, 0.0, 25.0, 399.0])
def test_lap_1_lasts_from_the_start_to_the_end_of_the_first_full_lap(start: float) -> None:
    ride = Ride(*LAP_SIGNALS)
    ride.reset(start)
    ride.along(start, LENGTH - 10, speed=31.0)
    assert ride.now["laps"] == 0
    assert ride.now["lap_time"] == ride.now["time"]
    assert ride.now["last_lap_time"] == ride.now["best_lap_time"] == 0

    ride.reset(start)
    end = ride.along(start, LENGTH + 5, speed=31.0)
    lap = (LENGTH - start) / 31.0
    assert ride.now["laps"] == 1
    assert ride.now["last_lap_time"] == pytest.approx(lap)
    assert ride.now["best_lap_time"] == pytest.approx(lap)
    assert ride.now["lap_time"] == pytest.approx(end - lap)


def test_a_lap_ends_when_the_line_is_touched() -> None:
    ride = Ride("laps", "last_lap_time")
    ride.reset(0)
    for course in np.arange(20, LENGTH + 1, 20):
        ride.step(course, time=course / 20)
    assert ride.now["laps"] == 1
    assert ride.now["last_lap_time"] == pytest.approx(LENGTH / 20)


def test_the_best_lap_is_kept() -> None:
    ride = Ride(*LAP_SIGNALS)
    ride.reset(-25)
    end = ride.along(-25, LENGTH, speed=20)
    reached = -25 + 20 * end
    end2 = ride.along(reached, 2 * LENGTH, speed=50, since=end)
    best = float(ride.now["last_lap_time"][0])
    assert ride.now["best_lap_time"] == best < LENGTH / 20
    ride.along(reached + 50 * (end2 - end), 3 * LENGTH, speed=25, since=end2)
    assert ride.now["laps"] == 3
    assert ride.now["last_lap_time"] > best
    assert ride.now["best_lap_time"] == best


@pytest.mark.parametrize("start", [-25.0, 10.0])
def test_shuttling_over_the_line_completes_nothing(start: float) -> None:
    ride = Ride(*LAP_SIGNALS)
    ride.reset(start)
    for i in range(20):
        now = ride.step((-10.0, 10.0)[i % 2], time=i)
        assert now["laps"] == 0
        assert now["lap_time"] == i


def test_shuttling_over_the_line_after_a_lap_completes_it_once() -> None:
    ride = Ride(*LAP_SIGNALS)
    ride.reset(0)
    end = ride.along(0, LENGTH + 5, speed=30)
    lap = float(ride.now["last_lap_time"][0])
    for i in range(20):
        now = ride.step(LENGTH + (-10, 10)[i % 2], time=end + i)
        assert now["laps"] == 1
        assert now["last_lap_time"] == lap
    assert now["lap_time"] == pytest.approx(end + 19 - lap)


def test_laps_driven_backwards_must_be_made_good() -> None:
    ride = Ride("laps")
    ride.reset(10)
    end = ride.along(10, -LENGTH - 10, speed=40)
    assert ride.now["laps"] == 0
    ride.along(-LENGTH - 10, LENGTH - 10, speed=40, since=end)
    assert ride.now["laps"] == 0


def test_lap_time_is_negative_in_a_countdown() -> None:
    ride = Ride("lap_time")
    assert ride.reset(-25, time=-1.0)["lap_time"] == -1.0


def test_finished_when_the_laps_to_do_are_done() -> None:
    ride, endless = Ride("finished", laps=2), Ride("finished")
    ride.reset(0)
    end = ride.along(0, LENGTH + 5, speed=40)
    assert ride.now["finished"] == 0
    ride.along(40 * end, 2 * LENGTH + 5, speed=40, since=end)
    assert ride.now["finished"] == 1
    endless.reset(0)
    endless.along(0, 3 * LENGTH, speed=40)
    assert endless.now["finished"] == 0


def test_an_open_course_is_one_lap_from_end_to_end() -> None:
    ride = Ride(*LAP_SIGNALS, "finished", track=straight(500), laps=1)
    ride.reset(300)
    assert ride.now["distance"] == 0
    ride.step(490, time=19)
    assert ride.now["laps"] == 0
    ride.step(500, time=20)
    assert ride.now["laps"] == ride.now["finished"] == 1
    assert ride.now["last_lap_time"] == pytest.approx(20)
    assert ride.now["distance"] == pytest.approx(200)


# rows


def test_each_car_has_its_own_past() -> None:
    starts = np.array([-25.0, 10.0, 395.0])
    together = Ride(*LAP_SIGNALS, "track_position", cars=3)
    alone = [Ride(*LAP_SIGNALS, "track_position") for _ in starts]
    together.reset(starts)
    for ride, start in zip(alone, starts, strict=True):
        ride.reset(start)
    speeds = np.array([30.0, -10.0, 20.0])
    for i in range(1, 200):
        together.step(starts + speeds * i * 0.5, time=i * 0.5)
        for ride, start, speed in zip(alone, starts, speeds, strict=True):
            ride.step(start + speed * i * 0.5, time=i * 0.5)
    for car, ride in enumerate(alone):
        np.testing.assert_allclose(together.now.block[car], ride.now.block[0])
    assert together.now["laps"].tolist() == [3, 0, 2]


def test_resetting_one_car_leaves_the_others_past_alone() -> None:
    ride = Ride(*LAP_SIGNALS, cars=2)
    ride.reset(0)
    end = ride.along(0, LENGTH + 30, speed=40)
    kept = ride.now.block[0].copy()
    ride.now["time"][1] = 0
    ride.now["position"][1] = (100, 0, 0)
    ride.sensors.reset(ride.now, np.array([1]))
    np.testing.assert_array_equal(ride.now.block[0], kept)
    assert [ride.now[name][1] for name in LAP_SIGNALS] == [0, 100, 0, 0, 0, 0]
    ride.step(np.array([LENGTH + 40, 110]), time=end + 1)
    assert ride.now["laps"].tolist() == [1, 0]
    assert ride.now["distance"].tolist() == pytest.approx([LENGTH + 40, 10])


@pytest.mark.filterwarnings("error")
def test_a_row_that_was_lost_does_no_harm_and_comes_back_with_a_reset() -> None:
    ride = Ride(*LAP_SIGNALS, "rangefinders", "heading_error", "finished", cars=2, laps=1)
    ride.reset(40)
    before = ride.now.copy()
    ride.put(50, time=1)
    ride.now.block[1] = np.nan
    ride.sensors.derive(before, ride.now)
    assert ride.now["distance"][0] == pytest.approx(10)
    ride.reset(60, rows=np.array([1]))
    ride.step(70, time=2)
    assert ride.now["distance"].tolist() == pytest.approx([30, 10])
    assert np.isfinite(ride.now["rangefinders"]).all()


# where a car is looked for


def test_a_car_stays_on_its_branch_where_the_track_crosses_itself() -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    points = np.stack([200 * np.sin(angle), 100 * np.sin(2 * angle)], axis=1)
    eight = Track("eight", points, np.full(400, 5.0), np.full(400, 5.0))
    ride = Ride("heading_error", "distance", track=eight)
    ride.reset(10)
    for course in np.arange(12, 2 * eight.length, 2):
        now = ride.step(course, offset=3.0)
        assert now["distance"] == pytest.approx(course - 10, abs=0.5)
        assert now["heading_error"] == pytest.approx(0, abs=0.05)


def test_a_car_that_is_put_elsewhere_is_found() -> None:
    ride = Ride("track_position", "lap_distance")
    ride.reset(40)
    assert ride.step(330)["lap_distance"] == pytest.approx(330)
    assert ride.now["track_position"] == pytest.approx(-0.2)


# what needs no track


def test_speed_is_the_horizontal_length_of_velocity() -> None:
    sensors = Sensors(spec(frozenset({"velocity"}), track=False), ["speed"])
    sensors.open(None)
    now = Telemetry(1)
    now["velocity"] = (3, -4, 5)
    sensors.reset(now)
    assert now["speed"] == 5


def test_overtakes_are_places_gained() -> None:
    sensors = Sensors(spec(frozenset({"race_position"}), cars=2, track=False), ["overtakes"])
    before, now = Telemetry(2), Telemetry(2)
    before["race_position"], now["race_position"] = [3, 1], [1, 2]
    sensors.reset(before)
    assert before["overtakes"].tolist() == [0, 0]
    sensors.derive(before, now)
    assert now["overtakes"].tolist() == [2, -1]


def test_collision_is_damage_that_grew() -> None:
    sensors = Sensors(spec(frozenset({"damage"}), cars=2, track=False), ["collision"])
    sensors.open(None)
    before, now = Telemetry(2), Telemetry(2)
    before["damage"] = now["damage"] = 0.5
    sensors.reset(before)
    assert before["collision"].tolist() == [0, 0]
    now["damage"][1] = 0.6
    sensors.derive(before, now)
    assert now["collision"].tolist() == [0, 1]


def test_the_best_lap_follows_from_the_last() -> None:
    sensors = Sensors(spec(frozenset({"last_lap_time"}), track=False), ["best_lap_time"])
    now = Telemetry(1)
    best = []
    for last in (0, 0, 62, 62, 60, 65):
        now["last_lap_time"] = last
        sensors.derive(now, now) if best else sensors.reset(now)
        best.append(float(now["best_lap_time"][0]))
    assert best == [0, 0, 62, 62, 60, 60]


# what is derived at all


def test_only_what_is_wanted_and_what_that_needs_is_derived() -> None:
    assert Sensors(spec(), ["track_position"]).derived == ("track_position",)
    assert Sensors(spec(), ["distance"]).derived == ("lap_distance", "distance")
    assert set(Sensors(spec(), ["rangefinders"]).derived) == {"rangefinders", "off_track", "track_position"}


def test_what_is_provided_is_not_derived() -> None:
    sensors = Sensors(spec(POSE | {"laps", "track_position"}), ["off_track", "finished", "time"], laps=1)
    assert sensors.derived == ("off_track", "finished")
    now = Telemetry(1)
    now["track_position"], now["laps"] = 1.5, 1
    sensors.open(rectangle())
    sensors.reset(now)
    assert now["off_track"] == now["finished"] == 1
    assert now["track_position"] == 1.5


def test_nothing_is_derived_when_all_is_provided() -> None:
    sensors = Sensors(spec(POSE), POSE)
    sensors.open(None)
    now = Telemetry(1)
    sensors.reset(now)
    sensors.derive(now, now)
    assert sensors.derived == ()
    assert np.isnan(now.block).all()


def test_everything_is_derivable_in_an_order_that_works() -> None:
    ride = Ride("finished", "rangefinders", *LAP_SIGNALS, "height", "off_track", "heading_error", "speed")
    ride.reset(40)
    ride.step(41)
    assert all(np.isfinite(ride.now[name]).all() for name in ride.sensors.derived)


@pytest.mark.parametrize(
    ("wanted", "offered", "said"),
    [
        ("fuel", POSE, "fake/oval does not provide fuel, and it cannot be derived"),
        (
            "heading_error",
            POSE - {"yaw"},
            "does not provide heading_error; to derive it, yaw would be needed",
        ),
        ("laps", frozenset({"time"}), "to derive it, position would be needed"),
        ("speeed", POSE, "fake/oval: no such signal: speeed"),
    ],
)
def test_a_signal_that_cannot_be_had_is_a_configuration_error(
    wanted: str, offered: frozenset[str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Sensors(spec(offered), ["time", wanted])


def test_the_error_tells_what_the_simulator_offers() -> None:
    with pytest.raises(ConfigurationError, match="it provides velocity; derivable are speed; ask for these"):
        Sensors(spec(frozenset({"velocity"}), track=False), ["distance"])


def test_a_promised_track_that_is_not_there_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"promises a track, but Simulator\.track is None"):
        Sensors(spec(), ["distance"]).open(None)


def test_range_finders_need_their_number_of_directions() -> None:
    with pytest.raises(ConfigurationError, match="beam_angles has 2 directions; rangefinders need 19"):
        Sensors(spec(beam_angles=(90.0, -90.0)), ["rangefinders"])


def test_derived_signals_are_declared_ones() -> None:
    derived = Sensors(
        spec(POSE | {"damage"}), ["finished", "rangefinders", "collision", *LAP_SIGNALS]
    ).derived
    assert set(derived) <= set(SIGNALS)
