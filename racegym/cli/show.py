"""``racegym show``: a configuration in full, and what the agent gets from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from racegym.config import RunConfig
    from racegym.env import RaceEnv


def command(
    config: Annotated[
        str,
        typer.Argument(
            help="A shipped configuration (torcs/aalborg), a YAML file, or a task with --simulator."
        ),
    ],
    simulator: Annotated[
        str | None,
        typer.Option("--simulator", metavar="NAME[/TRACK]", help="Show it for this simulator instead."),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="DOTTED=VALUE", help="Change the configuration: task.action.repeat=2."),
    ] = None,
) -> None:
    """Show a configuration with every default, its spaces, the observation number by number, and the signals.

    The first part, up to ``---``, is a run file of its own. Nothing is started.
    """
    import racegym
    from racegym.cli.settings import parse
    from racegym.config import load

    run = load(config, simulator, parse(override or []))
    env = racegym.make(run)
    typer.echo(_yaml(run))
    typer.echo("---")
    _heading("spaces")
    typer.echo(f"  observation  {_space(env.observation_space)}")
    typer.echo(f"  action       {_space(env.action_space)}")
    _heading("observation")
    _observation(env)
    _heading("signals")
    _signals(env)


def _heading(text: str) -> None:
    typer.secho(text, bold=True)


def _yaml(run: RunConfig) -> str:
    """The run as YAML that can be loaded again."""
    import yaml

    return yaml.safe_dump(
        run.model_dump(mode="json"), sort_keys=False, default_flow_style=None, width=110
    ).rstrip()


def _space(space: Any) -> str:
    from gymnasium.spaces import Box, Dict

    if isinstance(space, Dict):
        return "Dict of " + ", ".join(f"{label} {_space(part)}" for label, part in space.items())
    if isinstance(space, Box):
        return f"Box {space.shape} {space.dtype} in [{space.low.min():g}, {space.high.max():g}]"
    return str(space)


def _observation(env: RaceEnv) -> None:
    """Where each term lies in the flat observation, its bounds and its meaning."""
    observer = env.session.task.observer
    terms = env.config.task.observation.terms
    width = max(len(label) for label in observer.layout)
    for label, columns in observer.layout.items():
        last = columns.stop - 1
        place = f"{columns.start}-{last}" if last > columns.start else f"{last}"
        meaning = (type(terms[label]).__doc__ or "").strip().partition("\n")[0]
        typer.echo(f"  {place:>7}  {label:{width}}  {meaning}")


def _signals(env: RaceEnv) -> None:
    """Which signals the simulator provides, which are derived for this run, which it cannot have."""
    from racegym.sensors import obtainable
    from racegym.signals import SIGNALS

    session = env.session
    provided = session.spec.signals
    possible = obtainable(session.spec)
    groups = {
        "provided": [name for name in SIGNALS if name in provided],
        "derived": list(session.derived),
        "derivable": [name for name in SIGNALS if name in possible - provided - set(session.derived)],
        "unavailable": [name for name in SIGNALS if name not in possible],
    }
    for group, names in groups.items():
        typer.echo(f"  {group:11}  {', '.join(names) or '-'}")
