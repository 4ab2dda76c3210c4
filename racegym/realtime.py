"""Real time: a simulator and a task under rtgym (https://github.com/yannbouteiller/rtgym), on the clock on the wall.

`Interface` is what rtgym drives, in a thread of its own: actions go out at the beginning of a step, telemetry is
taken near its end, and judged at once. `RealtimeSession` stands in for a `Session`: its `step` waits for the running
step to end, hands its outcome out and lets the next step run with the new action, while the agent thinks. So an
observation shows what the action *before* did; the last actions are named parts of it (``action_0`` newest, ...).

rtgym waits for ever when its interface raises. Ours never does: what goes wrong is remembered, ends the episode, and
is raised by `RealtimeSession.step`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from rtgym.envs.real_time_env import RealTimeEnv, RealTimeGymInterface

from racegym.clock import ClockConfig, Paced
from racegym.errors import ConfigurationError, InvalidAction
from racegym.session import Outcome, Session
from racegym.signals import Controls, Telemetry
from racegym.simulator import Simulator
from racegym.task import TaskConfig
from racegym.timing import Timing

LAST = "action"


class Interface(RealTimeGymInterface):
    """A session in rtgym's terms. Nothing that happens in it leaves it as an exception."""

    def __init__(self, session: Session, timing: Timing) -> None:
        self.session = session
        self.timing = timing
        self.error: Exception | None = None
        self.reset_rows: tuple[Any, Any, Any] = (None, None, None)
        self._last: tuple[Any, np.ndarray] = ((), np.zeros(0))

    def send_control(self, control: Any) -> None:
        """Send an action ``(cars, ...)``; None does nothing."""
        if control is None or self.error is not None:
            return
        began = self.timing.send_begins()
        try:
            self.session.act(control)
        except Exception as error:  # rtgym would swallow it and return the last observation again
            self.error = error
        self.timing.sent(began)

    def reset(self, seed: Any = None, options: Any = None) -> tuple[list[Any], dict[str, Any]]:
        """The first observation; an error is remembered, and the caller asks for it."""
        self.error = None
        self.timing.pause()
        observation: Any = ()
        try:
            observation = self.session.reset(*self.reset_rows)
        except Exception as error:
            self.error = error
        return [observation], {"telemetry": self.session.now.block.copy()}

    def get_obs_rew_terminated_info(self) -> tuple[list[Any], Any, bool, dict[str, Any]]:
        """The step's end as far as rtgym is concerned; the whole `Outcome` goes along in the info."""
        began = time.perf_counter()
        if self.error is None:
            try:
                return self._observe(began)
            except Exception as error:  # rtgym would wait for ever
                self.error = error
        return [None], 0.0, True, {}

    def _observe(self, began: float) -> tuple[list[Any], Any, bool, dict[str, Any]]:
        session = self.session
        outcome = session.observe()
        timing = self.timing.captured(began, session.age)
        ended = bool((outcome.terminated | outcome.truncated).any())
        infos = [
            session.info(row, bool(outcome.terminated[row] | outcome.truncated[row]))
            for row in range(session.cars)
        ]
        for info in infos:
            info["clock"] = timing
        extra = {
            "outcome": outcome,
            "infos": infos,
            "telemetry": session.now.block.copy(),
            "controls": session.controls.block.copy(),
            "faults": dict(session.fleet.faults),
        }
        return [outcome.observation], outcome.reward, ended, extra

    def get_observation_space(self) -> spaces.Tuple:
        return spaces.Tuple((self.session.task.observer.space,))

    def get_action_space(self) -> Any:
        return self.session.task.actuator.space

    def get_default_action(self) -> np.ndarray:
        """What acts before the agent's first action: nothing pressed."""
        return np.stack([self.session.task.actuator.idle] * self.session.cars)


class _Clock(RealTimeEnv):
    """rtgym's clock without its warning of each late step, which info and statistics tell.

    Where warnings are errors it would end rtgym's thread in the middle of a step, and the next would wait for ever.
    """

    def _update_timestamps(self) -> None:
        self.is_waiting = True  # rtgym's word for a delay that is meant, of which it says nothing
        super()._update_timestamps()


class _Seen:
    """A fleet, but with the faults of the last outcome."""

    def __init__(self, fleet: Any, faults: Mapping[int, Any]) -> None:
        self._fleet = fleet
        self.faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fleet, name)


class RealtimeSession:
    """As `Session`, for steps of `step` s on the clock on the wall; one car a simulator, episodes begin together.

    Simulators that wait for us are paced. `now` is the telemetry behind the last outcome, a copy that does not change
    while the next step runs. `timing` holds the statistics; each info holds its step's under ``clock``.
    """

    def __init__(
        self,
        simulators: Sequence[Simulator],
        task: TaskConfig,
        clock: ClockConfig,
        step: float,
        on_fault: Literal["truncate", "raise"] = "truncate",
        faults_in_a_row: int = 3,
    ) -> None:
        live = [Paced(simulator) if simulator.spec.lockstep else simulator for simulator in simulators]
        self._inner = Session(live, task, on_fault, faults_in_a_row, period=step)
        self.timing = Timing(step, clock.elasticity)
        self._interface = Interface(self._inner, self.timing)
        # A config of our own, whole: rtgym ignores keys that it does not know, and shares its defaults with everybody.
        self._rtgym = _Clock(
            {
                "interface": lambda: self._interface,
                "time_step_duration": step,
                "start_obs_capture": clock.capture * step,
                "time_step_timeout_factor": clock.elasticity,
                "ep_max_length": math.inf,
                "act_in_obs": clock.actions > 0,
                "act_buf_len": max(clock.actions, 1),
                "reset_act_buf": True,
                "benchmark": False,
                "wait_on_done": False,
                "last_act_on_reset": False,
            }
        )
        self._buffered = clock.actions
        self.cars = self._inner.cars
        self.spec = self._inner.spec
        self.task = self._inner.task
        self.derived = self._inner.derived
        self.now = Telemetry(self.cars)
        self.before = Telemetry(self.cars)
        self.controls = Controls(self.cars)
        """What acted during the step behind the last outcome."""
        self._infos: list[dict[str, Any]] = [{} for _ in range(self.cars)]
        self._faults: dict[int, Any] = {}
        self._began = False
        actuator = self.task.actuator
        self._choices = int(actuator.space.n) if isinstance(actuator.space, spaces.Discrete) else 0
        self.observation_space = self._space()

    @property
    def tracks(self) -> list[Any]:
        return self._inner.tracks

    @property
    def fleet(self) -> Any:
        """The fleet as it was at the last outcome: the running step does not change its `faults`."""
        return _Seen(self._inner.fleet, self._faults)

    @property
    def layout(self) -> dict[str, slice]:
        """As `Observer.layout`, the last actions included."""
        layout = dict(self.task.observer.layout)
        start = max((place.stop for place in layout.values()), default=0)
        width = self._choices or self.task.actuator.space.shape[0]  # pyright: ignore[reportOptionalSubscript]
        for age in range(self._buffered):
            layout[f"{LAST}_{age}"] = slice(start + age * width, start + (age + 1) * width)
        return layout

    def reset(
        self,
        rows: np.ndarray | None = None,
        seeds: Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        """As `Session.reset`, of all rows; time begins to run."""
        if rows is not None and len(rows) != self.cars:
            raise ConfigurationError("in real time all rows begin their episodes together: reset them all")
        if self._began:
            self._rtgym.wait()
        self._interface.reset_rows = (None, seeds, options)
        observation, info = self._rtgym.reset()
        self._began = True
        if self._interface.error is not None:
            self._raise()
        self.now.block[...] = self.before.block[...] = info["telemetry"]
        self._faults = {}
        return self._joined(observation)

    def step(self, action: Any, resting: np.ndarray | None = None) -> Outcome:
        """As `Session.step`: the outcome of the step that ran, while `action` begins to act."""
        if resting is not None and resting.any():
            raise ConfigurationError("in real time no row can rest while others drive")
        # decoded again when it is sent, but a wrong action is the caller's, here and now; and rtgym keeps references
        action = self.task.actuator.checked(action)
        if not self._rtgym.running:
            raise InvalidAction(
                "in real time nothing runs after an episode's end; reset before the next step"
            )
        step: Any = self._rtgym.step(action)
        observation, _, _, _, info = step
        if self._interface.error is not None:
            self._raise()
        outcome: Outcome = info["outcome"]
        outcome.observation = self._joined(observation)
        self.before.block[...] = self.now.block
        self.now.block[...] = info["telemetry"]
        self.controls.block[...] = info["controls"]
        self._infos, self._faults = info["infos"], info["faults"]
        return outcome

    def info(self, row: int, ended: bool) -> dict[str, Any]:
        """As `Session.info`, of the last outcome, with its timing under ``clock``."""
        return self._infos[row]

    def ended_by(self, row: int) -> str:
        return self._infos[row].get("ended_by", "")

    @property
    def faults(self) -> dict[int, Any]:
        return self._faults

    def close(self) -> None:
        """Let the running step end, then close every simulator; may be called again."""
        self._rtgym.stop()
        self._inner.close()

    def _raise(self) -> None:
        self._rtgym.stop()  # first: the step that runs does nothing while there is an error
        self._rtgym.running = False
        error, self._interface.error = self._interface.error, None
        assert error is not None
        raise error

    def _space(self) -> spaces.Space:
        observed, actuator = self.task.observer.space, self.task.actuator
        if not self._buffered:
            return observed
        if self._choices:
            one = spaces.Box(0.0, 1.0, (self._choices,), np.float32)
        else:
            one = actuator.space
            assert isinstance(one, spaces.Box)
        if isinstance(observed, spaces.Dict):
            return spaces.Dict({**observed.spaces, **{f"{LAST}_{age}": one for age in range(self._buffered)}})
        assert isinstance(observed, spaces.Box)
        low = np.concatenate([observed.low, *[one.low] * self._buffered])
        return spaces.Box(
            low, np.concatenate([observed.high, *[one.high] * self._buffered]), dtype=np.float32
        )

    def _joined(self, parts: tuple[Any, ...]) -> Any:
        """Our observation and rtgym's buffer (oldest action first) as one observation, ``(cars, ...)``."""
        observed = parts[0]
        if not self._buffered:
            return observed
        actions = [self._number(action) for action in reversed(parts[1:])]
        if isinstance(observed, dict):
            return observed | {f"{LAST}_{age}": action for age, action in enumerate(actions)}
        return np.concatenate([observed, *actions], axis=1)

    def _number(self, action: Any) -> np.ndarray:
        if self._choices:
            return np.eye(self._choices, dtype=np.float32)[np.asarray(action)]
        return np.clip(np.asarray(action, np.float32), -1.0, 1.0)
