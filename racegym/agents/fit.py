"""What an agent needs of a run, given to it; and the error that says what differs where it cannot be given.

`seat` is the one place where an agent meets a configuration: its `task`, `simulator` and `period` replace the run's
own, what the user set explicitly stays, and what then does not fit is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from racegym.agents import Agent, race
from racegym.config import RunConfig, load
from racegym.errors import ConfigurationError

logger = logging.getLogger(__name__)

TOLERANCE = 0.25
"""Share by which the time between two decisions may differ from what an agent was trained for without a warning."""


def seat(
    agent: Agent,
    config: Any,
    simulator: str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    laps: int | None = None,
) -> RunConfig:
    """The run of `config` (as for `racegym.config.load`) with what `agent` needs; `overrides` have the last word.

    `laps` are the laps that will be driven, for drivers who take fuel for them. `ConfigurationError` says what differs
    when the agent was made for another observation or action.
    """
    overrides = dict(overrides or {})
    run = load(config, simulator, overrides)
    task: Any = getattr(agent, "task", {})
    wanted: Any = task(run.simulator.build().spec) if callable(task) else task
    needed: dict[str, Any] = {f"task.{part}": value for part, value in wanted.items()}
    period = getattr(agent, "period", None)
    if period:
        needed["task.action.repeat"] = max(1, round(period / run.simulator.build().spec.period))
    if options := getattr(agent, "simulator", {}):
        needed |= {f"simulator.{option}": value for option, value in options.items()}
        needed |= race(run.simulator.options, laps) if laps else {}
    fitted = load(config, simulator, {**needed, **overrides})
    check(agent, fitted)
    return fitted


def check(agent: Agent, run: RunConfig) -> None:
    """`ConfigurationError` naming every difference between what `agent` was made for and `run`."""
    about: Mapping[str, Any] = getattr(agent, "about", {})
    wanted = about.get("task", {})
    if not wanted:
        return
    spec = run.simulator.build().spec
    have = run.task.model_dump(mode="json", include={"observation", "action"})
    lines = list(_differences("task", wanted, have))
    beams = about.get("beam_angles")
    if beams and "rangefinders" in have["observation"]["terms"] and not _same(beams, list(spec.beam_angles)):
        lines.append(f"beam angles: {beams} in the agent's file, {list(spec.beam_angles)} of {spec.name}")
    if lines:
        raise ConfigurationError(
            "the agent was made for another task:\n  "
            + "\n  ".join(lines)
            + "\nleave these settings to the agent"
        )
    period, now = about.get("period"), spec.period * run.task.action.repeat
    if period and abs(now / period - 1) > TOLERANCE:
        logger.warning("%s: a decision every %g s; the agent was trained for %g s", spec.name, now, period)


def _differences(path: str, wanted: Any, have: Any) -> Iterator[str]:
    if path == "task.action.repeat":
        return  # goes by the simulator's period
    if isinstance(wanted, Mapping) and isinstance(have, Mapping):
        if path.endswith(".terms") and list(wanted) != list(have):
            yield f"{path}: {', '.join(wanted)} in the agent's file, {', '.join(have)} in the run"
            return
        for key in wanted:
            yield from _differences(f"{path}.{key}", wanted[key], have.get(key))
    elif not _same(wanted, have):
        yield f"{path}: {wanted} in the agent's file, {have} in the run"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def about(run: RunConfig, **more: Any) -> dict[str, Any]:
    """What an agent's file says of the task that it was trained for, as plain data; `more` is kept beside it."""
    from racegym import __version__

    spec = run.simulator.build().spec
    return {
        "format": "racegym-agent 1",
        "racegym": __version__,
        "task": run.task.model_dump(mode="json", include={"observation", "action"}),
        "period": spec.period * run.task.action.repeat,
        "beam_angles": list(spec.beam_angles),
        **more,
    }
