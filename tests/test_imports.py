"""Who may import whom, and what may happen on import: the table of docs kept true."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = {path.name for path in (ROOT / "backends").glob("racegym_*")}
CORE_FILES = sorted((ROOT / "racegym").rglob("*.py"))
BACKEND_FILES = sorted((ROOT / "backends").rglob("*.py"))

#: Modules of the core that a backend may know; `native` to build it, for whoever installs has a compiler at hand.
OPEN_TO_BACKENDS = {"signals", "simulator", "track", "errors", "paths", "capture", "native"}
#: The exception: a stand-in, a package of this name inside a backend, has the built-in simulator for its physics.
STAND_INS, PHYSICS = "stand_in", "racegym_bicycle"
#: The one place that knows time.
CLOCKS = {"racegym/realtime.py", "racegym/clock.py"}
#: What costs seconds to import, or is only there when asked for.
HEAVY = ("torch", "matplotlib", "pyarrow", "pynput", "mss", "rtgym", "stable_baselines3")
#: Imports by name, as functions.
IMPORTERS = {"import_module", "__import__"}


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def place(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imported(file: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, on import or later; of ``from x import y`` also ``x.y``."""
    package = file.relative_to(ROOT / "backends" if "backends" in file.parts else ROOT).parent.parts
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in IMPORTERS:
            yield from (
                arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            )


def called(node: ast.Call) -> str:
    return getattr(node.func, "attr", None) or getattr(node.func, "id", "")


def sleeps(file: Path) -> list[int]:
    """Lines that call ``sleep``, of whatever module and under whatever name that module has here."""
    nodes = ast.walk(tree(file))
    return [node.lineno for node in nodes if isinstance(node, ast.Call) and called(node) == "sleep"]


@pytest.mark.parametrize("file", CORE_FILES, ids=place)
def test_the_core_imports_no_backend(file: Path) -> None:
    assert not {name for name in imported(file) if name.split(".")[0].startswith("racegym_")}


@pytest.mark.parametrize("file", BACKEND_FILES, ids=place)
def test_a_backend_imports_of_the_core_only_what_is_open_to_it(file: Path) -> None:
    core = {name.split(".")[1] for name in imported(file) if name.startswith("racegym.")}
    assert core <= OPEN_TO_BACKENDS


@pytest.mark.parametrize("file", BACKEND_FILES, ids=place)
def test_a_backend_imports_no_other_backend_and_no_gymnasium(file: Path) -> None:
    parts = file.relative_to(ROOT / "backends").parts
    strangers = (BACKENDS - {parts[0]}) | {"gymnasium"}
    if parts[1] == STAND_INS:
        strangers -= {PHYSICS}
    assert not {name for name in imported(file) if name.split(".")[0] in strangers}


@pytest.mark.parametrize("file", CORE_FILES, ids=place)
def test_nothing_in_the_core_sleeps_but_the_clock(file: Path) -> None:
    assert place(file) in CLOCKS or not sleeps(file), f"line {sleeps(file)}"


@pytest.mark.parametrize("module", ["racegym", *sorted(BACKENDS)])
def test_importing_does_no_work(module: str) -> None:
    """No heavy package is loaded, no thread started; ``import racegym`` alone leaves pydantic out too."""
    unwanted = [*HEAVY, "pydantic"] if module == "racegym" else list(HEAVY)
    script = (
        f"import sys, threading, {module}\n"
        f"assert threading.active_count() == 1, threading.enumerate()\n"
        f"print(*sorted(set(sys.modules) & set({unwanted!r})))"
    )
    paths = [str(ROOT), str(ROOT / "backends"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_search_for_imports_sees_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / "racegym" / "agents" / "probe.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import racegym_a, os as o\n"
        "from racegym_b import c\n"
        "from .near import d\n"
        "from .. import track\n"
        "def f():\n    import racegym_e.f\n    importlib.import_module('racegym_g')\n"
        "from time import sleep\nsleep(1)\no.sleep(2)\n",
        encoding="utf-8",
    )
    assert set(imported(file)) == {
        *("racegym_a", "os", "racegym_b", "racegym_b.c", "racegym.agents.near", "racegym.agents.near.d"),
        *("racegym", "racegym.track", "racegym_e.f", "racegym_g", "time", "time.sleep"),
    }
    assert sleeps(file) == [9, 10]
