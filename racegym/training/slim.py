"""Files of Stable-Baselines3 without the optimisers' memory, two thirds of them, which only further learning needs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from racegym.extra import need

OPTIMIZER = "optimizer.pth"


def slim(path: Path) -> None:
    """Empty the memory of the optimisers in the file `path`; it loads as before, and learns on as if they were new."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, _forgotten(content) if name.endswith(OPTIMIZER) else content)


def _forgotten(content: bytes) -> bytes:
    torch = need("torch", "train")
    state = torch.load(io.BytesIO(content), weights_only=True)
    emptied = io.BytesIO()
    torch.save({**state, "state": {}}, emptied)
    return emptied.getvalue()
