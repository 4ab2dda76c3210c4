"""The pages are true: their code runs, their configurations load, their commands, links and messages exist."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.main import get_command

from racegym import reference, yaml
from racegym.cli import app
from racegym.config import load
from racegym.errors import BackendUnavailable
from racegym.testing import SimulatorContract
from racegym_torcs import locate

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"(<!-- needs torcs -->\n)?^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# file: (\S+\.py)\n")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def blocks(page: Path, language: str) -> Iterator[tuple[str, bool]]:
    """Code of that language on a page, and whether it needs TORCS."""
    for needs_torcs, _, tongue, code in FENCE.findall(page.read_text(encoding="utf-8")):
        if tongue == language:
            yield code, bool(needs_torcs)


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if any(blocks(page, language))]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def torcs_is_here() -> bool:
    try:
        locate.require()
        locate.require_robot()
    except BackendUnavailable:
        return False
    return True


def test_the_reference_page_is_what_the_code_says() -> None:
    committed = (ROOT / "docs" / reference.NAME).read_text(encoding="utf-8")
    assert committed == reference.page(), "run `python -m racegym.reference docs/`"


@pytest.mark.parametrize("page", pages_with("python"), ids=name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    shared: dict[str, object] = {"__name__": "page"}
    for code, needs_torcs in blocks(page, "python"):
        if file := FILE.match(code):
            Path(file[1]).write_text(code)
            monkeypatch.delitem(sys.modules, Path(file[1]).stem, raising=False)
        elif torcs_is_here() or not needs_torcs:
            exec(compile("import racegym\n" + code, name(page), "exec"), shared)


@pytest.mark.parametrize("page", pages_with("yaml"), ids=name)
def test_the_configurations_of_a_page_load(page: Path) -> None:
    for text, _ in blocks(page, "yaml"):
        load(yaml.parse(text))


@pytest.mark.parametrize("page", pages_with("sh"), ids=name)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for text, _ in blocks(page, "sh"):
        for words in re.findall(r"^[^#\n]*?\bracegym ([^|>#\n]+)", text, re.MULTILINE):
            expect_command(words.split())


def expect_command(words: list[str]) -> None:
    command: Any = get_command(app)
    while hasattr(command, "get_command"):  # a group
        assert words, "a command is missing"
        found = command.get_command(None, words[0])
        assert found is not None, f"no command {words[0]!r}"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}
            assert anchor in anchors, link


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} <= set(LINK.findall(index))


def literals(folder: Path) -> str:
    """All texts in the sources below `folder`, a line break where a value goes."""
    texts = []
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                texts.append(
                    "".join(
                        str(getattr(part, "value", "")) if is_text(part) else "\n" for part in node.values
                    )
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def is_text(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant)


def test_the_messages_on_the_torcs_page_are_those_of_the_backend() -> None:
    page = (ROOT / "docs" / "torcs.md").read_text(encoding="utf-8")
    table = page.partition("## When something is wrong")[2].partition("\n`racegym doctor")[0]
    said = literals(ROOT / "backends" / "racegym_torcs")
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    messages = [text for row in rows for text in re.findall("`(.*?)`", row)]
    assert len(messages) > 8
    missing = [part for text in messages for part in text.split(" … ") if part not in said]
    assert not missing


def kart() -> ModuleType:
    """The backend of docs/backends.md."""
    code, _ = next(blocks(ROOT / "docs" / "backends.md", "python"))
    module = ModuleType("racegym_kart")
    exec(compile(code, "docs/backends.md", "exec"), module.__dict__)
    return module


class TestTheBackendOfThePage(SimulatorContract):
    def simulator(self):
        module = kart()
        return module.backend.build(module.KartOptions())
