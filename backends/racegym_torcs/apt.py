"""Debian packages and sources through apt, with lists of our own: the system's configuration stays as it is."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from racegym.errors import BackendUnavailable

_SYSTEM = Path("/etc/apt")
_PATIENCE = 3600.0
_ARCHIVES = ("debian", "ubuntu", "raspbian", "mint", "devuan")


def run(command: Sequence[str], directory: Path | None = None, patience: float = _PATIENCE) -> str:
    """Standard output of `command`; `BackendUnavailable` with the end of its errors when it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, timeout=patience,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise BackendUnavailable(
            f"torcs: the command {command[0]!r} is missing; this installer needs Debian or Ubuntu"
        ) from None
    except subprocess.TimeoutExpired:
        raise BackendUnavailable(f"torcs: `{' '.join(command)}` took more than {patience:g} s") from None
    if done.returncode != 0:
        last = "\n  ".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise BackendUnavailable(f"torcs: `{' '.join(command)}` failed:\n  {last}")
    return done.stdout


def install(packages: Iterable[str]) -> None:
    """Install `packages` into the system; needs root."""
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    try:
        run(command)
    except BackendUnavailable:
        run(["apt-get", "update"])
        run(command)


class Apt:
    """apt-get with its lists and cache below `directory`, offering sources too, as any user."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def refresh(self) -> None:
        """Fetch the lists once; archives that fail are left out, for what is needed may come from another."""
        if any((self._directory / "lists").glob("*_Sources*")):
            return
        for name in ("lists/partial", "cache/archives/partial", "sources"):
            (self._directory / name).mkdir(parents=True, exist_ok=True)
        for name, text in private_sources(_SYSTEM):
            (self._directory / "sources" / name).write_text(text)
        try:
            self("apt-get", "update")
        except BackendUnavailable as error:
            if not any((self._directory / "lists").glob("*_Sources*")):
                raise BackendUnavailable(
                    f"{error}\n  no list of source packages could be fetched; is there a network?"
                ) from error

    def __call__(self, program: str, *arguments: str, directory: Path | None = None) -> str:
        """Run an apt program under the private configuration and return what it prints."""
        here = self._directory
        settings = {
            "Dir::State::Lists": here / "lists",
            "Dir::Cache": here / "cache",
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": here / "sources",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "",
        }
        options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
        return run([program, *options, *arguments], directory)

    def missing(self, package: str) -> list[str]:
        """`package` and those of its dependencies that the system lacks."""
        plan = self("apt-get", "install", "--simulate", "--no-install-recommends", package)
        return re.findall(r"^Inst (\S+)", plan, re.MULTILINE)


def private_sources(system: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each of our own source lists: the distribution's archives, with their sources."""
    stanzas = []
    for path in sorted((system / "sources.list.d").glob("*.sources")):
        stanzas += [both_types(text) for text in re.split(r"\n\s*\n", path.read_text()) if "URIs:" in text]
    lines = []
    for path in (system / "sources.list", *sorted((system / "sources.list.d").glob("*.list"))):
        if path.is_file():
            lines += [line.strip() for line in path.read_text().splitlines() if line.startswith("deb ")]
    stanzas, lines = _distribution(stanzas), _distribution(lines)
    if stanzas:
        yield "racegym.sources", "\n\n".join(stanzas) + "\n"
    if lines:
        yield (
            "racegym.list",
            "\n".join(f"{line}\n{line.replace('deb ', 'deb-src ', 1)}" for line in lines) + "\n",
        )


def both_types(stanza: str) -> str:
    """A deb822 stanza that offers binaries and sources, without comments."""
    kept = [line for line in stanza.strip().splitlines() if not line.startswith("#")]
    return re.sub(r"(?m)^Types:.*$", "Types: deb deb-src", "\n".join(kept))


def _distribution(entries: list[str]) -> list[str]:
    """Archives that carry a distribution's name, as other vendors' often lack sources; all if none does."""
    return [
        entry for entry in entries if any(f"/{name}" in entry or f".{name}" in entry for name in _ARCHIVES)
    ] or entries
