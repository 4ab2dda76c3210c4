"""One value in one of the game's ini files, everything else left as it is: comments, order, spelling."""

from __future__ import annotations

import re
from pathlib import Path

_SECTION = re.compile(r"^\s*\[(.+?)\]\s*$")


def value(text: str, section: str, key: str) -> str | None:
    """What `key` is in `section`; None where it is not. Names count in any case."""
    here = None
    for line in text.splitlines():
        if match := _SECTION.match(line):
            here = match[1].upper()
        elif (
            here == section.upper() and line.partition("=")[0].strip().upper() == key.upper() and "=" in line
        ):
            return line.partition("=")[2].partition(";")[0].strip()
    return None


def with_value(text: str, section: str, key: str, new: str) -> str:
    """`text` with `key` set in `section`, either added where missing."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if _is(line, section)), None)
    if start is None:
        return "\n".join(
            [*lines, *([""] if lines and lines[-1].strip() else []), f"[{section}]", f"{key}={new}", ""]
        )
    end = next((i for i in range(start + 1, len(lines)) if _SECTION.match(lines[i])), len(lines))
    for i in range(start + 1, end):
        name, equals, _ = lines[i].partition("=")
        if equals and name.strip().upper() == key.upper():
            lines[i] = f"{name.rstrip()}={new}"
            return "\n".join([*lines, ""])
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    lines.insert(end, f"{key}={new}")
    return "\n".join([*lines, ""])


def _is(line: str, section: str) -> bool:
    match = _SECTION.match(line)
    return match is not None and match[1].upper() == section.upper()


def read(path: Path) -> str:
    """A file's text; "" where it is missing."""
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        return ""


def change(path: Path, changes: dict[tuple[str, str], str]) -> bool:
    """Set values in a file, made where missing; whether anything changed."""
    before = after = read(path)
    for (section, key), new in changes.items():
        if value(after, section, key) != new:
            after = with_value(after, section, key, new)
    if after == before:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(after, encoding="utf-8")
    return True
