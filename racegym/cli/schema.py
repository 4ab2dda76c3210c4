"""``racegym schema``: the JSON Schema of a run file, for editors."""

from __future__ import annotations

import typer


def command() -> None:
    """Print the JSON Schema of configuration files, so that an editor completes and checks them."""
    import json

    from racegym import config

    typer.echo(json.dumps(config.schema(), indent=2))
