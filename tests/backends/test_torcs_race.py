"""Options become the files that TORCS reads; names of tracks, cars and opponents are checked with a hint."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from racegym.errors import ConfigurationError, NotFound
from racegym_torcs import backend, catalogue, gearbox, geometry, race
from racegym_torcs.options import TorcsOptions


def numbers(text: str, section: str) -> dict[str | None, str | None]:
    found = next(s for s in ElementTree.fromstring(text).iter("section") if s.get("name") == section)
    return {a.get("name"): a.get("val") for a in found if a.tag != "section"}


def race_of(**options: object) -> str:
    return race.race(TorcsOptions.model_validate(options), "road/aalborg", 10.0)


def test_a_race_without_end_has_as_many_laps_as_there_can_be() -> None:
    assert numbers(race_of(), "racegym")["laps"] == "10000"
    assert numbers(race_of(laps=3), "racegym")["laps"] == "3"


def test_a_race_by_distance_has_no_laps() -> None:
    values = numbers(race_of(distance=12_000.0), "racegym")
    assert values["distance"] == "12"
    assert "laps" not in values


@pytest.mark.parametrize(("option", "factor"), [(True, "1"), (False, "0"), (2.5, "2.5")])
def test_fuel_and_damage_are_factors(option: object, factor: str) -> None:
    values = numbers(race_of(fuel=option, damage=option), "racegym")
    assert values["fuel consumption factor"] == values["damage factor"] == factor


def test_agents_stand_ahead_of_opponents() -> None:
    drivers = ElementTree.fromstring(race_of(cars=2, opponents=["bt:3"])).find("section[@name='Drivers']")
    assert drivers is not None
    rows = [[a.get("val") for a in driver] for driver in drivers.findall("section")]
    assert rows == [["scr_server", "0"], ["scr_server", "1"], ["bt", "3"]]


def test_agents_stand_where_they_are_told_and_opponents_take_the_other_places() -> None:
    options = {"cars": 2, "opponents": ["bt:3", "inferno:1"], "grid": {"places": [4, 2]}}
    order = race.line_up(TorcsOptions.model_validate(options))
    assert order == [("bt", 3), ("scr_server", 1), ("inferno", 1), ("scr_server", 0)]


def test_the_track_and_its_category_are_named() -> None:
    text = race.race(TorcsOptions(), "oval/michigan", 0.0)
    assert numbers(text, "1") == {"name": "michigan", "category": "oval"}


def test_every_robot_drives_the_chosen_car() -> None:
    text = race.robot(TorcsOptions(car="p406"))
    assert text.count('<attstr name="car name" val="p406"/>') == 10


def test_a_track_with_a_grid_of_its_own_gets_ours() -> None:
    own = '<params><section name="Starting Grid"><attnum name="rows" val="2"/></section><section name="x"/></params>'
    assert race.own_grid(own)
    ours = race.regrid(own, TorcsOptions(), 42.0)
    assert numbers(ours, "Starting Grid")["distance to start"] == "42"
    assert '<section name="x"/>' in ours


@pytest.mark.parametrize(
    "options",
    [
        {"laps": 1, "distance": 5.0},
        {"trak": "aalborg"},
        {"cars": 11},
        {"track": "../../etc"},
        {"opponents": ["bt"]},
        {"cars": 2, "grid": {"places": [1]}},
        {"cars": 2, "grid": {"places": [1, 1]}},
        {"cars": 2, "grid": {"places": [1, 3]}},
        {"connect": "3001"},
        {"beam_angles": [0.0]},
        {"ticks_per_step": 0},
    ],
)
def test_options_that_make_no_race_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        backend.options.model_validate(options)


def test_lists_as_yaml_gives_them_are_options() -> None:
    options = TorcsOptions.model_validate({"opponents": ["bt:3"], "beam_angles": list(range(90, -100, -10))})
    assert options.opponents == ("bt:3",)


def test_a_track_is_found_with_and_without_its_category() -> None:
    assert catalogue.track("aalborg") == catalogue.track("road/aalborg") == "road/aalborg"


def test_unknown_names_get_a_hint() -> None:
    with pytest.raises(NotFound, match="Did you mean 'aalborg'"):
        catalogue.track("alborg")
    with pytest.raises(NotFound, match="'p406'"):
        catalogue.car("p408")


def test_building_with_an_unknown_track_says_so_at_once() -> None:
    with pytest.raises(NotFound, match="racegym list"):
        backend.build(backend.options.model_validate({"track": "monza"}))


def test_without_a_game_the_tracks_and_cars_of_the_package_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "find", lambda: None)
    assert len(catalogue.tracks()) == 38
    assert len(catalogue.cars()) == 17


def test_opponents_are_checked_against_the_drivers_installed(tmp_path: Path) -> None:
    module = tmp_path / "drivers" / "bt"
    module.mkdir(parents=True)
    (module / "bt.xml").write_text('<section name="Robots"><section name="index"><section name="3">')
    race.check_opponents(["bt:3"], tmp_path)
    with pytest.raises(ConfigurationError, match="indices 3"):
        race.check_opponents(["bt:4"], tmp_path)
    with pytest.raises(ConfigurationError, match="there are bt"):
        race.check_opponents(["tb:3"], tmp_path)


def test_shift_points_come_from_torque_and_ratios(tmp_path: Path) -> None:
    car = tmp_path / "car.xml"
    car.write_text(
        '<params><section name="Engine"><attnum name="revs limiter" unit="rpm" val="6000"/><section name="data points">'
        '<section name="1"><attnum name="rpm" unit="rpm" val="0"/><attnum name="Tq" val="100"/></section>'
        '<section name="2"><attnum name="rpm" unit="rpm" val="3000"/><attnum name="Tq" val="100"/></section>'
        '<section name="3"><attnum name="rpm" unit="rpm" val="6000"/><attnum name="Tq" val="40"/></section>'
        '</section></section><section name="Gearbox"><section name="gears">'
        '<section name="1"><attnum name="ratio" val="2"/></section>'
        '<section name="2"><attnum name="ratio" val="1.6"/></section>'
        '<section name="3"><attnum name="ratio" val="0"/></section></section></section></params>'
    )
    box = gearbox.shift_points(car)
    assert len(box.up) == 2
    assert box.up[1] == math.inf
    assert 300 < box.up[0] < 0.97 * 6000 * math.tau / 60
    assert box.down[1] < box.up[0] * 1.6 / 2


def test_a_car_file_that_says_nothing_gives_the_default_shift_points(tmp_path: Path) -> None:
    assert gearbox.shift_points(tmp_path / "none.xml") is gearbox.DEFAULT


SIDES = "2 1 0.5 0 9 0 0 -1 3 1"
SQUARE = "racegym-track 2 square\nlength 40\n" + "\n".join(
    f"{x} {y} 1.5 {turn * math.pi / 2} 0 {length} 4.5 {SIDES}"
    for turn, (x, y, length) in enumerate([(0, 0, 10), (10, 0, 10), (10, 10, 10), (0, 10, 10), (0, 0, 1e-5)])
)
SQUARE += (
    "\nsurface 1.2 0.001 0 asphalt\nsurface 0.6 0.01 0.02 grass green\npits -1 30 31 3 4 25 5 15\npit 1 -7"
)


def test_geometry_of_the_robot_is_read_without_samples_that_lead_nowhere(tmp_path: Path) -> None:
    track = geometry.parse(SQUARE, tmp_path)
    assert (len(track.points), track.length) == (4, 40)
    assert np.unique(track.width_left).tolist() == np.unique(track.width_right).tolist() == [4.5]
    assert np.unique(track.elevation).tolist() == [1.5]


def test_geometry_of_the_robot_tells_the_ground_and_the_pits(tmp_path: Path) -> None:
    track = geometry.parse(SQUARE, tmp_path)
    assert track.ground is not None and track.pits is not None
    assert [surface.name for surface in track.ground.surfaces] == ["asphalt", "grass green"]
    assert track.ground.width[0].tolist() == [2, 0.5, 9, 0, 3]
    assert track.ground.surface[0].tolist() == [1, 0, 0, -1, 1]
    assert (track.pits.side, track.pits.exit, track.pits.places.tolist()) == (-1, 4, [[1, -7]])


@pytest.mark.parametrize(
    "text", ["", "x", "racegym-track 1 a\nlength 1", SQUARE + "\n1 2", SQUARE.replace("10 10", "nan 1")]
)
def test_a_damaged_geometry_file_is_named(tmp_path: Path, text: str) -> None:
    written, kept = tmp_path / "written", tmp_path / "kept" / "track.txt"
    written.write_text(text)
    with pytest.raises(ConfigurationError, match="written"):
        geometry.keep(written, kept)
    assert not kept.exists()
