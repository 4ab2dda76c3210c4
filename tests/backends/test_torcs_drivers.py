"""The game's drivers by name: which are installed, and whose car is whose."""

from __future__ import annotations

from pathlib import Path

import pytest

from racegym.errors import ConfigurationError, NotFound
from racegym_torcs import drivers, race
from racegym_torcs.options import TorcsOptions

ROBOTS = """
<section name="Robots"><section name="index">
  <section name="0"><attstr name="name" val="bt 1"></attstr><attstr name="car name" val="car1-ow1"></attstr></section>
  <section name="2"><attstr name="name" val="bt 3"/><attstr name="car name" val="car1-trb1"/></section>
  <section name="3"><attstr name="car name" val="kc-dino"/></section>
</section></section>
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    files = {"drivers/bt/bt.xml": ROBOTS, "drivers/human/human.xml": ROBOTS}
    for name, text in {**files, "cars/car1-ow1/car1-ow1.xml": "", "cars/car1-trb1/car1-trb1.xml": ""}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def test_every_driver_has_a_car(data: Path) -> None:
    assert drivers.cars("bt", data) == {0: "car1-ow1", 2: "car1-trb1", 3: "kc-dino"}
    assert drivers.modules(data) == ["bt"]


def test_a_module_alone_stands_for_the_driver_of_the_chosen_car(data: Path) -> None:
    assert drivers.expert("bt", "car1-trb1", data) == drivers.expert("bt:2", "car1-trb1", data) == "bt:2"
    assert drivers.expert("bt", "car1-ow1", data) == "bt:0"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bd", "Did you mean 'bt'"),
        ("human:0", "no driver module is called 'human'; there are bt"),
        ("bt:1", "bt has the indices 0, 2, 3"),
    ],
)
def test_an_unknown_expert_is_not_found(data: Path, name: str, said: str) -> None:
    with pytest.raises(NotFound, match=said):
        drivers.expert(name, "car1-trb1", data)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bt:0", "'bt:0' is set up for car1-ow1; set car to it"),
        ("bt:3", "kc-dino, which is not installed"),
        ("bt", r"no driver for p406; set car to one of car1-ow1 \(bt:0\), car1-trb1 \(bt:2\)"),
    ],
)
def test_an_expert_of_another_car_is_refused(data: Path, name: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        drivers.expert(name, "p406" if name == "bt" else "car1-trb1", data)


def test_an_expert_practises_alone_and_races_others() -> None:
    def kind(**options: object) -> str:
        return race.race(TorcsOptions.model_validate(options), "road/aalborg", 10.0)

    assert 'name="type" val="practice"' in kind(expert="bt")
    for options in ({}, {"expert": "bt", "cars": 2}, {"expert": "bt", "opponents": ["bt:3"]}):
        assert 'name="type" val="race"' in kind(**options)


def test_an_expert_needs_a_game_of_ours() -> None:
    with pytest.raises(ValueError, match="leave out connect"):
        TorcsOptions(expert="bt", connect="127.0.0.1:3001")
