"""Reward, termination, action and observation terms against hand-made telemetry."""

import itertools
import math

import numpy as np
import pytest

from racegym.actions import ActionConfig
from racegym.actuator import Actuator
from racegym.errors import ConfigurationError, InvalidAction
from racegym.observations import ObservationConfig
from racegym.observer import Observer
from racegym.rewards import REWARDS
from racegym.signals import COMMON, CONTROLS, DEFAULT_BEAM_ANGLES, SIGNALS, Controls, Telemetry
from racegym.simulator import Gearbox, SimulatorSpec
from racegym.task import Task, TaskConfig
from racegym.terminations import TERMINATIONS, Terminator
from racegym.terms import Context, Courses
from racegym.track import Track

GEARBOX = Gearbox(up=(600.0, 600.0, math.inf), down=(0.0, 300.0, 300.0))
KNOWN = frozenset(SIGNALS) - {"line_gap"}
SPEC = SimulatorSpec("made/up", 0.1, KNOWN, frozenset(CONTROLS), GEARBOX, cars=2, track=True)
STRAIGHT = Track(
    "straight", np.column_stack([np.arange(0, 1001, 1.0), np.zeros(1001)]), np.full(1001, 4.0), np.full(1001, 6.0),
    closed=False, line=np.full(1001, 2.0),
)  # fmt: skip
CONTEXT = Context(SPEC, 2, 0.1, Courses([STRAIGHT, STRAIGHT]))


def telemetry(**values) -> Telemetry:
    record = Telemetry(2, fill=0.0)
    for name, value in values.items():
        record[name] = value
    return record


def reward(name: str, before: Telemetry, now: Telemetry, **parameters) -> list[float]:
    term = REWARDS.parse({name: parameters})[name]
    return np.asarray(term.bind(CONTEXT)(before, now)).tolist()


REWARD_CASES = [
    ("progress", {}, {"distance": [5.0, 5.0]}, {"distance": [8.0, 4.0]}, [3.0, -1.0]),
    ("track_speed", {}, {}, {"velocity": [[10, 0, 0], [10, 2, 0]], "heading_error": [0, math.pi / 2]}, [10, -2]),
    ("track_speed", {"of": "forward"}, {}, {"velocity": [10, 5, 0], "heading_error": [0, math.pi]}, [10, -10]),
    ("lateral_speed", {}, {}, {"velocity": [[10, 3, 0], [10, 0, 0]], "heading_error": [0, -math.pi / 2]}, [3, 10]),
    ("offset", {}, {}, {"velocity": [10, 0, 0], "track_position": [0.5, -1.0]}, [5, 10]),
    ("speed", {}, {}, {"speed": [1, 2]}, [1, 2]),
    ("line_gap", {}, {}, {"lap_distance": 500, "track_position": [0.0, 0.6]}, [3.0, 0.0]),
    ("line_speed", {"reach": 12.0}, {}, {"speed": 10, "lap_distance": 500, "track_position": [0.0, 0.6]}, [7.5, 10.0]),
    ("off_track", {}, {}, {"off_track": [0, 1]}, [0, 1]),
    ("stuck", {}, {}, {"speed": [0.9, 1.1]}, [1, 0]),
    ("stuck", {"of": "progress", "below": 2.0}, {"distance": 7.0}, {"distance": [7.0, 9.0]}, [1, 0]),
    ("damage", {}, {"damage": 0.1}, {"damage": [0.1, 0.3]}, [0, 0.2]),
    ("damage", {"counts": "hits"}, {"damage": 0.1}, {"damage": [0.1, 0.3]}, [0, 1]),
    ("collision", {}, {}, {"collision": [0, 1]}, [0, 1]),
    ("roughness", {}, {"steer": 0, "brake": 1}, {"steer": [0, 0.6], "brake": [1, 0.2]}, [0, 1.0]),
    ("lap_completed", {}, {"laps": 1}, {"laps": [1, 2]}, [0, 1]),
    ("finished", {}, {}, {"finished": [0, 1]}, [0, 1]),
    ("overtaking", {}, {}, {"overtakes": [1, -1]}, [1, -1]),
    ("time", {}, {"time": 1.0}, {"time": 1.1}, [0.1, 0.1]),
    ("demonstration", {}, {}, {"position": [[10, 3, 0], [0, 3, 0]]}, [1, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters", "before", "now", "value"), REWARD_CASES)
def test_a_reward_term_is_worth(name, parameters, before, now, value):
    assert reward(name, telemetry(**before), telemetry(**now), **parameters) == pytest.approx(value)


def test_every_reward_term_is_tried():
    assert {case[0] for case in REWARD_CASES} == set(REWARDS.terms)


def test_shuttling_earns_no_progress():
    places = [0.0, 4.0, 1.0, 5.0, 0.0]
    steps = itertools.pairwise(places)
    assert sum(reward("progress", telemetry(distance=a), telemetry(distance=b))[0] for a, b in steps) == 0


def test_a_replacing_term_stands_alone_where_it_is_not_zero():
    config = TaskConfig.model_validate(
        {"reward": {"speed": {}, "collision": {"weight": -1.0, "replaces": True}}}
    )
    task = Task(config, SPEC, 2)
    total = task.reward(telemetry(), telemetry(speed=9, collision=[0, 1]))
    assert total.tolist() == [9.0, -1.0]


def endings(parameters: dict, *history: Telemetry) -> list[list[bool]]:
    """Whether each car has ended after each of the steps of `history`."""
    terminator = Terminator(list(TERMINATIONS.parse(parameters).values()), CONTEXT)
    terminator.reset(history[0], None)
    steps = itertools.pairwise(history)
    return [terminator(before, now).tolist() for before, now in steps]


ENDING_CASES = [
    ("demonstration_lost", {"steps": 0, "zeros": 0}, {}, {"position": [[10, 3, 0], [0, 3, 0]]}),
    ("off_track", {}, {}, {"off_track": [0, 1]}),
    ("off_track", {"margin": 1.5}, {}, {"off_track": 1, "track_position": [1.4, -1.6]}),
    ("wheels_off", {"limit": 2}, {}, {"wheels_off": [2, 3]}),
    ("wrong_way", {}, {}, {"heading_error": [1.5, -1.6]}),
    ("stuck", {"seconds": 0.0}, {}, {"speed": [1.1, 0.9]}),
    ("stuck", {"of": "progress", "seconds": 0.0}, {}, {"distance": [0.2, 0.05]}),
    ("damage", {"limit": 0.5}, {}, {"damage": [0.4, 0.5]}),
    ("collision", {}, {}, {"collision": [0, 1]}),
    ("overtaken", {}, {}, {"overtakes": [1, -1]}),
    ("race_position", {"reached": 2}, {}, {"race_position": [3, 2]}),
    ("line_gap", {"reach": 2.0}, {"lap_distance": 9}, {"lap_distance": 9, "track_position": [0.5, 0.0]}),
    ("laps", {"count": 2}, {}, {"laps": [1, 2]}),
    ("finished", {}, {}, {"finished": [0, 1]}),
]


@pytest.mark.parametrize(("name", "parameters", "before", "now"), ENDING_CASES)
def test_a_termination_term_ends_the_second_car_only(name, parameters, before, now):
    assert endings({name: parameters}, telemetry(**before), telemetry(time=0.1, **now)) == [[False, True]]


def test_every_termination_term_is_tried():
    assert {case[0] for case in ENDING_CASES} == set(TERMINATIONS.terms)


def test_a_condition_must_hold_on_end():
    ticks = [telemetry(time=0.1 * i, off_track=[1, i != 2]) for i in range(5)]
    assert endings({"off_track": {"seconds": 0.3}}, *ticks) == [
        [False] * 2,
        [False] * 2,
        [True, False],
        [True, False],
    ]


def test_a_condition_does_not_count_in_its_grace():
    ticks = [telemetry(time=0.1 * i, speed=0) for i in range(6)]
    ended = endings({"stuck": {"seconds": 0.2, "grace": 0.2}}, *ticks)
    assert [row[0] for row in ended] == [False, False, False, True, True]


def test_a_task_may_have_no_termination_and_no_reward():
    task = Task(TaskConfig.model_validate({"termination": {}, "reward": {}}), SPEC, 2)
    now = telemetry()
    task.reset(now, None)
    assert not task.terminator(now, now).any()
    assert task.reward(now, now).tolist() == [0, 0]


def drive(terms: dict, actions: list, **now) -> list[Controls]:
    actuator = Actuator(ActionConfig.model_validate({"terms": terms}), CONTEXT)
    state = telemetry(**({"gear": 1, "engine_speed": 400} | now))
    actuator.reset(state, None)
    return [actuator.decode(np.array(action), state).copy() for action in actions]


def test_one_pedal_axis_is_throttle_and_brake():
    (controls,) = drive({"pedal": {}, "automatic_gears": {}}, [[[0.5], [-0.25]]])
    assert controls["throttle"].tolist() == [0.5, 0.0]
    assert controls["brake"].tolist() == [0.0, 0.25]


def test_separate_pedals_span_their_range():
    (controls,) = drive({"throttle": {}, "brake": {}, "automatic_gears": {}}, [[[-1, 1], [0, -1]]])
    assert controls["throttle"].tolist() == [0.0, 0.5]
    assert controls["brake"].tolist() == [1.0, 0.0]


def test_a_lever_may_be_released_below_zero():
    (controls,) = drive({"throttle": {"released": 0}, "automatic_gears": {}}, [[[0.5], [-0.5]]])
    assert controls["throttle"].tolist() == [0.5, 0.0]


def test_a_lever_with_a_rate_starts_released():
    steps = drive({"throttle": {"rate": 2.0}, "automatic_gears": {}}, [[[1.0], [-1.0]]] * 2)
    assert [c["throttle"].tolist() for c in steps] == [[0.2, 0.0], [0.4, 0.0]]


def test_a_rate_limits_how_fast_an_axis_follows():
    steps = drive({"steer": {"rate": 2.0}, "automatic_gears": {}}, [[[1.0], [-0.1]]] * 3)
    assert [c["steer"].tolist() for c in steps] == [[0.2, -0.1], [0.4, -0.1], pytest.approx([0.6, -0.1])]


def test_a_relative_action_moves_the_control_from_where_it_was():
    steps = drive({"steer": {"mode": "relative", "rate": 5.0}, "automatic_gears": {}}, [[[1.0], [-0.5]]] * 3)
    assert steps[-1]["steer"].tolist() == pytest.approx([1.0, -0.75])


def test_relative_without_a_rate_is_refused():
    with pytest.raises(ConfigurationError, match="rate"):
        drive({"steer": {"mode": "relative"}, "automatic_gears": {}}, [])


def test_gears_follow_the_shift_points_with_a_pause():
    actions = [[[1.0], [1.0]]] * 5
    steps = drive({"pedal": {}, "automatic_gears": {"pause": 0.2}}, actions, engine_speed=[700, 400])
    assert [c["gear"].tolist() for c in steps] == [[2, 1], [2, 1], [3, 1], [3, 1], [3, 1]]


def test_a_brake_held_at_standstill_drives_backwards():
    steps = drive({"pedal": {}, "automatic_gears": {"pause": 0.1}}, [[[-0.8], [0.0]]] * 4)
    assert steps[0]["brake"].tolist() == [0.8, 0.0]
    assert steps[-1]["gear"].tolist() == [-1, 1]
    assert steps[-1]["throttle"].tolist() == [0.8, 0.0]
    assert steps[-1]["brake"].tolist() == [0.0, 0.0]


def test_gears_by_hand_shift_one_at_a_time():
    (controls,) = drive({"pedal": {}, "gear_shift": {}}, [[[0, 1.0], [0, -1.0]]], gear=[2, -1])
    assert controls["gear"].tolist() == [3, -1]


def test_keys_are_a_discrete_choice_of_combinations():
    terms = {"keys": {"combinations": ((), ("up", "left"), ("down", "right"))}, "automatic_gears": {}}
    (controls,) = drive(terms, [[1, 2]])
    assert controls["steer"].tolist() == [1, -1]
    assert controls["throttle"].tolist() == [1, 0]
    assert controls["brake"].tolist() == [0, 1]


def test_something_must_set_the_gear():
    with pytest.raises(ConfigurationError, match="automatic_gears"):
        drive({"steer": {}}, [])


@pytest.mark.parametrize("action", [[[np.nan, 0], [0, 0]], [[0, 0]], [0, 0], [[0, 0, 0], [0, 0, 0]]])
def test_a_bad_action_is_refused(action):
    with pytest.raises(InvalidAction):
        drive({"steer": {}, "pedal": {}, "automatic_gears": {}}, [action])


@pytest.mark.parametrize("action", [[0, 9], [-1, 0], [0.0, 1.0], [0]])
def test_a_bad_choice_is_refused(action):
    with pytest.raises(InvalidAction):
        drive({"keys": {}, "automatic_gears": {}}, [action])


def test_numbers_beyond_the_range_are_clipped():
    (controls,) = drive({"steer": {}, "automatic_gears": {}}, [[[7.0], [-np.inf]]])
    assert controls["steer"].tolist() == [1.0, -1.0]


def observer(terms: dict, **config) -> Observer:
    return Observer(ObservationConfig.model_validate({"terms": terms, **config}), CONTEXT)


def test_the_default_observation_is_drawn_from_the_common_set():
    default = Observer(ObservationConfig(), CONTEXT)
    assert set(default.layout) <= set(COMMON)
    assert default.space.shape == (32,)
    assert np.isfinite(default.space.low).all() and np.isfinite(default.space.high).all()


def test_a_signal_is_divided_by_its_scale():
    eye = observer({"speed": {"scale": 20.0}, "gear": {}})
    seen = eye.observe(telemetry(speed=[10, 40], gear=3), Controls(2))
    assert seen.tolist() == [[0.5, 0.5], [2.0, 0.5]]


def test_past_values_follow_newest_first():
    eye = observer({"speed": {"scale": 1.0, "history": 2}, "gear": {"scale": 1.0}})
    eye.begin(telemetry(speed=1), Controls(2), None)
    for speed in (2, 3, 4):
        seen = eye.observe(telemetry(speed=speed, gear=speed), Controls(2))
    assert seen[0].tolist() == [4, 3, 2, 4]


def test_the_past_of_a_reset_row_is_its_first_value_or_zero():
    for past, expected in (("first", [7, 7, 7]), ("zero", [7, 0, 0])):
        eye = observer({"speed": {"scale": 1.0, "history": 2}}, past=past)
        eye.begin(telemetry(speed=1), Controls(2), None)
        eye.observe(telemetry(speed=2), Controls(2))
        eye.begin(telemetry(speed=[7, 2]), Controls(2), np.array([0]))
        assert eye.current()[0].tolist() == expected
        assert eye.current()[1, 0] == 2


def test_a_dict_has_one_box_a_term():
    eye = observer({"speed": {}, "velocity": {}}, format="dict")
    seen = eye.observe(telemetry(), Controls(2))
    assert {label: part.shape for label, part in seen.items()} == {"speed": (2, 1), "velocity": (2, 3)}
    assert eye.space.contains({label: part[0] for label, part in seen.items()})


def test_range_finders_are_picked_from_those_there_are():
    eye = observer({"rangefinders_at": {"angles": (0.0, 90.0)}})
    ranges = np.arange(19.0) * 10
    seen = eye.observe(telemetry(rangefinders=ranges), Controls(2))
    assert seen[0].tolist() == pytest.approx([0.45, 0.0])


def test_range_finders_elsewhere_are_cast_from_the_pose():
    eye = observer({"rangefinders_at": {"angles": (45.0, -30.0)}})
    now = telemetry(position=[500, 0, 0], lap_distance=500, yaw=0)
    seen = eye.observe(now, Controls(2))
    assert seen[0].tolist() == pytest.approx([4 * math.sqrt(2) / 200, 12 / 200], rel=1e-3)


def test_the_line_ahead_is_seen_in_half_widths():
    eye = observer({"line_ahead": {"points": 2}, "line_gap": {"scale": 1.0}, "curvature": {"points": 3}})
    seen = eye.observe(telemetry(lap_distance=100, track_position=0.0), Controls(2))
    assert seen[0].tolist() == pytest.approx([0.6, 0.6, -3.0, 0, 0, 0], abs=1e-6)


def test_the_commands_sent_are_seen():
    controls = Controls(2)
    controls["steer"], controls["brake"] = 0.5, 0.25
    assert observer({"commands": {}}).observe(telemetry(), controls)[0].tolist() == [0.5, 0.0, 0.25]


def test_observations_stay_inside_their_bounds():
    eye = Observer(ObservationConfig(), CONTEXT)
    for value in (1e9, -1e9):
        seen = eye.observe(Telemetry(2, fill=value), Controls(2))
        assert eye.space.contains(seen[0])


def test_a_term_that_needs_the_course_is_refused_without_one():
    blind = SimulatorSpec("made/up", 0.1, frozenset(SIGNALS), frozenset(CONTROLS), GEARBOX)
    config = TaskConfig.model_validate({"reward": {"line_gap": {}}})
    with pytest.raises(ConfigurationError, match="line_gap.*made/up"):
        Task(config, blind, 1)


def test_default_beams_are_those_of_the_spec():
    assert SPEC.beam_angles == DEFAULT_BEAM_ANGLES


def test_chosen_moments_follow_in_the_order_of_their_ages():
    eye = observer({"speed": {"scale": 1.0, "ages": [3, 1]}, "gear": {"scale": 1.0}}, past="zero")
    eye.begin(telemetry(speed=1), Controls(2), None)
    for speed in (2, 3, 4):
        seen = eye.observe(telemetry(speed=speed, gear=speed), Controls(2))
    assert seen[0].tolist() == [1, 3, 4]


def test_a_group_orders_the_past_by_moments_and_reads_equal_terms_once():
    inner = {"speed": {"scale": 1.0}, "velocity": {"scale": 1.0, "part": [0]}}
    eye = observer(
        {"now": {"term": "group", "terms": inner}, "past": {"term": "group", "terms": inner, "ages": [2, 1]}}
    )
    eye.begin(telemetry(speed=1, velocity=[10, 0, 0]), Controls(2), None)
    for step in (2, 3):
        seen = eye.observe(telemetry(speed=step, velocity=[10 * step, 5, 5]), Controls(2))
    assert seen[0].tolist() == [3, 30, 1, 10, 2, 20]
    assert eye._width == 2


def test_a_group_speaks_for_what_its_terms_need():
    blind = SimulatorSpec("made/up", 0.1, frozenset(SIGNALS), frozenset(CONTROLS), GEARBOX)
    terms = {"both": {"term": "group", "terms": {"curvature": {}}}}
    with pytest.raises(ConfigurationError, match="both.curvature.*made/up"):
        Task(TaskConfig.model_validate({"observation": {"terms": terms}}), blind, 1)


def test_a_signal_may_be_shifted_turned_round_and_cut():
    eye = observer(
        {"gear": {"scale": 8, "offset": 1}, "steer": {"scale": -2}, "velocity": {"part": [1, 0], "scale": 10}}
    )
    seen = eye.observe(telemetry(gear=3, steer=0.5, velocity=[20, 1, 0]), Controls(2))
    assert seen[0].tolist() == pytest.approx([0.5, -0.25, 0.1, 2.0])
    with pytest.raises(ConfigurationError, match="velocity has 3 numbers"):
        observer({"velocity": {"part": [3]}})


def test_a_threshold_and_the_course_are_flags():
    eye = observer(
        {
            "off": {"term": "threshold", "signal": "wheels_off", "above": 2},
            "course": {"names": ["loop", "straight"]},
        }
    )
    seen = eye.observe(telemetry(wheels_off=[2, 3]), Controls(2))
    assert seen.tolist() == [[0, 0, 1], [1, 0, 1]]


def test_the_gap_to_the_line_is_the_simulators_own_where_it_has_one():
    knowing = SimulatorSpec("made/up", 0.1, frozenset(SIGNALS), frozenset(CONTROLS), GEARBOX, track=True)
    now = telemetry(line_gap=7.0, lap_distance=100, track_position=0.0)
    for spec, gap in ((knowing, 7.0), (SPEC, -2.0 - 1.0)):
        context = Context(spec, 2, 0.1, Courses([STRAIGHT, STRAIGHT]))
        assert context.line_gap(now).tolist() == pytest.approx([gap, gap])


def test_the_wheel_turns_no_faster_than_its_rate():
    spec = SimulatorSpec(
        "made/up", 0.1, frozenset(SIGNALS), frozenset(CONTROLS), GEARBOX, cars=2, steering_lock=4.0
    )
    config = ActionConfig.model_validate(
        {"terms": {"steer": {"mode": "relative", "wheel_rate": 10.0}, "automatic_gears": {}}}
    )
    actuator = Actuator(config, Context(spec, 2, 0.1))
    assert actuator.decode(np.ones((2, 1)), telemetry())["steer"].tolist() == pytest.approx([0.25, 0.25])
    with pytest.raises(ConfigurationError, match="wheel_rate: made/up"):
        Actuator(config, CONTEXT)


def test_an_expert_decides_what_no_other_term_does():
    (controls,) = drive({"expert": {}}, [np.zeros((2, 0))])
    for name in ("steer", "throttle", "brake", "clutch", "gear"):
        assert np.isnan(controls[name]).all()
    for terms in ({"expert": {}, "steer": {}}, {"steer": {}, "expert": {}}):
        (controls,) = drive(terms, [[[0.5], [-0.25]]])
        assert controls["steer"].tolist() == [0.5, -0.25]
        assert np.isnan(controls["gear"]).all()


def test_an_expert_alone_leaves_an_action_without_numbers():
    config = ActionConfig.model_validate({"terms": {"expert": {}}})
    actuator = Actuator(config, CONTEXT)
    assert actuator.space.shape == (0,)
    with pytest.raises(InvalidAction):
        actuator.decode(np.zeros((2, 1)), telemetry())
    nobody = SimulatorSpec("made/up", 0.1, frozenset(COMMON), frozenset(CONTROLS), GEARBOX, cars=2)
    with pytest.raises(ConfigurationError, match="expert: made/up has none"):
        Actuator(config, Context(nobody, 2, 0.1))


def test_commands_that_an_expert_chose_are_seen_as_they_were_applied():
    observer = Observer(ObservationConfig.model_validate({"terms": {"commands": {}}}), CONTEXT)
    controls = Controls(2)
    controls["steer"], controls["throttle"] = [0.5, np.nan], np.nan
    seen = observer.observe(telemetry(steer=[0.4, -0.3], throttle=0.7, brake=0.1), controls)
    np.testing.assert_allclose(seen, [[0.5, 0.7, 0.0], [-0.3, 0.7, 0.0]], rtol=1e-6)
