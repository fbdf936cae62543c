"""A recipe as the training loop reads it: frozen dataclasses with every default filled in."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from audiogen.errors import InvalidRequest
from audiogen.lab.train.tasks import TASKS
from audiogen.recipe import read_recipe, unknown_name
from audiogen.rows import fitted, from_rows

PRECISIONS = ("auto", "bf16", "fp32")


@dataclass(frozen=True)
class TrainSettings:
    """The loop: how long, how fast, how careful.

    Attributes:
        steps: optimizer steps in all, or None.
        minutes: wall time in all, accumulated over resumes, or None. The learning rate follows
            whichever of the two is further, so a training ends its decay on any machine.
        lr: peak learning rate; warmup: steps to reach it; final_lr: share of it at the end (cosine).
        weight_decay: on weights of two or more axes only; betas: of AdamW; clip: gradient norm.
        ema: decay of the averaged weights, which are what is evaluated and exported.
        precision: "bf16" (autocast), "fp32", or "auto": bf16 where the hardware multiplies it.
        threads: CPU threads; None leaves PyTorch's choice.
        log_every, eval_every, save_every: steps.
        keep: "last" exports the final averaged weights, "best" those with the lowest held-out metric.
        patience: stop after this many evaluations in a row without a better metric; None: never.
    """

    steps: int | None = None
    minutes: float | None = None
    lr: float = 5e-4
    warmup: int = 200
    final_lr: float = 0.02
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    ema: float = 0.999
    precision: str = "auto"
    threads: int | None = 1
    log_every: int = 20
    eval_every: int = 500
    save_every: int = 500
    keep: str = "last"
    patience: int | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.steps is None and self.minutes is None:
            problems.append("give steps or minutes")
        for name in ("steps", "minutes", "lr", "clip", "log_every", "eval_every", "save_every", "patience"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                problems.append(f"{name} must be above 0, not {value}")
        if self.warmup < 0:
            problems.append(f"warmup must not be negative, not {self.warmup}")
        if not 0 <= self.ema < 1:
            problems.append(f"ema must be 0 .. 1, not {self.ema}")
        if self.precision not in PRECISIONS:
            problems.append(f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}")
        if self.keep not in ("last", "best"):
            problems.append(f"keep must be last or best, not {self.keep!r}")
        if problems:
            raise InvalidRequest("train: " + "; ".join(problems) + ".")


@dataclass(frozen=True)
class Recipe:
    """What to train and how; the settings of task, stage and data are checked by those who use them.

    Attributes:
        task: name in `audiogen.lab.train.tasks`; task_settings: its options (batch_size among them).
        data: name in `audiogen.lab.data.registry`; data_settings: its options.
        stage: settings of the stage's config dataclass.
    """

    task: str
    train: TrainSettings
    task_settings: dict[str, Any] = field(default_factory=dict)
    data: str | None = None
    data_settings: dict[str, Any] = field(default_factory=dict)
    stage: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise unknown_name("The task", self.task, TASKS)

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a recipe file.

        Raises:
            InvalidRequest: no task, or anything unknown, with the nearest name.
        """
        rows = read_recipe(path)
        task, data = dict(rows["task"]), dict(rows["data"])
        name = task.pop("name", None)
        if name is None:
            raise InvalidRequest(f"{path} names no task; write `task: NAME` with one of {', '.join(TASKS)}.")
        return cls(
            task=str(name),
            train=from_rows(TrainSettings, numbers(rows["train"])),
            task_settings=numbers(task),
            data=fitted(str | None, data.pop("name", None), "data: name"),
            data_settings=numbers(data),
            stage=numbers(rows["stage"]),
            seed=fitted(int, rows.get("seed", 0), "seed"),
        )

    def dump(self) -> str:
        """YAML with every default of the loop filled in; `load` reads it back."""
        train = {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self.train).items()}
        rows: dict[str, Any] = {"task": {"name": self.task, **self.task_settings}}
        if self.data:
            rows["data"] = {"name": self.data, **self.data_settings}
        return yaml.safe_dump(
            rows | {"stage": self.stage, "train": train, "seed": self.seed}, sort_keys=False
        )


def numbers(rows: dict[str, Any]) -> dict[str, Any]:
    """YAML 1.1 reads 1e-3 as a word; make such words numbers."""
    return {key: _number(value) for key, value in rows.items()}


def _number(value: Any) -> Any:
    if isinstance(value, dict):
        return numbers(value)
    if isinstance(value, list):
        return [_number(v) for v in value]
    if isinstance(value, str) and value[:1] in "0123456789.-" and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value
