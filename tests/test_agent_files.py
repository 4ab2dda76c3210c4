"""Agents from files: they bring their task along, and say what differs when they cannot have it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import racegym
from racegym import agents
from racegym.agents.files import MEMBER, stamp
from racegym.agents.fit import about, seat
from racegym.config import load
from racegym.driving import drive
from racegym.errors import ConfigurationError, NotFound

TASK = {
    "observation": {"terms": {"speed": {}, "heading_error": {}, "track_position": {"clip": 2.0}}},
    "action": {"repeat": 3},
}


def run():
    return load({"simulator": "bicycle/oval", "task": TASK})


@pytest.fixture
def model(tmp_path):
    """An untrained policy of Stable-Baselines3 in a file."""
    sb3 = pytest.importorskip("stable_baselines3")
    env = racegym.make(run())
    path = tmp_path / "policy.zip"
    sb3.SAC("MlpPolicy", env, policy_kwargs={"net_arch": [8]}, buffer_size=10, seed=1).save(path)
    env.close()
    return path


def check_drives(path) -> None:
    agent = agents.load(str(path))
    fitted = seat(agent, "bicycle/knot")
    assert fitted.task.action.repeat == 3
    env = racegym.make(fitted, overrides=None)
    try:
        assert drive(env, agent, seed=1).steps > 10
    finally:
        env.close()


def test_a_stable_baselines3_file_drives_under_its_own_task(model):
    stamp(model, about(run(), algorithm="SAC"))
    check_drives(model)


def test_a_file_without_a_task_drives_under_the_runs_own(model):
    agent = agents.load(str(model))
    action = agent.act(np.zeros((1, 5), np.float32)[:, :3])
    assert action.shape == (1, 2)
    with pytest.raises(ConfigurationError, match="observations of 3 numbers, not 37"):
        agent.act(np.zeros((1, 37), np.float32))


def test_another_observation_is_an_error_that_says_what_differs(model):
    stamp(model, about(run(), algorithm="SAC"))
    agent = agents.load(str(model))
    with pytest.raises(
        ConfigurationError, match=r"track_position.clip: 2.0 in the agent's file, 3.0 in the run"
    ):
        seat(agent, "bicycle/oval", overrides={"task.observation.terms.track_position.clip": 3.0})
    with pytest.raises(
        ConfigurationError, match="terms: speed, heading_error, track_position in the agent's file"
    ):
        seat(agent, "bicycle/oval", overrides={"task.observation.terms": {"gear": {}}})


def test_torchscript_files_drive(tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "policy.pt"
    scripted = torch.jit.trace(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh()), torch.zeros(1, 3))
    torch.jit.save(scripted, str(path), _extra_files={MEMBER: json.dumps(about(run()))})
    check_drives(path)


def test_onnx_files_drive(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = onnx.numpy_helper.from_array(np.full((3, 2), 0.1, np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "policy",
        [helper.make_tensor_value_info("x", kind, ["n", 3])],
        [helper.make_tensor_value_info("y", kind, ["n", 2])],
        [weights],
    )
    path = tmp_path / "policy.onnx"
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), str(path))
    stamp(path, about(run()))
    check_drives(path)


@pytest.mark.parametrize("name", ["nowhere.zip", "nowhere.pt", "nowhere.onnx"])
def test_a_missing_file_is_named(name):
    with pytest.raises(NotFound, match=name):
        agents.load(name)


@pytest.mark.parametrize("suffix", [".zip", ".pt", ".onnx"])
def test_a_file_of_another_kind_is_a_clear_error(tmp_path, suffix):
    pytest.importorskip({".zip": "stable_baselines3", ".pt": "torch", ".onnx": "onnxruntime"}[suffix])
    path = tmp_path / f"text{suffix}"
    path.write_text("no policy at all")
    with pytest.raises(ConfigurationError, match=path.name):
        agents.load(str(path))
