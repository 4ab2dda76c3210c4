"""``python -m racegym_assetto_corsa.stand_in SETTING``: run a stand-in; SETTING is JSON, the fields of `Setting`."""

from __future__ import annotations

import json
import sys
import time

from racegym_assetto_corsa.stand_in.host import Host, Setting


def start(setting: str) -> Host:
    """A host that has announced itself; also what ``embed.c`` calls."""
    host = Host(Setting(**json.loads(setting)))
    host.announce()
    return host


def main() -> None:
    host = start(sys.argv[1])
    try:
        while not host.ended:
            wait = host.frame()
            if wait > 0 and not host.ended:
                time.sleep(wait)
    finally:
        host.end()


if __name__ == "__main__":
    main()
