"""``racegym torcs``: install the game, see what is missing, and serve races to other programs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from racegym_torcs import client, serving
from racegym_torcs.install import Way, carry_out, requirements

app = typer.Typer(help="TORCS, The Open Racing Car Simulator.", no_args_is_help=True)
_out, _err = Console(), Console(stderr=True)


@app.command()
def install(
    user: Annotated[
        bool, typer.Option("--user", "--no-apt", help="unpack for this user instead of installing")
    ] = False,
    offline: Annotated[bool, typer.Option(help="use no network; say what is missing")] = False,
) -> None:
    """Get TORCS 1.3.7, its headers and the robot; what is there already stays."""
    with _err.status("looking around") as status:

        def report(text: str) -> None:
            status.update(text)
            _out.print(text, highlight=False, soft_wrap=True)

        carry_out(Way(user=user, offline=offline), report)
    _out.print("TORCS is ready.")


@app.command()
def doctor() -> None:
    """Say for each part whether it is there, and which command mends it."""
    table = Table("part", "found", "remedy")
    lines = requirements()
    for line in lines:
        table.add_row(line.name, f"[{'green' if line.met else 'red'}]{line.found}[/]", line.remedy)
    _out.print(table)
    if not all(line.met or line.optional for line in lines):
        raise typer.Exit(1)


app.command("serve")(serving.command)
app.command("client")(client.command)
