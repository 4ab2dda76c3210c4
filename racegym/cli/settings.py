"""The option ``--set DOTTED=VALUE`` of several commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from racegym.errors import ConfigurationError


def parse(settings: Iterable[str]) -> dict[str, Any]:
    """Overrides by dotted path from texts such as ``task.action.repeat=2``; values are read as YAML."""
    from racegym import yaml

    overrides = {}
    for text in settings:
        path, equals, value = text.partition("=")
        if not path or not equals:
            raise ConfigurationError(
                f"--set {text}: a dotted path and a value are wanted, as in task.action.repeat=2"
            )
        overrides[path] = yaml.parse(value, f"--set {path}")
    return overrides
