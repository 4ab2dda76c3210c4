"""``python -m racegym_trackmania.stand_in``: the stand-in alone, on a display, for owners and for people."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

from racegym_trackmania.stand_in.game import Game, Settings


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for TrackMania: a window, keys and telemetry.")
    parser.add_argument("--display", default=os.environ.get("DISPLAY", ""))
    parser.add_argument("--title", default="Trackmania")
    parser.add_argument("--track", default="meadow", help="a circuit of the built-in simulator")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--height", type=int, default=128)
    parser.add_argument("--rate", type=int, default=60, help="frames a second")
    parser.add_argument("--laps", type=int, default=1)
    parser.add_argument("--countdown", type=float, default=0.5)
    parser.add_argument("--port", type=int, default=0, help="of racegym's telemetry; 0: any")
    parser.add_argument("--tmrl-port", type=int, default=0, help="of tmrl's telemetry; 0: any")
    parser.add_argument("--dot", type=int, default=2, help="size of a dot of the HUD's digits, pixels")
    parser.add_argument("--line", default="", help="file to write the circuit to")
    parser.add_argument("--tminterface", action="store_true", help="serve TMInterface 2 instead, in lockstep")
    parser.add_argument(
        "--lifeline", type=int, default=-1, help="an inherited socket; its end ends the stand-in"
    )
    arguments = vars(parser.parse_args())
    descriptor, lockstep = arguments.pop("lifeline"), arguments.pop("tminterface")
    # Ctrl-C reaches every process of a terminal; whoever started us decides, by the lifeline
    signal.signal(signal.SIGINT, signal.SIG_DFL if descriptor < 0 else signal.SIG_IGN)
    ours, keep = (socket.socket(fileno=descriptor), None) if descriptor >= 0 else socket.socketpair()
    settings = Settings(**arguments)
    if lockstep:
        from racegym_trackmania.stand_in.tminterface import Server

        Server(settings, ours).run()
        _tidy(settings.line)
        return
    game = Game(settings, ours)
    if keep is not None:
        sys.stdout.write(keep.recv(100).decode())
    try:
        game.run()
    finally:
        _tidy(settings.line)  # first: the X server may be gone already
        game.close()


def _tidy(line: str) -> None:
    """Remove the owner's private directory: an owner that was killed cannot."""
    folder = Path(line).parent
    if line and folder.name.startswith("racegym-trackmania-"):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
