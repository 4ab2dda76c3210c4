"""Sessions: faults touch their own rows only, and the next reset mends them."""

import numpy as np
import pytest
from simulators import Mortal, bicycle

from racegym.errors import ConfigurationError, SimulatorLost
from racegym.session import Session
from racegym.signals import Telemetry
from racegym.task import TaskConfig
from racegym.truncation import REASONS, TruncationConfig

FULL = np.array([0.0, 1.0], np.float32)


def started(count: int = 2, **kwargs) -> tuple[list[Mortal], Session]:
    simulators = [Mortal() for _ in range(count)]
    session = Session(simulators, TaskConfig(), **kwargs)
    session.reset(seeds=[1] * count)
    return simulators, session


def drive(session: Session, steps: int = 60):
    for _ in range(steps):
        outcome = session.step(np.tile(FULL, (session.cars, 1)))
    return outcome


def test_a_lost_simulator_truncates_its_own_row_with_the_last_observation_and_no_reward():
    simulators, session = started()
    last = drive(session).observation
    simulators[1].die()
    outcome = drive(session, 1)
    assert outcome.truncated.tolist() == [False, True]
    assert outcome.terminated.tolist() == [False, False]
    assert outcome.reward[0] > 0
    assert outcome.reward[1] == 0
    assert np.array_equal(outcome.observation[1], last[1])
    assert not np.array_equal(outcome.observation[0], last[0])
    assert session.ended_by(1) == "fault"


def test_the_next_reset_starts_a_lost_simulator_anew():
    simulators, session = started()
    drive(session)
    simulators[1].die()
    drive(session, 1)
    session.reset(np.array([1]), [1])
    assert [simulator.opened for simulator in simulators] == [1, 2]
    assert drive(session).truncated.tolist() == [False, False]
    assert session.now["time"].tolist() == pytest.approx([121 * 0.02, 60 * 0.02])


def test_telemetry_that_is_not_finite_is_a_fault():
    simulators, session = started()
    drive(session)
    simulators[0].spoil = True
    outcome = drive(session, 1)
    assert outcome.truncated.tolist() == [True, False]
    assert np.isfinite(outcome.observation).all()
    assert np.isfinite(outcome.reward).all()
    assert "not finite" in str(session.fleet.faults[0])


def test_several_faults_in_a_row_raise():
    simulators, session = started(1)
    for _ in range(2):
        simulators[0].die()
        assert drive(session, 1).truncated[0]
        session.reset(seeds=[1])
    simulators[0].die()
    with pytest.raises(SimulatorLost, match="3 lost episodes in a row"):
        drive(session, 1)


def test_a_second_of_driving_between_faults_forgives_them():
    simulators, session = started(1)
    for _ in range(5):
        drive(session, 60)
        simulators[0].die()
        assert drive(session, 1).truncated[0]
        session.reset(seeds=[1])


def test_a_pool_may_lose_one_row_alone():
    pool = Mortal(cars=3)
    session = Session([pool], TaskConfig())
    session.reset(seeds=[1, 2, 3])
    drive(session)
    pool.lose(1)
    outcome = drive(session, 1)
    assert outcome.truncated.tolist() == [False, True, False]
    assert outcome.reward[1] == 0
    session.reset(np.array([1]), [1])
    assert pool.opened == 1
    assert not drive(session, 5).truncated.any()


def test_on_fault_raise_raises_at_once():
    simulators, session = started(1, on_fault="raise")
    simulators[0].die()
    with pytest.raises(SimulatorLost, match="it died"):
        drive(session, 1)


def test_a_simulator_that_dies_in_reset_is_tried_again():
    simulators, session = started(1)
    original = simulators[0].reset
    failures = [SimulatorLost("mortal: not yet")]

    def reset(*args, **kwargs):
        if failures:
            raise failures.pop()
        return original(*args, **kwargs)

    simulators[0].reset = reset
    session.reset(seeds=[1])
    assert simulators[0].opened == 2


def test_simulators_of_different_kinds_cannot_share_a_session():
    other = Mortal()
    other.spec = type(other.spec)(**{**vars(other.spec), "period": 0.04})
    with pytest.raises(ConfigurationError, match="period"):
        Session([Mortal(), other], TaskConfig())


def test_action_repeat_drives_several_periods_a_step():
    session = Session([Mortal()], TaskConfig.model_validate({"action": {"repeat": 5}}))
    session.reset(seeds=[1])
    drive(session, 10)
    assert session.now["time"][0] == pytest.approx(1.0)


def test_an_event_of_any_period_of_a_repeated_action_counts():
    simulator = Mortal()
    session = Session([simulator], TaskConfig.model_validate({"action": {"repeat": 4}}))
    session.reset(seeds=[1])
    for period, happened in ((0, 1), (3, 1), (4, 0)):
        simulator.bump_after(period)
        drive(session, 1)
        assert session.now["collision"][0] == happened
    drive(session, 1)


def test_time_and_step_limits_truncate():
    for limit, name in (({"steps": 7}, "steps"), ({"seconds": 0.14}, "time")):
        session = Session([Mortal()], TaskConfig.model_validate({"truncation": limit}))
        session.reset(seeds=[1])
        assert not drive(session, 6).truncated[0]
        outcome = drive(session, 1)
        assert outcome.truncated[0] and not outcome.terminated[0]
        assert session.ended_by(0) == name


def test_limits_are_reached_row_by_row_and_named_in_their_order():
    rows = Telemetry(3)
    rows["time"], rows["laps"] = [1.0, 2.0, np.nan], [0, 1, 2]
    reached = TruncationConfig(seconds=2.0, laps=2).reached(np.array([10, 20, 30]), rows)
    assert dict(zip(REASONS, reached.tolist(), strict=True)) == {
        "steps": [False] * 3,
        "time": [False, True, False],
        "laps": [False, False, True],
    }


def test_restoring_a_snapshot_repeats_the_episode_bit_by_bit():
    task = {
        "observation": {"terms": {"speed": {"history": 3}, "rangefinders": {}}},
        "action": {
            "terms": {
                "steer": {"rate": 1.0},
                "pedal": {"mode": "relative", "rate": 2.0},
                "automatic_gears": {},
            }
        },
        "termination": {"off_track": {"seconds": 1.0}},
        "truncation": {"steps": 200},
    }
    session = Session([bicycle()], TaskConfig.model_validate(task))
    session.reset(seeds=[1])
    actions = np.random.default_rng(1).uniform([-0.3, 0.2], [0.3, 1.0], (260, 1, 2))
    for action in actions[:60]:
        session.step(action)
    held = session.save()
    first = [session.step(action) for action in actions[60:]]
    last = session.task.observer.current()
    for _ in range(2):
        session.restore(held)
        again = [session.step(action) for action in actions[60:]]
        for one, other in zip(first, again, strict=True):
            assert np.array_equal(one.observation, other.observation)
            assert np.array_equal(one.reward, other.reward)
            assert one.terminated == other.terminated
            assert one.truncated == other.truncated
    assert np.array_equal(session.task.observer.current(), last)
    session.release(held)


def test_a_simulator_without_snapshots_says_so():
    _, session = started(1)
    with pytest.raises(ConfigurationError, match="cannot keep snapshots"):
        session.save()
