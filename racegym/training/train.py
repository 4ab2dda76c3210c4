"""The training itself: stages, checkpoints, evaluation laps, TensorBoard, resume."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from racegym.agents.files import stamp
from racegym.agents.fit import about
from racegym.config import RunConfig
from racegym.dataset import Dataset
from racegym.errors import ConfigurationError
from racegym.extra import need
from racegym.training.curve import CURVE, draw, evaluations
from racegym.training.laps import Current, Evaluator, Laps
from racegym.training.recipe import Recipe
from racegym.training.slim import slim

CLASSES = {"ppo": "PPO", "sac": "SAC", "td3": "TD3"}
LAST, BEST, MEMORY, STATE, PICTURE = "last.zip", "best.zip", "replay.pkl", "state.json", "curve.png"


@dataclass(frozen=True)
class Watch:
    """Who hears of the progress."""

    step: Callable[[int, float, dict[str, Any]], None] = lambda steps, share, recent: None
    """After each step of the vector: steps done, the share of the training done, and means over recent episodes."""
    laps: Callable[[int, Laps], None] = lambda steps, laps: None
    """After each evaluation."""
    cloned: Callable[[int, float], None] = lambda epoch, loss: None
    """After each epoch of behaviour cloning."""


class Training:
    """A training in a folder: ``last.zip``, ``best.zip`` (by evaluation), checkpoints, the learning curve."""

    def __init__(
        self, recipe: Recipe, folder: Path, resume: bool = False, watch: Watch | None = None
    ) -> None:
        self._package, torch = need("stable_baselines3", "train"), need("torch", "train")
        torch.set_num_threads(recipe.threads)
        self._recipe = recipe
        self._folder = folder
        self._watch = watch or Watch()
        self._resumed = resume and (folder / LAST).exists()
        if resume and not self._resumed:
            raise ConfigurationError(f"{folder}: nothing to resume, there is no {LAST}; leave --resume out")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "recipe.json").write_text(recipe.model_dump_json(indent=1), encoding="utf-8")
        self._best, self._spent, self._begun = self._remembered()
        self._began = time.perf_counter()
        self._runs: list[RunConfig] = []

    def _remembered(self) -> tuple[float, float, int | None]:
        """The best pace so far, the seconds spent, and the stage that has begun, of a training that goes on."""
        if not self._resumed:
            return float("-inf"), 0.0, None
        state = json.loads((self._folder / STATE).read_text(encoding="utf-8"))
        best = state["best"] if state["best"] is not None else float("-inf")
        return best, state["seconds"], state["stage"]

    def run(self, dataset: Dataset | None = None) -> Path:
        """Train to the end of the recipe; where the agent is. Ctrl-C keeps what is learnt, in ``last.zip``."""
        recipe = self._recipe
        model = self._model(self._vector(self._done_before()))
        if dataset is not None and not self._resumed:
            from racegym.training.cloning import clone

            clone(
                model,
                dataset,
                self._runs[0].task,
                seed=recipe.seed,
                report=self._watch.cloned,
                **recipe.cloning,
            )
        evaluator = Evaluator(self._held_out(), recipe.evaluation.laps, recipe.seed)
        try:
            if dataset is not None:
                self._evaluate(model, evaluator)
            while self._share(model.num_timesteps) < 1:
                self._stage(model, evaluator)
            self._evaluate(model, evaluator)
        finally:
            evaluator.close()
            model.get_env().close()
            self._save(model, self._folder / LAST)
            if (self._folder / CURVE).exists():
                draw({self._folder.name: evaluations(self._folder)}, self._folder / PICTURE)
        return self._folder / (BEST if (self._folder / BEST).exists() else LAST)

    def _held_out(self) -> list[RunConfig]:
        evaluation = self._recipe.evaluation
        if not evaluation.simulators:
            return []
        return self._recipe.runs(evaluation.simulators, options=evaluation.set)

    def _share(self, steps: int) -> float:
        """How much of the training is done, from 0 to 1 and more: of its steps, or of its time if that is more."""
        return max(steps / self._recipe.steps if self._recipe.steps else 1.0, self._share_of_time())

    def _share_of_time(self) -> float:
        return self._seconds() / 60 / (self._recipe.minutes or float("inf"))

    def _done_before(self) -> int:
        if not self._resumed:
            return 0
        return json.loads((self._folder / STATE).read_text(encoding="utf-8"))["steps"]

    def _vector(self, steps: int) -> Any:
        from racegym.training.vector import RaceVecEnv

        stage = self._recipe.stages[self._recipe.stage_at(steps)]
        self._runs = self._recipe.runs(stage.simulators, stage.without, stage.set)
        rows = self._recipe.num_envs
        # Side by side, rows that are alike share a simulator where they can.
        runs = [self._runs[row * len(self._runs) // rows] for row in range(rows)]
        return RaceVecEnv(runs, rows, self._recipe.seed + steps)

    def _model(self, vector: Any) -> Any:
        algorithm = getattr(self._package, CLASSES[self._recipe.algorithm])
        board = str(self._folder / "tensorboard") if _has_tensorboard() else None
        if self._resumed:
            model = algorithm.load(self._folder / LAST, vector, device="cpu", tensorboard_log=board)
            if (self._folder / MEMORY).exists():
                model.load_replay_buffer(self._folder / MEMORY)
            return model
        settings = {
            "seed": self._recipe.seed,
            "device": "cpu",
            "tensorboard_log": board,
            **self._recipe.parameters,
        }
        if fall := self._fall():
            settings["learning_rate"] = fall[0]
        try:
            return algorithm("MlpPolicy", vector, **settings)
        except TypeError as error:
            raise ConfigurationError(f"parameters of {self._recipe.algorithm}: {error}") from error

    def _fall(self) -> tuple[float, float] | None:
        """The learning rate's first and last value, where it falls."""
        rate = self._recipe.parameters.get("learning_rate")
        return (rate[0], rate[1]) if isinstance(rate, list | tuple) and len(rate) == 2 else None

    def _stage(self, model: Any, evaluator: Evaluator) -> None:
        """Learn until the stage, or the training, ends."""
        number = self._recipe.stage_at(model.num_timesteps)
        stage = self._recipe.stages[number]
        until = min(stage.until or self._recipe.steps, self._recipe.steps)
        if stage.spread is not None and self._begun != number and hasattr(model.policy, "log_std"):
            model.policy.log_std.data.fill_(float(np.log(stage.spread)))
        self._begun = number
        callback = self._callback(model, evaluator)
        model.learn(
            until - model.num_timesteps,
            callback,
            log_interval=10,
            reset_num_timesteps=False,
            tb_log_name="run",
        )
        if self._share(model.num_timesteps) < 1:
            model.get_env().close()
            model.set_env(self._vector(model.num_timesteps))

    def _callback(self, model: Any, evaluator: Evaluator) -> Any:
        callbacks = need("stable_baselines3.common.callbacks", "train")
        schedules = need("stable_baselines3.common.utils", "train")
        training, recipe, fall = self, self._recipe, self._fall()
        marks = {
            "evaluation": model.num_timesteps // recipe.evaluation.every,
            "checkpoint": model.num_timesteps // recipe.checkpoint,
        }

        class Events(callbacks.BaseCallback):
            def _on_rollout_start(self) -> None:
                if fall:
                    rate = fall[0] + (fall[1] - fall[0]) * min(training._share(self.model.num_timesteps), 1)
                    self.model.lr_schedule = schedules.FloatSchedule(rate)

            def _on_step(self) -> bool:
                steps = self.model.num_timesteps
                recent = list(self.model.ep_info_buffer or ())
                share = training._share(steps)
                training._watch.step(
                    steps, share, {"return": _mean(recent, "r"), "steps": _mean(recent, "l")}
                )
                if steps // recipe.evaluation.every > marks["evaluation"]:
                    marks["evaluation"] = steps // recipe.evaluation.every
                    training._evaluate(self.model, evaluator)
                if steps // recipe.checkpoint > marks["checkpoint"]:
                    marks["checkpoint"] = steps // recipe.checkpoint
                    training._save(self.model, training._folder / f"checkpoint-{steps}.zip")
                    training._save(self.model, training._folder / LAST)
                return training._share_of_time() < 1

        return Events()

    def _evaluate(self, model: Any, evaluator: Evaluator) -> None:
        laps = evaluator(Current(model))
        if not laps.rows:
            return
        steps = model.num_timesteps
        line = {"steps": steps, "seconds": round(self._seconds(), 1), "pace": laps.pace, "rows": laps.rows}
        with (self._folder / CURVE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if getattr(model, "_logger", None) is not None:
            model.logger.record("evaluation/finished", laps.finished)
            model.logger.record("evaluation/pace", laps.pace)
            for row in laps.rows:
                model.logger.record(f"evaluation/{row['simulator']}", row.get("best_lap") or 0.0)
        if laps.pace > self._best:
            self._best = laps.pace
            self._save(model, self._folder / BEST)
        self._watch.laps(steps, laps)

    def _seconds(self) -> float:
        return self._spent + time.perf_counter() - self._began

    def _save(self, model: Any, path: Path) -> None:
        """Write the model with the task that it was trained for; under its own name only once it is whole."""
        temporary = path.with_name(f"partial-{path.name}")
        model.save(temporary)
        if path.name != LAST:
            slim(temporary)
        names = [run.simulator.build().spec.name for run in self._runs]
        stamp(temporary, about(self._runs[0], algorithm=CLASSES[self._recipe.algorithm], trained_on=names,
                               steps=model.num_timesteps, seed=self._recipe.seed))  # fmt: skip
        temporary.replace(path)
        if path.name == LAST:
            if hasattr(model, "save_replay_buffer"):
                model.save_replay_buffer(self._folder / MEMORY)
            best = self._best if self._best > float("-inf") else None
            state = {
                "steps": model.num_timesteps,
                "seconds": self._seconds(),
                "best": best,
                "stage": self._begun,
            }
            (self._folder / STATE).write_text(json.dumps(state), encoding="utf-8")


def _has_tensorboard() -> bool:
    try:
        import torch.utils.tensorboard  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        return False
    return True


def _mean(episodes: Sequence[Mapping[str, Any]], key: str) -> float:
    return sum(episode[key] for episode in episodes) / len(episodes) if episodes else 0.0
