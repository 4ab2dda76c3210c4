"""``racegym train``: an agent learns by a recipe, with its lap times on courses that it is not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from racegym.training.laps import Laps
    from racegym.training.train import Watch


class Algorithm(str, Enum):
    """Those of Stable-Baselines3 that learn with continuous actions."""

    ppo = "ppo"
    sac = "sac"
    td3 = "td3"


def command(
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG", help="A shipped recipe, a YAML file, or a simulator such as torcs/aalborg."
        ),
    ],
    algo: Annotated[Algorithm | None, typer.Option("--algo", help="In place of the recipe's.")] = None,
    steps: Annotated[int | None, typer.Option(min=0, help="Steps of all environments together.")] = None,
    num_envs: Annotated[int | None, typer.Option("--num-envs", min=1, help="Rows of the vector.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of networks, exploration and starts.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="racegym-out/train-<recipe> by default.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training in that folder.")] = False,
    from_dataset: Annotated[
        Path | None, typer.Option("--from-dataset", metavar="DIR", help="Imitate this recording first.")
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="DOTTED=VALUE", help="Change the recipe: parameters.gamma=0.98."),
    ] = None,
) -> None:
    """Train an agent; its file drives and benchmarks by --agent FILE.zip.

    The folder keeps the last and the best agent, checkpoints, the learning curve (evaluations.jsonl), TensorBoard logs.
    """
    from racegym.cli.settings import parse
    from racegym.dataset import Dataset
    from racegym.training import recipe as recipes
    from racegym.training.train import Training

    name, recipe = recipes.load(config)
    changes: dict[str, Any] = {
        "steps": steps,
        "num_envs": num_envs,
        "seed": seed,
        "algorithm": algo and algo.value,
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    recipe = recipes.changed(recipe, {**changes, **parse(override or [])})
    folder = out or Path("racegym-out") / f"train-{name}"
    data = Dataset(from_dataset) if from_dataset else None
    with _progress() as watch:
        training = Training(recipe, folder, resume, watch)
        try:
            path = training.run(data)
        except KeyboardInterrupt:
            typer.echo(f"interrupted; racegym train {config} --out {folder} --resume goes on", err=True)
            raise typer.Exit(130) from None
    typer.echo(f"agent  {path}")


@contextmanager
def _progress() -> Iterator[Watch]:
    """A bar with the time left on a terminal; a line for each evaluation everywhere."""
    from rich import progress as rich
    from rich.console import Console

    from racegym.training.train import Watch

    console = Console(stderr=True)
    columns = ["{task.description}", rich.BarColumn(), "{task.percentage:3.0f} %", rich.TimeRemainingColumn()]
    with rich.Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as display:
        task = display.add_task("training", total=1.0)

        def step(steps: int, share: float, recent: dict[str, Any]) -> None:
            display.update(
                task, completed=share, description=f"{steps:,} steps, return {recent['return']:.0f}"
            )

        def say(line: str) -> None:
            display.console.print(line, highlight=False, soft_wrap=True)

        yield Watch(
            step,
            lambda steps, laps: say(_text(steps, laps)),
            lambda epoch, loss: say(f"imitation, epoch {epoch}: error {loss:.4f}"),
        )


def _text(steps: int, laps: Laps) -> str:
    from racegym.driving import clock

    times = []
    for row in laps.rows:
        course = row["simulator"].rpartition("/")[2]
        if "failure" in row:
            times.append(f"{course} failed")
        else:
            times.append(
                f"{course} {clock(row['time']) if row['finished'] else format(row['completion'], '.0%')}"
            )
    return f"{steps:>9,} steps  {laps.finished}/{len(laps.rows)} finished  pace {laps.pace:.1f} m/s  {'  '.join(times)}"
