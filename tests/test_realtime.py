"""Real time: rtgym's clock around any simulator and task, errors that end it, timing, spaces.

Means and medians, not extremes: the machine may be busy.
"""

from __future__ import annotations

import functools
import threading
import time
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from simulators import Mortal

import racegym
from racegym.clock import ClockConfig, Paced
from racegym.errors import ConfigurationError, InvalidAction, SimulatorLost
from racegym.realtime import RealtimeSession
from racegym.signals import Controls, Telemetry
from racegym.task import TaskConfig

REALTIME = {"clock.realtime": 0.02}
FULL = np.array([0.0, 1.0], np.float32)


@pytest.fixture
def env():
    env = racegym.make("bicycle/oval", overrides=REALTIME)
    yield env
    env.close()


def session(simulator, **options) -> RealtimeSession:
    clock = ClockConfig(realtime=0.02, **options)
    return RealtimeSession([simulator], TaskConfig(), clock, 0.02, faults_in_a_row=2)


def test_gymnasium_checks_pass(env):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*not within the observation space.*")
        check_env(env, skip_render_check=True)


def test_it_is_registered_as_not_deterministic():
    env = gymnasium.make("racegym/RealTimeRace-v0", config="bicycle/oval", overrides=REALTIME)
    assert env.spec.nondeterministic
    env.reset(seed=1)
    env.close()


def test_steps_take_their_time_on_the_wall(env):
    env.reset(seed=1)
    env.step(FULL)
    began = time.perf_counter()
    for _ in range(50):
        env.step(FULL)
    taken = time.perf_counter() - began
    summary = env.session.timing.summary()
    # never shorter, but for one step that is caught up; on a busy machine they may be longer
    assert taken > 0.97
    assert summary["interval_mean"] == pytest.approx(taken / 50, rel=0.2)
    assert summary["interval_median_deviation"] < 0.005 or summary["late"] > 0


def test_an_observation_shows_what_the_action_before_did(env):
    env.reset(seed=1)
    observation, *_ = env.step(FULL)
    layout = env.session.layout
    assert observation[layout["throttle"]] == 0, "the first step ran with nothing pressed"
    assert observation[layout["action_0"]].tolist() == FULL.tolist()
    half = np.array([0.0, 0.5], np.float32)
    # one step late, or a few more on a busy machine
    assert any(env.step(half)[0][layout["throttle"]] == 0.5 for _ in range(10))


def test_the_last_actions_are_named_parts_of_a_dict():
    overrides = {**REALTIME, "task.observation.format": "dict", "clock.actions": 2}
    env = racegym.make("bicycle/oval", overrides=overrides)
    env.reset(seed=1)
    env.step(FULL)
    observation, *_ = env.step(-FULL)
    assert isinstance(env.observation_space, gymnasium.spaces.Dict)
    assert (observation["action_0"].tolist(), observation["action_1"].tolist()) == (
        (-FULL).tolist(),
        FULL.tolist(),
    )
    assert observation in env.observation_space
    env.close()


def test_without_a_buffer_the_space_is_that_of_lockstep():
    env = racegym.make("bicycle/oval", overrides={**REALTIME, "clock.actions": 0})
    assert env.observation_space == racegym.make("bicycle/oval").observation_space


def test_choices_enter_the_buffer_one_hot():
    keys = {"task.action.terms": {"keys": {}, "automatic_gears": {}}}
    env = racegym.make("bicycle/oval", overrides={**REALTIME, **keys})
    env.reset(seed=1)
    observation, *_ = env.step(2)
    assert observation[env.session.layout["action_0"]].tolist() == np.eye(9)[2].tolist()
    env.close()


def test_an_action_that_the_caller_changes_later_is_not_changed(env):
    env.reset(seed=1)
    action = FULL.copy()
    env.step(action)
    action[:] = -1
    observation, *_ = env.step(FULL)
    assert observation[env.session.layout["action_0"]].tolist() == FULL.tolist()
    assert env.session.controls["throttle"][0] in (1.0,)


def test_a_wrong_action_is_an_error_at_once(env):
    env.reset(seed=1)
    with pytest.raises(InvalidAction):
        env.step(np.array([np.nan, 0.0]))
    with pytest.raises(InvalidAction):
        env.step(np.zeros(3))


def test_the_throttle_is_released_by_default():
    terms = {"task.action.terms": {"steer": {}, "throttle": {}, "automatic_gears": {}}}
    env = racegym.make("bicycle/oval", overrides={**REALTIME, **terms})
    env.reset(seed=1)
    _ = [env.step(np.array([0.0, -1.0], np.float32)) for _ in range(3)]
    assert env.session.now["speed"][0] < 0.1
    env.close()


def test_a_simulator_that_dies_ends_the_episode_and_comes_back():
    mortal = Mortal()
    drive = session(mortal)
    drive.reset()
    drive.step(FULL[None])
    mortal.die()
    # the step that runs at that moment may be over, or not
    assert drive.step(FULL[None]).truncated[0] or drive.step(FULL[None]).truncated[0]
    assert drive.info(0, True)["ended_by"] == "fault"
    with pytest.raises(InvalidAction, match="reset"):
        drive.step(FULL[None])
    assert drive.reset().shape == (1, 34)
    assert mortal.opened == 2
    drive.close()


class Broken(Mortal):
    """Raises an error that is none of ours."""

    def __init__(self, verb: str) -> None:
        super().__init__()
        self._verb = verb
        self.broken = False

    def send(self, controls):
        if self.broken and self._verb == "send":
            raise ZeroDivisionError("send")
        return super().send(controls)

    def read(self):
        if self.broken and self._verb == "read":
            raise ZeroDivisionError("read")
        return super().read()

    def reset(self, seed=None, options=None, cars=None):
        if self.broken and self._verb == "reset":
            raise ZeroDivisionError("reset")
        return super().reset(seed, options, cars)


@pytest.mark.parametrize("verb", ["send", "read", "reset"])
def test_whatever_goes_wrong_anywhere_is_raised_from_our_own_call(verb):
    broken = Broken(verb)
    drive = session(broken)
    drive.reset()
    broken.broken = True

    def drive_on():
        if verb == "reset":
            drive.reset()
        for _ in range(20):
            drive.step(FULL[None])

    raised = in_time(drive_on)
    assert isinstance(raised, ZeroDivisionError)
    broken.broken = False
    drive.reset()
    drive.step(FULL[None])
    drive.close()


def in_time(act, seconds: float = 10.0) -> BaseException | None:
    """What `act` raises; a hang is a failure."""
    raised: list[BaseException] = []

    def run():
        try:
            act()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it hangs"
    return raised[0] if raised else None


def until(holds, seconds: float = 20.0) -> None:
    """Wait for it."""
    end = time.perf_counter() + seconds
    while not holds():
        assert time.perf_counter() < end, "it never holds"


def test_late_steps_are_told_in_info_and_statistics(env):
    env.reset(seed=1)
    for _ in range(3):
        env.step(FULL)
    sent = len(env.session.timing.sending)
    env.step(FULL)
    until(lambda: len(env.session.timing.sending) > sent)
    end = time.perf_counter() + 0.1
    until(lambda: time.perf_counter() > end)
    env.step(FULL)
    *_, info = env.step(FULL)
    assert info["clock"]["late"]
    assert info["clock"]["interval"] > 0.09
    assert env.session.timing.late >= 1


def test_a_late_step_goes_on_where_warnings_are_errors(env):
    env.reset(seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            env.step(FULL)
            end = time.perf_counter() + 0.1
            until(lambda end=end: time.perf_counter() > end)
        before = env.session.timing.steps
        assert in_time(lambda: [env.step(FULL) for _ in range(3)]) is None
        assert env.session.timing.steps >= before + 2, "each step was seen"


def test_unknown_keys_are_refused():
    with pytest.raises(ConfigurationError, match=r"clock.realtim"):
        racegym.make("bicycle/oval", overrides={"clock.realtim": 0.05})


@pytest.mark.parametrize(
    ("config", "rows", "overrides"),
    [
        ("bicycle/oval", 2, REALTIME),
        ("trackmania/stand-in", 1, {"clock.realtime": None}),
        ("trackmania/stand-in", 3, None),
        ("assetto_corsa/stand-in", 2, None),
    ],
)
def test_a_vector_says_what_to_use_instead(config, rows, overrides):
    with pytest.raises(ConfigurationError, match="AsyncVectorEnv"):
        racegym.make_vec(config, rows, overrides=overrides)


def test_what_it_says_works():
    from gymnasium.vector import AsyncVectorEnv

    env = AsyncVectorEnv([functools.partial(racegym.make, "bicycle/oval", overrides=REALTIME)] * 2)
    observations, _ = env.reset(seed=1)
    *_, infos = env.step(np.stack([FULL, FULL]))
    assert observations.shape[0] == 2 and "clock" in infos
    env.close()


def test_a_term_goes_by_the_clocks_step():
    relative = {"task.action.terms.steer": {"mode": "relative", "rate": 5.0}}
    env = racegym.make("bicycle/oval", overrides={"clock.realtime": 0.1, **relative})
    env.reset(seed=1)
    env.step(np.array([1.0, 0.0], np.float32))
    env.step(np.array([1.0, 0.0], np.float32))
    assert env.session.controls["steer"][0] == pytest.approx(0.5)
    env.close()


def test_an_action_that_is_checked_leaves_alone_the_one_that_is_about_to_act():
    actuator = racegym.make("bicycle/oval").unwrapped.session.task.actuator
    held = actuator.checked(np.array([[0.25, 0.0]]))
    controls = actuator.decode(np.array([[0.5, 0.0]]), Telemetry(1))
    actuator.checked(np.array([[1.0, 1.0]]))
    assert held[0, 0] == 0.25
    assert controls["steer"][0] == 0.5


def test_closing_leaves_no_thread():
    before = set(threading.enumerate())
    env = racegym.make("bicycle/oval", overrides=REALTIME)
    env.reset(seed=1)
    env.step(FULL)
    env.close()
    env.close()
    assert set(threading.enumerate()) <= before


def test_a_paced_simulator_stands_still_until_it_is_sent_to():
    paced = Paced(Mortal())
    with pytest.raises(SimulatorLost):
        paced.send(Controls(1))
    paced.open()
    paced.reset()
    assert paced.newest()["time"][0] == 0
    paced.send(Controls(1))
    periods = np.array([paced.read()["time"][0] for _ in range(10)]) / 0.02
    assert periods == pytest.approx(periods.round()), "whole periods"
    assert (np.diff(periods.round()) >= 1).all(), "each newer than the last; a busy machine may miss some"
    paced.close()
