"""The part of a step that is written in C: where it is built, how, and how it is called.

Nothing needs it: where it is not built, NumPy does the same. `racegym torcs install` builds it, with the compiler that
TORCS's robot is built with.
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


def built() -> Path:
    """Where the library built from the present source for this machine lies; it need not be there."""
    return data_dir() / "native" / _digest() / "step.so"


@lru_cache(maxsize=1)
def _digest() -> str:
    about = f"{platform.system()} {platform.machine()} {OPTIONS}"
    return hashlib.sha256(about.encode() + SOURCE.read_bytes()).hexdigest()[:16]


def build() -> Path:
    """Compile the library; `BackendUnavailable` says what is missing or what the compiler said."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise BackendUnavailable(f"no C compiler: none of {', '.join(COMPILERS)} is installed")
    target = built()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        made = Path(name) / target.name
        command = [compiler, *OPTIONS, "-x", "c", str(SOURCE), "-o", str(made), "-lm"]
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


def library() -> ctypes.PyDLL | None:
    """The built library, or None where there is none."""
    path = built()
    return _loaded(path) if path.is_file() else None


@lru_cache(maxsize=4)
def _loaded(path: Path) -> ctypes.PyDLL | None:
    try:
        # a call takes no time for other threads to run in, so the interpreter is not let go of
        return ctypes.PyDLL(str(path))
    except OSError as error:
        logger.warning("%s cannot be loaded, so NumPy steps instead: %s", path, error)
        return None


def prepared(function: Callable[..., int], argument: ctypes.Structure) -> Callable[[], int]:
    """A call of `function` with a pointer to `argument`, which converts nothing; the caller keeps `argument`."""
    return partial(function, ctypes.c_void_p(ctypes.addressof(argument)))
