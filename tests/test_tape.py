"""What is recorded and runs in C does what NumPy does, number for number; what cannot be recorded stays in Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from racegym import native
from racegym.config import load
from racegym.errors import BackendUnavailable, InvalidAction, SimulatorLost
from racegym.rewards import Reward
from racegym.session import Session
from racegym.signals import CONTROLS, SIGNALS, Telemetry
from racegym.simulator import Camera, Gearbox, Simulator, SimulatorSpec
from racegym.task import TaskConfig
from racegym.terminations import Termination
from racegym.track import Track

CARS = 3
TASKS = sorted(path.stem for path in (Path(__file__).parents[1] / "configs" / "tasks").glob("*.yaml"))
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, 700.0]


@pytest.fixture(scope="module", autouse=True)
def library(tmp_path_factory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RACEGYM_HOME", str(tmp_path_factory.mktemp("home")))
        try:
            native.build()
        except BackendUnavailable as error:
            pytest.skip(str(error))
        yield


class Dice(Simulator):
    """Cars whose every signal is drawn, and now and then is no number or an odd one."""

    def __init__(self, cars: int = CARS, odd: float = 0.0005) -> None:
        gearbox = Gearbox(up=(600.0, 600.0, np.inf), down=(0.0, 300.0, 300.0))
        signals = frozenset(SIGNALS) - {"line_gap", "expert_steer"}
        self.spec = SimulatorSpec(
            "dice", 0.02, signals, frozenset(CONTROLS), gearbox, cars, independent=True, track=True, snapshots=True,
            cameras=(Camera("screen", 8, 6),),
        )  # fmt: skip
        self._odd = odd
        self._dice = np.random.default_rng(7)
        self._telemetry = Telemetry(cars, fill=0.0)

    @property
    def track(self) -> Track:
        angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
        circle = 100 * np.column_stack([np.cos(angles), np.sin(angles)])
        return Track("circle", circle, np.full(200, 5.0), np.full(200, 5.0))

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def reset(self, seed=None, options=None, cars=None) -> Telemetry:
        which = slice(None) if cars is None else cars
        self._telemetry.block[which] = 0.0
        self._telemetry["gear"][which] = 1.0
        return self._telemetry

    def send(self, controls):
        return controls

    def read(self) -> Telemetry:
        dice, now = self._dice, self._telemetry
        time = now["time"] + 0.02
        now.block[...] = dice.normal(0.0, 1.0, now.block.shape) * [
            s.scale for s in SIGNALS.values() for _ in range(s.size)
        ]
        for name in ("off_track", "collision", "finished"):
            now[name] = dice.random(self.spec.cars) < 0.3
        now["time"] = time
        for name, highest in (("laps", 3), ("overtakes", 2), ("wheels_off", 4)):
            now[name] = dice.integers(0, highest, self.spec.cars)
        odd = dice.random(now.block.shape) < self._odd
        now.block[odd] = dice.choice(ODD, odd.sum())
        return now

    def frame(self, camera: str) -> np.ndarray:
        return np.resize(np.arange(251, dtype=np.uint8), (self.spec.cars, 6, 8, 3))

    def save(self) -> object:
        return self._dice.bit_generator.state, self._telemetry.block.copy()

    def restore(self, snapshot: Any) -> Telemetry:
        self._dice.bit_generator.state, self._telemetry.block[...] = snapshot
        return self._telemetry

    def release(self, snapshot: object) -> None:
        pass


class Does(Reward):
    """Whatever `work` is."""

    work: Any

    def bind(self, context):
        return self.work


class Holds(Termination):
    work: Any

    def bind(self, context):
        return self.work


class Remembering(Reward):
    """The change of speed, as what a closure remembers; nobody was told."""

    def bind(self, context):
        memory = {"speed": 0.0}

        def change(before, now):
            past, memory["speed"] = memory["speed"], now["speed"]
            return now["speed"] - np.copy(past)

        return change


def pair(task: TaskConfig, cars: int = CARS, odd: float = 0.0005) -> tuple[Session, Session]:
    """Two sessions that drive the same, one compiled."""
    sessions = [
        Session([Dice(cars, odd)], task, faults_in_a_row=10**9, compiled=compiled)
        for compiled in (True, False)
    ]
    for session in sessions:
        session.reset(seeds=[1] * cars)
    return sessions[0], sessions[1]


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def compare(sessions: tuple[Session, Session], actions: Any, outcomes: list[Any]) -> None:
    for name in ("observation", "reward", "terminated", "truncated"):
        assert same(*(getattr(outcome, name) for outcome in outcomes)), name
    one, other = sessions
    assert same(one.task.shares, other.task.shares)
    assert same(one.task.terminator.causes, other.task.terminator.causes)
    assert same(one.task.truncator.causes, other.task.truncator.causes)
    assert same(one.controls.block, other.controls.block)
    assert same(one.before.block, other.before.block)


def drive(sessions: tuple[Session, Session], steps: int = 300) -> None:
    """Random actions, resets of rows that ended and of others, and a return to an earlier moment."""
    dice, kept = np.random.default_rng(3), []
    one, cars = sessions[0], sessions[0].cars
    for step in range(steps):
        action = dice.normal(0.0, 0.8, (cars, *one.task.actuator.space.shape)).astype(np.float32)
        if dice.random() < 0.5:
            action[:, 1:] = np.abs(action[:, 1:])  # no brake: the gears' quiet way
        outcomes = [session.step(action) for session in sessions]
        compare(sessions, action, outcomes)
        again = outcomes[0].terminated | outcomes[0].truncated | (dice.random(cars) < 0.02)
        if again.any() and dice.random() < 0.7:
            rows = np.flatnonzero(again)
            assert same(*(session.reset(rows, [1] * len(rows)) for session in sessions))
        if step == steps // 3:
            kept = [session.save() for session in sessions]
        if step == steps // 2:
            assert same(*(session.restore(held) for session, held in zip(sessions, kept, strict=True)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["default", *TASKS])
@pytest.mark.parametrize("cars", [1, CARS])
def test_a_compiled_task_steps_as_numpy_does(name, cars):
    task = TaskConfig() if name == "default" else load(name, simulator="bicycle/oval").task
    sessions = pair(task, cars)
    assert sessions[0].compiled
    assert not sessions[1].compiled
    drive(sessions)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("limits", [{"steps": 20}, {"seconds": 0.5}, {"laps": 2}, {"steps": 9, "laps": 1}])
def test_limits_cut_short_as_numpy_does(limits):
    drive(pair(TaskConfig.model_validate({"truncation": limits}), odd=0.01))


def test_all_of_the_default_task_is_compiled():
    whole = {"action", "observation", "reward.progress", "reward.off_track"}
    endings = {f"termination.{name}" for name in ("off_track", "wrong_way", "stuck", "finished")}
    assert pair(TaskConfig())[0].compiled == whole | endings


RECORDED = {
    "arithmetic": lambda before, now: 2 - now["speed"] / 3 * -before["speed"] + +now["yaw"],
    "in place of a signal's part": lambda before, now: now["velocity"][:, 1] - now["velocity"][:, -1],
    "roots": lambda before, now: np.sqrt(now["yaw"]) + np.square(now["yaw"]) + now["yaw"] ** 2,
    "sizes": lambda before, now: abs(now["yaw"]) + np.fabs(now["pitch"]),
    "extremes": lambda before, now: np.maximum(now["yaw"], before["yaw"]) - np.minimum(now["roll"], 0.5),
    "clip": lambda before, now: np.clip(now["yaw"], -1.0, 0.5) + now["roll"].clip(-0.25, 0.25),
    "comparison": lambda before, now: (now["yaw"] > 0) & (now["yaw"] <= 1.0) | ~(now["roll"] != 0),
    "equality": lambda before, now: (now["off_track"] == before["off_track"]) ^ (now["yaw"] >= 0),
    "logic of numbers": lambda before, now: np.logical_and(now["yaw"], np.logical_not(now["off_track"])),
    "no number": lambda before, now: np.isnan(now["yaw"]) | np.logical_or(now["roll"] < 0, now["laps"]),
    "a flag times a number": lambda before, now: (now["yaw"] > 0) * now["speed"] + (now["yaw"] < 0) * 0.5,
    "choice": lambda before, now: np.where(now["off_track"] > 0, -1.0, np.where(now["yaw"] > 0, now["speed"], 2)),
    "NumPy's numbers": lambda before, now: np.float64(2.5) * now["speed"] - np.array(3),
    "a constant": lambda before, now: 0.25,
}  # fmt: skip
LEFT = {
    "sine": lambda before, now: np.sin(now["yaw"]),
    "power": lambda before, now: now["speed"] ** 1.5,
    "reduction": lambda before, now: now["velocity"].sum(axis=1),
    "array of several": lambda before, now: now["speed"] * np.arange(1.0, 1 + CARS),
    "one car": lambda before, now: now["speed"] * now["speed"][0],
    "a look": lambda before, now: now["speed"] if now["speed"].any() else now["yaw"],
    "counts": lambda before, now: (now["yaw"] > 0) * 2 - (now["roll"] > 0),
    "bools": lambda before, now: (now["yaw"] > 0) + (now["roll"] > 0),
    "block": lambda before, now: now.block[:, 3],
    "norm": lambda before, now: np.linalg.norm(now["velocity"], axis=1),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("work", RECORDED.values(), ids=RECORDED)
def test_what_c_does_as_numpy_does_is_recorded(work):
    terms: dict[str, Any] = {
        "reward": {"it": Does(work=work, weight=0.3)},
        "termination": {"it": Holds(work=work)},
    }
    sessions = pair(TaskConfig(**terms), odd=0.01)
    assert {"reward.it", "termination.it"} <= sessions[0].compiled
    drive(sessions, 100)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("work", LEFT.values(), ids=LEFT)
def test_what_cannot_be_recorded_stays_in_python(work):
    terms: dict[str, Any] = {"speed": {}, "it": Does(work=work, replaces=True)}
    sessions = pair(TaskConfig.model_validate({"reward": terms}))
    assert "reward.it" not in sessions[0].compiled
    assert "reward.speed" in sessions[0].compiled
    drive(sessions, 100)


def test_a_function_that_changes_from_call_to_call_is_not_recorded():
    dice = np.random.default_rng(1)
    task = TaskConfig(reward={"it": Does(work=lambda before, now: now["speed"] * dice.random())})
    assert "reward.it" not in pair(task)[0].compiled


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_recording_leaves_nothing_in_what_a_term_remembers():
    sessions = pair(TaskConfig.model_validate({"reward": {"it": {"term": "test_tape:Remembering"}}}))
    assert "reward.it" not in sessions[0].compiled
    drive(sessions, 50)


@pytest.mark.parametrize(
    "terms",
    [
        {"steer": {"rate": 2.0}, "pedal": {"mode": "relative", "rate": 3.0}, "automatic_gears": {}},
        {"throttle": {}, "brake": {"released": 0}, "steer": {"limit": 0.5}, "gear_shift": {}, "focus": {}},
    ],
)
def test_axes_that_remember_and_gears_by_hand_are_compiled(terms):
    sessions = pair(TaskConfig.model_validate({"action": {"terms": terms}}), odd=0.0)
    assert "action" in sessions[0].compiled
    drive(sessions)


@pytest.mark.parametrize("action", [np.full((CARS, 2), np.nan), np.zeros((CARS, 3)), np.zeros(2), "ab"])
def test_a_bad_action_is_refused_in_the_same_words(action):
    words = []
    for session in pair(TaskConfig()):
        with pytest.raises((InvalidAction, ValueError)) as refused:
            session.step(action)
        words.append(str(refused.value))
    assert words[0] == words[1]


def test_what_a_step_hands_out_is_not_written_again():
    one, _ = pair(TaskConfig())
    first = one.step(np.zeros((CARS, 2)))
    held = [part.copy() for part in (first.observation, first.reward, first.terminated)]
    for _ in range(5):
        one.step(np.ones((CARS, 2)))
    assert all(map(same, (first.observation, first.reward, first.terminated), held))


def test_without_the_library_numpy_steps(monkeypatch, tmp_path):
    built, _ = pair(TaskConfig())
    monkeypatch.setenv("RACEGYM_HOME", str(tmp_path))
    assert native.library() is None
    bare, _ = pair(TaskConfig())
    assert not bare.compiled
    drive((built, bare), 50)


def test_a_library_that_cannot_be_loaded_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("RACEGYM_HOME", str(tmp_path))
    native.built().parent.mkdir(parents=True)
    native.built().write_bytes(b"not a library")
    assert native.library() is None


def test_a_machine_without_a_compiler_is_told_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BackendUnavailable, match="no C compiler"):
        native.build()


def test_no_compiler_has_anything_to_say_about_it(monkeypatch):
    monkeypatch.setattr(native, "OPTIONS", (*native.OPTIONS, "-Werror", "-pedantic"))
    native._digest.cache_clear()
    assert native.build().is_file()
    native._digest.cache_clear()


def test_only_the_rows_that_are_not_finite_end():
    class Spoilt(Dice):
        def read(self):
            telemetry = super().read()
            telemetry["speed"][1] = np.nan
            return telemetry

    for compiled in (True, False):
        session = Session([Spoilt(odd=0.0)], TaskConfig(termination={}), compiled=compiled)
        session.reset(seeds=[1] * CARS)
        outcome = session.step(np.zeros((CARS, 2)))
        assert outcome.truncated.tolist() == [False, True, False]
        assert isinstance(session.fleet.faults[1], SimulatorLost)
        session.reset(np.array([1]), [1])
