"""The training loop of every model: AdamW, warm-up and cosine, EMA, bf16, resumable.

    train("recipes/piano-score.yaml", "data/piano-score", "runs/piano-score")

The same command goes on where the last one stopped. Ctrl-C and SIGTERM save and stop. The cosine
follows steps or elapsed minutes, whichever is further, so that a training ends its decay in time.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import monotonic as now
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.lab.train.critic import Critic
from audiogen.lab.train.engine import Engine, make_engine
from audiogen.lab.train.optimizer import ema_update, learning_rate, make_optimizer, set_learning_rate
from audiogen.lab.train.recipe import Recipe
from audiogen.lab.train.run_folder import RunFolder
from audiogen.lab.train.task import AdversarialTask, Task
from audiogen.lab.train.tasks import task_class
from audiogen.registry import find_weights
from audiogen.weight_files import load_weights

BAD_STEPS = 25  # this many steps in a row without a finite gradient end the training


@dataclass(frozen=True)
class TrainResult:
    """How a call of `train` ended: finished, or stopped by a signal and resumable."""

    step: int
    finished: bool
    metric: float | None
    weights: Path


def train(
    recipe: Recipe | str | Path,
    data_folder: str | Path,
    run_folder: str | Path,
    resume: bool = True,
    init_from: str | Path | None = None,
) -> TrainResult:
    """Train what the recipe says.

    Args:
        recipe: a recipe, or the path of one.
        data_folder: what `audiogen data` made for it.
        run_folder: made if missing; a checkpoint in it is gone on from.
        resume: False starts anew even if there is a checkpoint.
        init_from: weights to start from: a run folder, a weights folder, or a registered name.
            Ignored when a checkpoint is gone on from.
    Raises:
        InvalidRequest: the recipe, the data or `init_from` do not fit.
    """
    if not isinstance(recipe, Recipe):
        recipe = Recipe.load(recipe)
    if recipe.train.threads:
        torch.set_num_threads(recipe.train.threads)
    engine = make_engine(recipe.train.precision)
    torch.manual_seed(recipe.seed)
    task = task_class(recipe.task)(recipe.stage, recipe.task_settings, Path(data_folder), recipe.seed)
    loop = Loop(recipe, task, RunFolder(Path(run_folder)), engine)
    loop.start(resume, init_from)
    return loop.run()


class Loop:
    """One training in progress; all its state is in `state()`."""

    def __init__(self, recipe: Recipe, task: Task, folder: RunFolder, engine: Engine) -> None:
        self.recipe, self.settings, self.task, self.folder, self.engine = (
            recipe,
            recipe.train,
            task,
            folder,
            engine,
        )
        self.bare = task.network.to(engine.device)
        self.generator = torch.Generator().manual_seed(recipe.seed + 7919 * engine.rank)
        self.step, self.elapsed_s, self.bad_steps, self.evaluations_since_best = 0, 0.0, 0, 0
        self.best: float | None = None
        self.metric: float | None = None
        self.critic: Critic | None = None
        self.losses: dict[str, Tensor] = {}  # of the last step; a finished run takes none
        self.stopping = False

    def start(self, resume: bool, init_from: str | Path | None) -> None:
        """Take up the checkpoint, or the weights to start from."""
        state = self.folder.open(self.recipe, resume) if self.engine.rank == 0 else None
        self.engine.wait()
        if self.engine.rank and resume and self.folder.checkpoint.exists():
            state = torch.load(self.folder.checkpoint, map_location="cpu", weights_only=True)
        if state is None and init_from is not None:
            own = getattr(self.task, "warm_start", None)  # weights in a form of its own
            say(own(init_from) if own is not None else warm_start(self.bare, init_from))
        if state is not None:
            self.bare.load_state_dict(state["network"])
        optimizer = make_optimizer(self.bare, self.settings)
        self.ema = AveragedModel(self.bare, multi_avg_fn=ema_update(self.settings.ema))
        self.network, self.optimizer = self.engine.prepare(self.bare, optimizer)
        if hasattr(self.task, "critic"):
            self.critic = Critic(cast(AdversarialTask, self.task), self.settings, self.engine)
        if state is not None:
            self._restore(state)
            say(f"going on at step {self.step}, minute {self.elapsed_s / 60:.1f}")

    def run(self) -> TrainResult:
        """Steps until the end of the budget or a signal."""
        before = now() - self.elapsed_s
        with signals(self._stop), self._bar() as bar:
            while self.progress < 1 and not self.stopping and not self._stale():
                self._one_step()
                self.elapsed_s, self.stopping = self.engine.agree(now() - before, self.stopping)
                self._advance(bar)
                if self.step % self.settings.eval_every == 0:
                    self._evaluate()
                if self.step % self.settings.save_every == 0:
                    self._save()
                self.elapsed_s, _ = self.engine.agree(now() - before, False)
        finished = self.progress >= 1 or self._stale()
        if finished and self.step % self.settings.eval_every:
            self._evaluate()
        self._save()
        self.engine.wait()
        metric = self.best if self.settings.keep == "best" else self.metric
        return TrainResult(self.step, finished, metric, self.folder.weights)

    @property
    def progress(self) -> float:
        """0..1: the further of steps and minutes."""
        by_steps = self.step / self.settings.steps if self.settings.steps else 0.0
        by_time = self.elapsed_s / (60 * self.settings.minutes) if self.settings.minutes else 0.0
        return min(1.0, max(by_steps, by_time))

    def _one_step(self) -> None:
        lr = learning_rate(self.settings, self.step, self.progress)
        set_learning_rate(self.optimizer, lr)
        self.network.train()
        others: dict[str, Tensor] = {}
        if self.critic is not None:
            others = self.critic.train(self.network, self._batch, self.progress, lr)
        batch = self._batch()
        with self.critic.frozen() if self.critic is not None else nullcontext():
            with self.engine.autocast():
                losses = self.task.loss(self.network, batch, self.progress)
            self.engine.backward(losses["loss"])
        norm = torch.nn.utils.clip_grad_norm_(self.bare.parameters(), self.settings.clip)
        self.step += 1
        if self._usable(norm):
            self.optimizer.step()
            self.ema.update_parameters(self.bare)
        self.optimizer.zero_grad(set_to_none=True)
        self.lr, self.norm, self.losses = lr, norm, losses | others

    def _batch(self) -> dict[str, Tensor]:
        batch = self.task.batch(self.generator, self.progress)
        return {k: v.to(self.engine.device) for k, v in batch.items()}

    def _usable(self, norm: Tensor) -> bool:
        """A step whose gradient is not finite is left out; too many in a row are an error."""
        if torch.isfinite(norm):
            self.bad_steps = 0
            return True
        self.bad_steps += 1
        if self.bad_steps >= BAD_STEPS:
            raise AudiogenError(
                f"{BAD_STEPS} steps without a finite gradient up to step {self.step}; "
                "lower train.lr or use train.precision: fp32."
            )
        return False

    def _stale(self) -> bool:
        return self.settings.patience is not None and self.evaluations_since_best >= self.settings.patience

    def _advance(self, bar: tqdm) -> None:
        bar.n = min(
            bar.total, self.step if self.settings.steps and not self.settings.minutes else int(self.elapsed_s)
        )
        if self.step % self.settings.log_every and self.step > 1:
            bar.refresh()
            return
        values = {name: round(float(value.detach()), 6) for name, value in self.losses.items()}
        bar.set_postfix(step=self.step, loss=values["loss"])
        if self.engine.rank == 0:
            row = {"minute": round(self.elapsed_s / 60, 3), "lr": self.lr, "norm": round(float(self.norm), 4)}
            self.folder.log(split="train", step=self.step, **row, **values)

    def _evaluate(self) -> None:
        """Held-out metrics, samples and export of the averaged weights (on the first process)."""
        if self.engine.rank == 0:
            averaged = self.ema.module.eval()
            with torch.no_grad(), self.engine.autocast():
                metrics = self.task.evaluate(averaged)
            self.metric = float(metrics["metric"])
            self.folder.log(split="valid", step=self.step, minute=round(self.elapsed_s / 60, 3), **metrics)
            better = self.best is None or self.metric < self.best
            self.evaluations_since_best = 0 if better else self.evaluations_since_best + 1
            self.best = self.metric if better else self.best
            with torch.no_grad():
                if better or self.settings.keep == "last":
                    self.task.export(averaged, self.folder.weights)
                self.folder.samples.mkdir(exist_ok=True)
                self.task.sample(averaged, self.folder.samples)
            self.folder.plot()
            shown = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
            loss = f" loss {float(self.losses['loss'].detach()):.4f}" if self.losses else ""
            say(f"minute {self.elapsed_s / 60:.1f} step {self.step}{loss} | {shown}")
        _, stale = self.engine.agree(0.0, self._stale())
        if stale and self.engine.rank:
            self.evaluations_since_best = self.settings.patience or 0
        self.engine.wait()

    def _save(self) -> None:
        if self.engine.rank == 0:
            self.folder.save(self.state())

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs to give the same result as an uninterrupted one."""
        return {
            "network": self.bare.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "best": self.best,
            "metric": self.metric,
            "evaluations_since_best": self.evaluations_since_best,
            "generator": self.generator.get_state(),
            "torch_rng": torch.get_rng_state(),
            **({"critic": self.critic.state()} if self.critic is not None else {}),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.critic is not None:
            self.critic.restore(state["critic"])
        for name in ("step", "elapsed_s", "best", "metric", "evaluations_since_best"):
            setattr(self, name, state[name])
        if self.engine.rank == 0:
            self.generator.set_state(state["generator"])
            torch.set_rng_state(state["torch_rng"])
        else:  # the checkpoint holds the first process's; the others go on with fresh draws
            self.generator.manual_seed(self.recipe.seed + 7919 * self.engine.rank + 104_729 * self.step)

    def _stop(self) -> None:
        self.stopping = True

    def _bar(self) -> tqdm:
        by_steps = self.settings.steps and not self.settings.minutes
        total = self.settings.steps if by_steps else int(60 * (self.settings.minutes or 0))
        initial = self.step if by_steps else int(self.elapsed_s)
        quiet = self.engine.rank > 0 or not sys.stderr.isatty()
        unit = "step" if by_steps else "s"
        return tqdm(
            total=total, initial=initial, desc=self.recipe.task, unit=unit, disable=quiet, file=sys.stderr
        )


def warm_start(network: nn.Module, source: str | Path) -> str:
    """Copy all weights of the same name and shape; what was copied, in words.

    Raises:
        MissingModel: no weights there.
        InvalidRequest: none of them fits.
    """
    run = Path(source) / "weights"
    folder = run if (run / "model.safetensors").exists() else find_weights(source)
    given, own = load_weights(folder / "model.safetensors"), network.state_dict()
    fits = {k: v.to(own[k].dtype) for k, v in given.items() if k in own and own[k].shape == v.shape}
    if not fits:
        raise InvalidRequest(f"None of the weights in {folder} fits this network.")
    network.load_state_dict(fits, strict=False)
    return f"started from {folder}: {len(fits)} of {len(own)} tensors"


@contextmanager
def signals(stop: Any) -> Iterator[None]:
    """SIGINT and SIGTERM call `stop` once; a second one acts as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(number: int, frame: Any) -> None:
        say("stopping after this step; the same command goes on from here")
        restore()
        stop()

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        restore()


def say(words: str) -> None:
    """One line on stderr, above the bar."""
    tqdm.write(words, file=sys.stderr)
    sys.stderr.flush()
