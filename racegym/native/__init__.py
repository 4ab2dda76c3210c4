"""C for what is called in every step: where it is built, how, and how it is called.

step.c is the core's own, and nothing needs it: where it is not built, NumPy does the same. A backend may have sources of its own.
`racegym torcs install` builds them, with the compiler that TORCS's robot is built with.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from racegym.errors import BackendUnavailable
from racegym.paths import data_dir

logger = logging.getLogger(__name__)

SOURCE = Path(__file__).with_name("step.c")
COMPILERS = ("cc", "gcc", "clang", "g++")
#: No contraction to fused operations: every number is the one that NumPy computes.
OPTIONS = (
    "-std=c11",
    "-O2",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-ffp-contract=off",
    "-Wall",
    "-Wextra",
)
PATIENCE = 120.0


def built(source: Path = SOURCE) -> Path:
    """Where the library built from the present `source` for this machine lies; it need not be there."""
    return data_dir() / "native" / _digest(source) / f"{source.stem}.so"


@lru_cache(maxsize=4)
def _digest(source: Path) -> str:
    about = f"{platform.system()} {platform.machine()} {OPTIONS}"
    return hashlib.sha256(about.encode() + source.read_bytes()).hexdigest()[:16]


def build(source: Path = SOURCE) -> Path:
    """Compile the library; `BackendUnavailable` says what is missing or what the compiler said."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise BackendUnavailable(f"no C compiler: none of {', '.join(COMPILERS)} is installed")
    target = built(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        made = Path(name) / target.name
        command = [compiler, *OPTIONS, "-x", "c", str(source), "-o", str(made), "-lm"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BackendUnavailable(f"`{' '.join(command)}`: {error}") from error
        if done.returncode != 0:
            raise BackendUnavailable(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
        made.replace(target)
    return target


def library(source: Path = SOURCE, kind: type[ctypes.CDLL] = ctypes.PyDLL) -> ctypes.CDLL | None:
    """The library built from `source`, or None where there is none.

    Calls into a `PyDLL` keep the interpreter, for they take no time for other threads to run in; those into a `CDLL`
    let go of it.
    """
    path = built(source)
    return _loaded(path, kind) if path.is_file() else None


@lru_cache(maxsize=8)
def _loaded(path: Path, kind: type[ctypes.CDLL]) -> ctypes.CDLL | None:
    try:
        return kind(str(path))
    except OSError as error:
        logger.warning("%s cannot be loaded: %s", path, error)
        return None


def prepared(function: Callable[..., int], argument: ctypes.Structure) -> Callable[[], int]:
    """A call of `function` with a pointer to `argument`, which converts nothing; the caller keeps `argument`."""
    return partial(function, ctypes.c_void_p(ctypes.addressof(argument)))
