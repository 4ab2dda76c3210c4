"""Building ``embed.c``: a C compiler and Python's headers are needed, and only for this variant of the stand-in."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from racegym.errors import BackendUnavailable
from racegym.paths import data_dir

SOURCE = Path(__file__).with_name("embed.c")


def program() -> Path:
    """The built program, made when it is not there yet; `BackendUnavailable` says what is missing."""
    key = hashlib.sha256(SOURCE.read_bytes() + sys.version.encode() + sys.base_prefix.encode()).hexdigest()[
        :16
    ]
    target = data_dir() / "assetto_corsa" / f"embed-{key}"
    if not target.is_file():
        _build(target)
    return target


def _build(target: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    variables = sysconfig.get_config_vars()
    header = Path(sysconfig.get_paths()["include"]) / "Python.h"
    if compiler is None or not header.is_file():
        lacking = "a C compiler" if compiler is None else str(header)
        raise BackendUnavailable(
            f"assetto_corsa: the stand-in that holds Python's lock needs {lacking}; install it, or set "
            "stand_in.hold_gil: false"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        made = Path(name) / "embed"
        libraries = str(variables.get("LIBDIR", ""))
        command = [
            compiler, str(SOURCE), "-O2", "-o", str(made), f"-I{header.parent}", f"-L{libraries}",
            f"-Wl,-rpath,{libraries}", f"-lpython{variables['LDVERSION']}",
            *str(variables.get("LIBS", "")).split(), *str(variables.get("SYSLIBS", "")).split(), "-rdynamic",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise BackendUnavailable(
                f"assetto_corsa: {SOURCE.name} cannot be built: {done.stderr.strip()[-500:]}"
            )
        os.replace(made, target)
