"""Packages that only some of racegym needs, imported when used; one that is missing is named with its extra."""

from __future__ import annotations

import importlib
from typing import Any

from racegym.errors import ConfigurationError


def need(module: str, extra: str) -> Any:
    """The module of that name; `ConfigurationError` says which extra of racegym brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f"{module.partition('.')[0]} is missing ({error}); install it: pip install 'racegym[{extra}]'"
        ) from error
