"""Files of Stable-Baselines3 without what only the training itself needs: two thirds of them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from racegym.extra import need

DATA, OPTIMIZER = "data", "optimizer.pth"
#: Attributes of a model that tell where it stood: its last observations, recent episodes, the folder of its logs.
STANDING = (
    "_last_obs", "_last_original_obs", "_last_episode_starts", "ep_info_buffer", "ep_success_buffer", "tensorboard_log",
)  # fmt: skip


def slim(path: Path) -> None:
    """Make the file `path` small: it loads and acts as before, and learns on as with new optimisers."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            shorten = (
                _without_standing if name == DATA else _without_memory if name.endswith(OPTIMIZER) else None
            )
            archive.writestr(name, shorten(content) if shorten else content)


def _without_standing(content: bytes) -> bytes:
    data = json.loads(content)
    return json.dumps({name: value for name, value in data.items() if name not in STANDING}).encode()


def _without_memory(content: bytes) -> bytes:
    torch = need("torch", "train")
    state = torch.load(io.BytesIO(content), weights_only=True)
    emptied = io.BytesIO()
    torch.save({**state, "state": {}}, emptied)
    return emptied.getvalue()
