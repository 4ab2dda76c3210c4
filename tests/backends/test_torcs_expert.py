"""Experts in the real game: they drive as they do without us, share the wheel, and start over bit by bit.

Lap times are those of the unmodified game (`torcs -r`, practice over three laps from 25 m before the line, car1-trb1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import racegym
from racegym.cli import app
from racegym.errors import ConfigurationError, InvalidAction
from racegym.experts import CHOICES, record
from racegym.signals import CONTROLS, SIGNALS, Controls
from racegym_torcs import catalogue, drivers, locate
from racegym_torcs.install import requirements
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs

#: First lap by track and expert, s.
FIRST_LAPS = [
    ("road/aalborg", "bt:2", 82.3),
    ("road/aalborg", "berniw:3", 80.6),
    ("road/aalborg", "olethros:2", 84.7),
    ("road/aalborg", "inferno:3", 79.8),
    ("dirt/dirt-5", "olethros:2", 35.2),
    ("oval/a-speedway", "inferno:3", 33.5),
]
SHIFTING = np.float32(0.1)
AS_IN_THE_GAME = {"laps": 3, "grid": {"to_start": 25.0}, "ticks": "original"}


@pytest.fixture(scope="module", autouse=True)
def _torcs() -> None:
    for line in requirements():
        assert line.met, f"{line.name} is missing; run: {line.remedy}"


def seated(**options: object) -> Torcs:
    return Torcs(TorcsOptions.model_validate({"expert": "bt", **options}))


@pytest.fixture
def race(request: pytest.FixtureRequest) -> Iterator[Torcs]:
    simulator = seated(**getattr(request, "param", {}))
    simulator.open()
    yield simulator
    simulator.close()


def options(**values: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("race", [values], indirect=True, ids=[" ".join(values)])


def left_open(cars: int = 1) -> Controls:
    return Controls(cars, np.full((cars, CONTROLS.width), np.nan))


def drive(simulator: Torcs, controls: Controls, steps: int) -> np.ndarray:
    """Blocks of telemetry after a reset and each of `steps` steps."""
    blocks = [simulator.reset().block.copy()]
    for _ in range(steps):
        simulator.send(controls)
        blocks.append(simulator.read().block.copy())
    return np.array(blocks)


def column(history: np.ndarray, signal: str, car: int = 0) -> np.ndarray:
    return history[:, car, SIGNALS.columns(signal).start]


def assert_applied(history: np.ndarray, control: str) -> None:
    """The expert's choice in one row is what acted until the next; the engine eases the throttle during a shift."""
    applied, chosen = column(history, control)[1:], column(history, f"expert_{control}")[:-1]
    if control == "throttle":
        chosen = np.where(applied == SHIFTING, np.minimum(chosen, SHIFTING), chosen)
    np.testing.assert_array_equal(applied, chosen)


@pytest.mark.parametrize(("track", "expert", "seconds"), FIRST_LAPS)
def test_an_expert_laps_as_it_does_without_us(track: str, expert: str, seconds: float) -> None:
    simulator = seated(**AS_IN_THE_GAME, track=track, expert=expert)
    try:
        recording = record(simulator)
    finally:
        simulator.close()
    assert recording.metadata["lap_times"] == [pytest.approx(seconds, abs=0.051)]


def test_laps_with_exact_ticks_are_nearly_the_same(race: Torcs) -> None:
    assert record(race).metadata["lap_times"] == [pytest.approx(82.3, abs=1.0)]


def test_what_an_expert_chooses_is_what_is_applied(race: Torcs) -> None:
    history = drive(race, left_open(), 500)
    for control in ("steer", "throttle", "brake", "clutch"):
        assert_applied(history, control)
        assert len(set(column(history, f"expert_{control}"))) > 1, control
    assert {1.0, 2.0, 3.0} <= set(column(history, "expert_gear"))
    assert column(history, "distance")[-1] > 200


def test_the_agent_steers_while_the_expert_works_the_pedals(race: Torcs) -> None:
    controls = left_open()
    controls["steer"] = 0.125
    history = drive(race, controls, 200)
    assert set(column(history, "steer")[1:]) == {0.125}
    assert not set(column(history, "expert_steer")) & {0.125}
    assert_applied(history, "throttle")
    assert column(history, "speed").max() > 15


def test_the_expert_steers_while_the_agent_works_the_pedals(race: Torcs) -> None:
    controls = Controls(1)
    controls["throttle"], controls["steer"] = 0.25, np.nan
    history = drive(race, controls, 400)
    assert set(column(history, "throttle")[1:]) <= {0.25, SHIFTING}
    assert set(column(history, "gear")[-300:]) == {1.0}
    assert_applied(history, "steer")
    assert np.abs(column(history, "track_position")).max() < 1


def test_an_expert_watches_an_agent_that_drives_alone(race: Torcs) -> None:
    controls = Controls(1)
    controls["brake"] = 1.0
    history = drive(race, controls, 100)
    assert column(history, "speed")[-1] < 0.1
    assert column(history, "expert_throttle").max() > 0.5


def test_resets_and_other_processes_repeat_it_bit_by_bit(race: Torcs) -> None:
    first, again = drive(race, left_open(), 1000), drive(race, left_open(), 1000)
    np.testing.assert_array_equal(first, again)
    other = seated()
    other.open()
    np.testing.assert_array_equal(first, drive(other, left_open(), 1000))
    other.close()


@options(cars=2, expert="olethros", opponents=["olethros:2"])
def test_every_car_has_an_expert_of_its_own(race: Torcs) -> None:
    history = drive(race, left_open(2), 600)
    for car in (0, 1):
        assert column(history, "speed", car)[-1] > 15
        assert_applied(history[:, car : car + 1], "steer")
    assert (column(history, "expert_steer", 0) != column(history, "expert_steer", 1)).any()


@options(countdown=True)
def test_an_expert_waits_for_the_green_light(race: Torcs) -> None:
    history = drive(race, left_open(), 200)
    time, speed = column(history, "lap_time"), column(history, "speed")
    assert time[0] < -0.9
    assert speed[time < 0].max() < 0.1
    assert speed[-1] > 15


def test_without_an_expert_controls_are_numbers_and_nobody_tells_what_it_would_do() -> None:
    simulator = Torcs(TorcsOptions())
    assert not simulator.spec.signals & set(CHOICES.values())
    simulator.open()
    try:
        simulator.reset()
        with pytest.raises(InvalidAction):
            simulator.send(left_open())
    finally:
        simulator.close()


def test_an_expert_of_another_car_is_refused_before_the_game_starts() -> None:
    with pytest.raises(ConfigurationError, match="car1-stock1"):
        seated(expert="bt:0").open()


def test_an_expert_is_set_up_for_its_own_car() -> None:
    simulator = seated(expert="sparkle", car="baja-bug")
    simulator.open()
    assert column(drive(simulator, left_open(), 300), "distance")[-1] > 10
    simulator.close()


def test_a_task_leaves_the_driving_to_the_expert() -> None:
    overrides = {"simulator.expert": "bt", "task.action": {"terms": {"expert": {}, "steer": {}}}}
    env = racegym.make("torcs/aalborg", overrides=overrides)
    env.reset(seed=0)
    assert env.action_space.shape == (1,)
    for _ in range(100):
        env.step(np.zeros(1, np.float32))
    now = env.session.now
    assert now["speed"][0] > 10
    assert now["steer"][0] == 0
    env.close()


@pytest.mark.parametrize("transport", ["shared", "udp"])
def test_a_lap_that_ends_the_race_between_two_ticks_is_told(transport: str) -> None:
    simulator = seated(**AS_IN_THE_GAME, track="road/eroad", transport=transport)
    try:
        laps = record(simulator, laps=3)
    finally:
        simulator.close()
    assert laps.metadata["lap_times"] == pytest.approx([80.53, 73.67, 71.89], abs=0.011)
    assert laps.telemetry["finished"][-1] == 1


@options(expert="berniw")
def test_an_expert_finds_its_line_from_any_start(race: Torcs) -> None:
    for start in ({"distance": 1000.0}, {"distance": 1500.0, "offset": 0.7, "heading": 0.3, "speed": 10.0}):
        race.reset(options={"start": start})
        for _ in range(1000):
            race.send(left_open())
            now = race.read()
        assert now["distance"] > 300
        assert np.abs(now["track_position"]) < 1.2


def test_a_snapshot_holds_the_experts_memory_too(race: Torcs) -> None:
    def drive_on() -> np.ndarray:
        blocks = []
        for _ in range(500):
            race.send(left_open())
            blocks.append(race.read().block.copy())
        return np.array(blocks)

    race.reset()
    drive_on()
    snapshot = race.save()
    first = drive_on()
    race.restore(snapshot)
    np.testing.assert_array_equal(first, drive_on())


def recorded(folder: Path, *arguments: str) -> dict[str, Any]:
    """What ``racegym record`` says of itself."""
    pytest.importorskip("pyarrow")
    result = CliRunner().invoke(app, ["record", *arguments, "--seed", "3", "--json", "--out", str(folder)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_command_line_records_an_expert(tmp_path: Path) -> None:
    from racegym.dataset import Dataset

    told = recorded(tmp_path, "torcs/a-speedway", "--expert", "inferno", "--laps", "2")
    (about,) = told["recorded"]
    assert told["laps"] == about["laps"] == 2
    options = about["options"]
    assert (options["expert"], options["laps"], options["car"]) == ("inferno", 2, "car1-trb1")
    episode = Dataset(tmp_path)[0]
    assert episode.info["lap_times"] == pytest.approx(about["lap_times"], abs=1e-3)
    assert episode.column("rangefinders").shape == (about["steps"] + 1, 19)
    # the choice at one row is what acted until the next; of gears, after the pause of a shift
    np.testing.assert_array_equal(episode.column("expert_steer")[:-1], episode.column("steer")[1:])
    actions = Dataset(tmp_path).transitions({}).actions
    np.testing.assert_allclose(actions[:, 0], episode.column("steer")[1:], atol=1e-6)


def test_several_experts_are_recorded_on_every_course_that_matches(tmp_path: Path) -> None:
    from racegym.dataset import Dataset

    told = recorded(tmp_path, "torcs/oval/[ab]-*", "--expert", "bt", "--expert", "inferno")
    drives = [(about["simulator"], about["expert"], about["laps"]) for about in told["recorded"]]
    courses, experts = ("torcs/oval/a-speedway", "torcs/oval/b-speedway"), ("torcs:bt", "torcs:inferno")
    assert drives == [(course, name, 1) for course in courses for name in experts]
    assert sorted(episode.info["agent"] for episode in Dataset(tmp_path).episodes) == sorted(experts * 2)


def test_a_disturbed_expert_is_recorded_with_its_own_choices_as_the_actions(tmp_path: Path) -> None:
    from racegym.dataset import Dataset

    recorded(tmp_path, "torcs/a-speedway", "--expert", "bt", "--disturb", "0.1")
    data = Dataset(tmp_path)
    episode, batch = data[0], data.transitions({}, whole=True)
    np.testing.assert_allclose(batch.actions[:, 0], episode.column("expert_steer")[:-1], atol=1e-6)
    pedals = episode.column("expert_throttle") - episode.column("expert_brake")
    np.testing.assert_allclose(batch.actions[:, 1], pedals[:-1], atol=1e-6)
    for name in ("steer", "throttle"):
        meddled = np.abs(episode.column(name)[1:] - episode.column(f"expert_{name}")[:-1])
        assert np.mean(meddled > 1e-3) > 0.1, name


def test_the_command_line_lets_an_expert_drive(tmp_path: Path) -> None:
    arguments = ["drive", "torcs/a-speedway", "--agent", "torcs:berniw:3", "--json", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["lap_times"] == [pytest.approx(35.0, abs=1.0)]


def test_every_expert_on_offer_is_installed() -> None:
    installation = locate.require()
    for module in drivers.EXPERTS:
        assert set(drivers.cars(module, installation.data).values()) & set(catalogue.cars()), module
