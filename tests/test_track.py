"""Track geometry: signs, accuracy, crossings, open courses, files."""

from __future__ import annotations

import math

import numpy as np
import pytest

from racegym.bends import Bends
from racegym.errors import ConfigurationError
from racegym.track import Arcs, Ground, Pits, Surface, Track

RADIUS, LEFT, RIGHT = 100.0, 4.0, 6.0


def circle(n: int = 400) -> Track:
    """A circle driven counter-clockwise."""
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    points = RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Track("circle", points, np.full(n, LEFT), np.full(n, RIGHT))


def eight(n: int = 1200) -> Track:
    """A figure-eight that crosses itself at right angles in the origin."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    points = 400 * np.stack([np.cos(t), np.sin(t) * np.cos(t)], axis=1) / (1 + np.sin(t)[:, None] ** 2)
    return Track("eight", points, np.full(n, 5.0), np.full(n, 5.0))


def straight(n: int = 301) -> Track:
    points = np.stack([np.linspace(0, 300, n), np.zeros(n)], axis=1)
    elevation = np.linspace(0, 3, n)
    return Track("straight", points, np.full(n, LEFT), np.full(n, RIGHT), closed=False, elevation=elevation)


def test_a_counter_clockwise_circle_turns_left_by_its_curvature():
    track = circle()
    assert track.length == pytest.approx(2 * np.pi * RADIUS, rel=1e-4)
    assert track.curvature == pytest.approx(1 / RADIUS, rel=1e-4)
    assert np.hypot(*track.left.T) == pytest.approx(RADIUS - LEFT)
    assert np.hypot(*track.right.T) == pytest.approx(RADIUS + RIGHT)
    assert track.headings[0] == pytest.approx(np.pi / 2)
    assert np.diff(track.headings) == pytest.approx(2 * np.pi / 400)


def test_locate_finds_station_offset_and_heading_of_any_position(rng):
    angle, offset = rng.uniform(0, 2 * np.pi, 50), rng.uniform(-6, 4, 50)
    position = (RADIUS - offset)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for near in (None, angle * RADIUS + 10, np.where(angle > 3, np.nan, angle * RADIUS)):
        found = circle().locate(position, near)
        assert found.station == pytest.approx(angle * RADIUS, abs=0.1)
        assert found.offset == pytest.approx(offset, abs=0.01)
        turned = np.exp(1j * (found.heading - angle - np.pi / 2))
        assert np.angle(turned) == pytest.approx(0, abs=1e-3)
        assert np.all(found.width_left == LEFT)
        assert np.all(found.width_right == RIGHT)


def test_the_start_line_is_no_seam():
    track = circle()
    stations = np.array([-0.5, 0.5])
    place = track.at(stations)
    found = track.locate(np.stack([place.x, place.y], axis=1), near=np.array([1.0, track.length - 1]))
    assert found.station == pytest.approx([track.length - 0.5, 0.5])
    assert found.offset == pytest.approx(0, abs=1e-2)


def test_a_hint_keeps_a_car_on_its_branch_of_a_crossing():
    track = eight()
    crossing = np.zeros((2, 2))
    first, second = track.length / 4, 3 * track.length / 4
    assert track.locate(crossing, np.array([first, second])).station == pytest.approx([first, second], abs=1)


def test_at_interpolates_any_shape_and_wraps():
    track = circle()
    place = track.at(np.array([[0.0, track.length / 4], [track.length, track.length * 1.25]]))
    assert place.x == pytest.approx(np.array([[RADIUS, 0], [RADIUS, 0]]), abs=1e-6)
    assert place.heading[0, 0] == pytest.approx(np.pi / 2)
    assert abs(place.heading[0, 1]) == pytest.approx(np.pi)
    between = track.at(np.array([track.stations[7] / 2 + track.stations[8] / 2]))
    assert between.x[0] == pytest.approx(track.points[7:9, 0].mean())


def test_beams_on_a_straight_meet_left_and_right_edges_and_nothing_ahead():
    angles = np.radians([90, 30, 0, -30, -90, 180])
    seen = straight().cast(np.array([[150.0, 1.0]]), np.zeros(1), angles, np.array([150.0]))
    assert seen[0] == pytest.approx([3, 6, 200, 14, 7, 200])


def test_beams_turn_with_the_car():
    seen = straight().cast(np.array([[150.0, 1.0]]), np.array([np.pi / 2]), np.zeros(1), np.array([150.0]))
    assert seen == pytest.approx(np.array([[3.0]]))


def test_beams_in_a_circle_agree_with_geometry(rng):
    track = circle()
    radius, angles = rng.uniform(96.5, 105.5, 64), np.radians(np.arange(-180, 180, 7.3))
    position = np.stack([radius, np.zeros(64)], axis=1)
    seen = track.cast(position, np.full(64, np.pi / 2), angles, np.zeros(64), reach=500)
    along = radius[:, None] * np.cos(angles + np.pi / 2)
    expected = np.full(seen.shape, 500.0)
    for border in (RADIUS - LEFT, RADIUS + RIGHT):
        root = np.sqrt(np.maximum(along**2 - radius[:, None] ** 2 + border**2, 0))
        for hit in (-along - root, -along + root):
            expected = np.where((root > 0) & (hit > 0), np.minimum(expected, hit), expected)
    # Glancing beams magnify the hundredth of a metre by which the polyline may stray.
    assert np.median(np.abs(seen - expected)) < 0.02
    assert np.mean(np.abs(seen - expected) > 0.5) < 0.01


def test_beams_do_not_see_another_branch_that_crosses():
    track = eight()
    station = np.array([track.length / 4 - 30])
    place = track.at(station)
    seen = track.cast(np.stack([place.x, place.y], axis=1), place.heading, np.zeros(1), station)
    assert seen[0, 0] > 60


def test_rows_of_many_cars_are_what_one_car_alone_sees(rng):
    track, angles = eight(), np.radians([60, 20, 0, -20, -60])
    stations = rng.uniform(0, track.length, 20)
    place = track.at(stations)
    position = np.stack([place.x, place.y], axis=1) + rng.normal(size=(20, 2))
    together = track.cast(position, place.heading, angles, stations)
    found = track.locate(position, stations)
    for i in range(20):
        row = slice(i, i + 1)
        alone = track.cast(position[row], place.heading[row], angles, stations[row])
        assert np.array_equal(alone[0], together[i])
        found_alone = track.locate(position[row], stations[row])
        assert [column[i] for column in found] == [column[0] for column in found_alone]


def test_an_open_course_has_ends():
    track = straight()
    assert track.length == 300
    found = track.locate(np.array([[-5.0, 2.0], [310.0, -1.0]]))
    assert found.station == pytest.approx([0, 300])
    assert found.offset == pytest.approx([2, -1])
    place = track.at(np.array([-10.0, 150.0, 400.0]))
    assert place.x == pytest.approx([0, 150, 300])
    assert place.elevation == pytest.approx([0, 1.5, 3])


def stadium() -> Track:
    """Two straights of 100 m and two half circles of 30 m radius, to the left, in eight exact pieces."""
    half = math.pi / 2
    points = [(0, 0), (50, 0), (100, 0), (130, 30), (100, 60), (50, 60), (0, 60), (-30, 30)]
    heading = [0, 0, 0, half, 2 * half, 2 * half, 2 * half, 3 * half]
    curvature = np.array([0, 0, 1, 1, 0, 0, 1, 1]) / 30
    length = np.where(curvature > 0, 30 * half, 50)
    ground = Ground(
        (Surface("asphalt", 1.2, 0.001, 0.0), Surface("sand", 0.7, 0.02, 0.1)),
        np.tile([3.0, 1.0, 10.0, 0.0, 2.0], (8, 1)),
        np.tile([1, 0, 0, -1, 1], (8, 1)),
    )
    pits = Pits(-1, 310.0, 320.0, 60.0, 70.0, 25.0, 5.0, 15.0, np.array([[20.0, -8.0]]))
    width = np.full(8, 5.0)
    return Track(
        "stadium", np.array(points), width, width,
        arcs=Arcs(np.array(heading), curvature, length), ground=ground, pits=pits,
    )  # fmt: skip


def test_on_arcs_station_offset_and_heading_are_exact_however_few_points(rng):
    track = stadium()
    assert track.length == pytest.approx(200 + 60 * math.pi)
    stations, offsets = rng.uniform(0, track.length, 500), rng.uniform(-5, 5, 500)
    place = track.at(stations)
    normals = np.stack([-np.sin(place.heading), np.cos(place.heading)], axis=1)
    position = np.stack([place.x, place.y], axis=1) + offsets[:, None] * normals
    for near in (None, stations + 5):
        found = track.locate(position, near)
        assert found.station == pytest.approx(stations, abs=1e-9)
        assert found.offset == pytest.approx(offsets, abs=1e-9)
        assert np.angle(np.exp(1j * (found.heading - place.heading))) == pytest.approx(0, abs=1e-9)


def test_arcs_lie_where_circles_do():
    place = stadium().at(np.array([100 + 30 * math.pi / 4]))
    assert place.x[0] == pytest.approx(100 + 30 * math.sqrt(0.5))
    assert place.y[0] == pytest.approx(30 - 30 * math.sqrt(0.5))
    assert (place.heading[0], place.curvature[0]) == pytest.approx((math.pi / 4, 1 / 30))


def test_arcs_that_do_not_quite_meet_are_each_exact_on_their_own():
    whole = stadium()
    assert whole.arcs is not None
    moved = whole.points + np.array([[0.0, 0.05], *[[0.0, 0.0]] * 7])
    track = Track("gap", moved, whole.width_left, whole.width_right, arcs=whole.arcs)
    found = track.locate(np.array([[0.5, 1.05], [-0.5, 1.0]]))
    assert found.offset == pytest.approx([1.0, 30 - math.hypot(0.5, 29.0)])
    assert found.heading == pytest.approx([0.0, -math.atan(0.5 / 29)])


def test_arcs_of_another_number_than_the_points_are_refused():
    whole = stadium()
    assert whole.arcs is not None
    with pytest.raises(ConfigurationError, match="arcs of shape"):
        Track("odd", whole.points, whole.width_left, whole.width_right, closed=False, arcs=whole.arcs)


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        circle().points[0] = 0


def test_a_file_brings_the_same_track_back(tmp_path):
    for track in (circle(), straight(), stadium()):
        track.save(tmp_path / "track.npz")
        again = Track.load(tmp_path / "track.npz")
        assert (again.name, again.closed, again.length) == (track.name, track.closed, track.length)
        assert np.array_equal(again.left, track.left)
        assert np.array_equal(again.elevation, track.elevation)
        for part in ("arcs", "ground", "pits"):
            before, after = getattr(track, part), getattr(again, part)
            assert (before is None) == (after is None)
            assert before is None or all(map(np.array_equal, before, after))


def test_a_file_of_an_older_format_says_so(tmp_path):
    np.savez(tmp_path / "old.npz", format="racegym-track 1", name="old", closed=True)
    with pytest.raises(ConfigurationError, match=r"old\.npz.*'racegym-track 1'.*write it anew"):
        Track.load(tmp_path / "old.npz")


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04 torn"])
def test_a_bad_file_is_a_configuration_error_that_names_it(tmp_path, content):
    path = tmp_path / "bad.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"bad\.npz"):
        Track.load(path)


def test_foreign_archives_and_pickles_are_refused(tmp_path):
    path = tmp_path / "bad.npz"
    np.savez(path, points=np.zeros((3, 2)))
    with pytest.raises(ConfigurationError, match="format"):
        Track.load(path)
    np.savez(path, format=np.array({"a": 1}, dtype=object))
    with pytest.raises(ConfigurationError, match="not a track file"):
        Track.load(path)
    np.save(tmp_path / "bare.npy", np.zeros(3))
    with pytest.raises(ConfigurationError, match="not a track file"):
        Track.load(tmp_path / "bare.npy")


def test_arrays_that_make_no_track_are_refused():
    points = circle().points
    with pytest.raises(ConfigurationError, match=r"'odd'.*width_left of shape \(3,\)"):
        Track("odd", points, np.ones(3), np.ones(400))
    with pytest.raises(ConfigurationError, match="not to be repeated"):
        Track("odd", np.vstack([points, points[:1]]), np.ones(401), np.ones(401))
    with pytest.raises(ConfigurationError, match="not finite"):
        Track("odd", points * np.nan, np.ones(400), np.ones(400))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_the_bends_of_several_courses_are_those_of_each(rng):
    courses = [circle(), eight(), straight(), stadium()]
    stations = rng.uniform(-400, 2000, (4, 60))
    expected = [track.at(row).curvature for track, row in zip(courses, stations, strict=True)]
    assert Bends(courses).at(stations) == pytest.approx(np.array(expected), abs=1e-9)
