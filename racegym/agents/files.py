"""Agents from files: Stable-Baselines3 (.zip), TorchScript (.pt), ONNX (.onnx).

A file of ours carries ``racegym.json``: the task that it was trained for (see `racegym.agents.fit.about`), as a
member of the zip, an extra file of the TorchScript archive, or ONNX metadata. A file without it is driven under the
run's own task.
Loading a Stable-Baselines3 file can run code that it contains: load only files that you trust.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from racegym.errors import ConfigurationError, NotFound
from racegym.extra import need
from racegym.paths import shipped

MEMBER = "racegym.json"
#: Stable-Baselines3's algorithms by the policy classes that their files name.
ALGORITHMS = {"sac": "SAC", "td3": "TD3", "dqn": "DQN"}

Act = Callable[[np.ndarray], np.ndarray]


class Policy:
    """A trained policy as an agent: no memory, the most likely action.

    `about` is what its file says; `task` and `period` follow from it (see `racegym.agents`).
    """

    def __init__(self, name: str, act: Act, about: Mapping[str, Any], width: int | None = None) -> None:
        self.name = name
        self.about = about
        self.task: Mapping[str, Any] = about.get("task", {})
        self.period: float | None = about.get("period")
        self._act = act
        self._width = width

    def reset(self, cars: int) -> None:
        """Nothing is remembered."""

    def act(self, observation: Any) -> np.ndarray:
        if isinstance(observation, dict):
            observation = np.concatenate(
                [part.reshape(len(part), -1) for part in observation.values()], axis=1
            )
        if self.about and self._width is not None:
            observation = observation[
                :, : self._width
            ]  # what a clock appends came after what it was trained with
        if self._width is not None and observation.shape[1] != self._width:
            raise ConfigurationError(
                f"{self.name}: made for observations of {self._width} numbers, not {observation.shape[1]}; "
                "its file does not say for which task, so set the task that it was trained for"
            )
        return np.asarray(self._act(observation))


def load(path: Path) -> Policy:
    """The policy in a file, by its suffix; `NotFound` or `ConfigurationError` otherwise."""
    if not path.is_file():
        raise NotFound(f"agent {path}: no such file")
    return KINDS[path.suffix](path)


def trained() -> Policy:
    """The policy that ships with racegym, trained by the recipe torcs-ppo."""
    return load(shipped("configs") / "agents" / "torcs-ppo.zip")


def _stable_baselines3(path: Path) -> Policy:
    package, torch = need("stable_baselines3", "train"), need("torch", "train")
    about = _member(path)
    algorithm = getattr(package, about.get("algorithm") or _algorithm(path), None)
    if algorithm is None:
        raise ConfigurationError(f"{path}: Stable-Baselines3 has no algorithm {about.get('algorithm')!r}")
    # one thread: these networks are small, and several agents may share the cores
    torch.set_num_threads(1)
    try:
        model = algorithm.load(path, device="cpu")
    except Exception as error:  # pickled by another version, damaged, or of another algorithm: it says itself
        raise ConfigurationError(f"{path}: Stable-Baselines3 cannot load it: {error!r}") from error
    shape = model.observation_space.shape
    return Policy(
        path.name,
        lambda observation: model.predict(observation, deterministic=True)[0],
        about,
        shape[0] if shape and len(shape) == 1 else None,
    )


def _member(path: Path) -> Mapping[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(MEMBER)) if MEMBER in archive.namelist() else {}
    except (zipfile.BadZipFile, ValueError) as error:
        raise ConfigurationError(f"{path}: not a zip file of Stable-Baselines3 ({error})") from error


def _algorithm(path: Path) -> str:
    """The algorithm whose policy class the file's own description names; PPO by default."""
    with zipfile.ZipFile(path) as archive:
        policy = json.loads(archive.read("data")).get("policy_class", {}).get("__module__", "")
    return ALGORITHMS.get(policy.split(".")[1] if policy.count(".") else "", "PPO")


def _torchscript(path: Path) -> Policy:
    torch = need("torch", "train")
    torch.set_num_threads(1)
    extra = {MEMBER: ""}
    try:
        module = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
    except RuntimeError as error:
        raise ConfigurationError(f"{path}: not a TorchScript file ({error})") from error

    def act(observation: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.as_tensor(observation, dtype=torch.float32)).numpy()

    return Policy(path.name, act, json.loads(extra[MEMBER] or "{}"))


def _onnx(path: Path) -> Policy:
    runtime = need("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base of their own
        raise ConfigurationError(f"{path}: onnxruntime cannot load it: {error}") from error
    source, target = session.get_inputs()[0], session.get_outputs()[0]
    about = json.loads(session.get_modelmeta().custom_metadata_map.get(MEMBER, "{}"))
    width = source.shape[1] if len(source.shape) == 2 and isinstance(source.shape[1], int) else None

    def act(observation: np.ndarray) -> np.ndarray:
        return session.run([target.name], {source.name: observation.astype(np.float32)})[0]

    return Policy(path.name, act, about, width)


KINDS: dict[str, Callable[[Path], Policy]] = {
    ".zip": _stable_baselines3,
    ".pt": _torchscript,
    ".onnx": _onnx,
}


def stamp(path: Path, about: Mapping[str, Any]) -> None:
    """Write `about` into a .zip of Stable-Baselines3 or an .onnx file; a .pt takes it as an extra file on saving."""
    text = json.dumps(about)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(MEMBER, text)
    elif path.suffix == ".onnx":
        onnx = need("onnx", "onnx")
        model = onnx.load(str(path))
        onnx.helper.set_model_props(model, {MEMBER: text})
        onnx.save(model, str(path))
    else:
        raise ConfigurationError(
            f"{path}: save TorchScript by torch.jit.save(..., _extra_files={{'{MEMBER}': ...}})"
        )
