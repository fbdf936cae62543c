"""Trains a LoRA on captioned pictures: squared error of what a frozen picture model says, at random times.

What the encoders make of pictures and captions is computed once; the steps are the denoiser's alone. The
weights are written as diffusers writes them, and load with `--lora FOLDER` and `load_lora_weights`.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from audiogen.errors import InvalidRequest, MissingModel, MissingPackage
from audiogen.hub import ModelChoice, finding, loading
from audiogen.hub.pictures import TextToImage
from audiogen.lab.data.captioned_pictures import check_pictures, read_captions, square
from audiogen.lab.train.low_rank import LowRank
from audiogen.lab.train.noising import noising_of
from audiogen.lab.train.picture_model import PictureModel
from audiogen.media import files
from audiogen.media.png import png_bytes
from audiogen.rows import from_rows

WEIGHTS = "pytorch_lora_weights.safetensors"
DRAWS = 4  # of noise and time for each picture that is evaluated
MOST_EVALUATED = 32  # pictures


@dataclass(frozen=True)
class LoraModel:
    """What is changed, and how much.

    Attributes:
        model: the pretrained model, a folder or a hub id; revision: of a hub id.
        rank: of the change of each layer. targets: which linear layers, by the ends of their names.
        dtype: of the frozen model, as `ModelChoice` has it.
    """

    model: str
    revision: str | None = None
    rank: int = 8
    targets: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0")
    dtype: str = "auto"

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= 512 or not self.targets:
            raise InvalidRequest(f"stage: rank is 1 to 512, not {self.rank}, and targets names some layers.")


@dataclass(frozen=True)
class LoraTaskSettings:
    """How it is trained.

    Attributes:
        batch_size: pictures a step.
        size: pixels to a side; None: as the model was made for. flip: half of the pictures mirrored.
        held_out: pictures, the last by name, that are only evaluated; 0: the trained ones are.
        snr_gamma: of Min-SNR weights, about 5; None: all times count alike. Of diffusion only.
        checkpointing: less memory, a third more time.
        prompts: what samples are drawn of; sample_steps: of each.
        licence: of the LoRA, for its card.
    """

    batch_size: int = 1
    size: int | None = None
    flip: bool = False
    held_out: int = 0
    snr_gamma: float | None = None
    checkpointing: bool = False
    prompts: tuple[str, ...] = ()
    sample_steps: int = 20
    licence: str = "unknown"

    def __post_init__(self) -> None:
        problems = []
        if not 1 <= self.batch_size <= 1024:
            problems.append(f"batch_size is 1 to 1024, not {self.batch_size}")
        if self.size is not None and not 8 <= self.size <= 2048:
            problems.append(f"size is 8 to 2048 pixels, not {self.size}")
        if self.held_out < 0:
            problems.append(f"held_out is 0 or more, not {self.held_out}")
        if self.snr_gamma is not None and self.snr_gamma <= 0:
            problems.append(f"snr_gamma is above 0, not {self.snr_gamma}")
        if not 1 <= self.sample_steps <= 1000:
            problems.append(f"sample_steps is 1 to 1000, not {self.sample_steps}")
        if problems:
            raise InvalidRequest("task: " + "; ".join(problems) + ".")


class LoraTask:
    """Task "lora" (see lab/train/task.py)."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config: LoraModel = from_rows(LoraModel, stage_settings, "stage")
        self.settings: LoraTaskSettings = from_rows(LoraTaskSettings, task_settings, "task")
        if importlib.util.find_spec("peft") is None:
            raise MissingPackage("Training a LoRA needs peft: pip install 'audiogen[lora]'.")
        rows = read_captions(data_folder)
        if self.settings.held_out >= len(rows):
            raise InvalidRequest(
                f"task: held_out is {self.settings.held_out}, and {data_folder} has {len(rows)} pictures; "
                "leave some to train on."
            )
        with _bar(len(rows), "checking pictures") as bar:
            check_pictures(rows, lambda number: bar.update())
        choice = ModelChoice(self.config.model, self.config.revision, dtype=self.config.dtype)
        self.model = PictureModel(TextToImage.from_pretrained(choice).pipe, choice.source)
        self.noising = noising_of(self.model.pipe.scheduler, self.settings.snr_gamma)
        self.size = self._size()
        self._encode(rows)
        self.data = data_folder.resolve().name
        try:
            self.low_rank = LowRank.within(self.model.denoiser, self.config.rank, self.config.targets, seed)
        except ValueError as problem:
            raise InvalidRequest(
                f"stage: targets fits no linear layer of {choice.source} ({loading.line(problem)})."
            ) from problem
        if self.settings.checkpointing:
            self.model.denoiser.enable_gradient_checkpointing()
        self.network: nn.Module = self.low_rank
        self.without: float | None = None  # what `metric` is without the LoRA

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"x0": [B, C, h, w], "noise": as x0, "share": 0 .. 1 [B], "words": [B, N, D], ...}."""
        count = self.settings.batch_size
        rows = torch.randint(self.trained, (count,), generator=generator)
        return self._drawn(rows, torch.rand(count, generator=generator), generator)

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """Mean squared error, weighted."""
        point = self.noising.at(batch["x0"], batch["noise"], batch["share"])
        inputs, more = self.model.inputs(point.x_t, point.times, batch)
        error = (network(*inputs, **more) - point.target).square().mean((1, 2, 3))
        return {"loss": (point.weight * error).mean()}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """The loss at fixed noise and times (`metric`), and `without` the LoRA."""
        low_rank: Any = network
        if self.without is None:
            none = {n: torch.zeros_like(part) for n, part in low_rank.state().items()}
            with LowRank(low_rank.base, {n: nn.Parameter(part) for n, part in none.items()}).installed():
                self.without = self._mean_loss(network)
        with low_rank.installed():
            return {"metric": self._mean_loss(network), "without": self.without}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """grid.png: one picture of each prompt, at seeds 0, 1, ..."""
        low_rank: Any = network
        with low_rank.installed():
            made = [
                self.model.sample(words, self.empty, self.size, self.settings.sample_steps, seed)
                for seed, words in enumerate(self.prompts)
            ]
        if made:
            (folder / "grid.png").write_bytes(png_bytes(np.concatenate(made, 1).transpose(2, 0, 1)))

    def export(self, network: nn.Module, folder: Path) -> None:
        """The weights and their card; each file is complete before it has its name."""
        low_rank: Any = network
        place = self.model.place
        state = {n.replace(".default.", "."): part.detach().cpu() for n, part in low_rank.state().items()}
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory() as made:
            self.model.pipe.save_lora_weights(made, **{f"{place}_lora_layers": state}, weight_name=WEIGHTS)
            weights = (Path(made) / WEIGHTS).read_bytes()
        card = folder / "README.md"
        files.write_together({folder / WEIGHTS: weights, card: self.card().encode()}, force=True)

    def card(self) -> str:
        """The model card, as the hub reads it."""
        import yaml

        base = self.config.model if finding.is_hub_id(self.config.model) else Path(self.config.model).name
        licence = self.settings.licence
        head: dict[str, Any] = {"base_model": base, "library_name": "diffusers", "license": licence}
        head |= {"tags": ["lora", "text-to-image"]}
        return (
            f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n"
            f"# A LoRA for {base}\n\n"
            f"Rank {self.config.rank} in {', '.join(self.config.targets)}, trained with audiogen on "
            f"{self.trained} captioned pictures of {self.size}x{self.size} pixels (folder `{self.data}`). "
            f"Licence: {licence}; that of the base model holds as well.\n\n"
            f'    audiogen make "..." --model {base} --lora FOLDER -o picture.png\n'
        )

    def warm_start(self, source: str | Path) -> str:
        """Take the weights of a LoRA: a run folder or the folder of its weights; what was taken, in words.

        Raises:
            MissingModel: there are none. InvalidRequest: they are of another model or rank.
        """
        from safetensors.torch import load_file

        places = [Path(source) / "weights" / WEIGHTS, Path(source) / WEIGHTS]
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            raise MissingModel(f"{source} holds no {WEIGHTS} to start from.")
        with loading.loading(str(file)):
            given = load_file(file)
        prefix = f"{self.model.place}."
        given = {n.removeprefix(prefix).replace(".weight", ".default.weight"): v for n, v in given.items()}
        own = self.low_rank.state()
        if {n: v.shape for n, v in given.items()} != {n: v.shape for n, v in own.items()}:
            raise InvalidRequest(f"The LoRA {file} has another rank, other layers or another base model.")
        with torch.no_grad():
            for name, part in own.items():
                part.copy_(given[name])
        return f"started from {file}: {len(own)} tensors"

    @property
    def trained(self) -> int:
        """How many pictures are trained on; they come first."""
        return len(self.means) - self.settings.held_out

    def _size(self) -> int:
        size, grid = self.settings.size or self.model.size, self.model.grid
        if size % grid:
            raise InvalidRequest(f"task: size must be a multiple of {grid} for this model, not {size}.")
        return size

    def _encode(self, rows: list[Any]) -> None:
        """What the encoders make of all pictures and captions; then the text encoders are let go."""
        known: dict[str, dict[str, Tensor]] = {}
        means, deviations, frames = [], [], []
        with loading.running(self.config.model), _bar(len(rows), "encoding pictures") as bar:
            for row in rows:
                pixels, (height, width, top, left) = square(row.file, self.size)
                views = [pixels, pixels[..., ::-1].copy()] if self.settings.flip else [pixels]
                found = [self.model.latents(torch.from_numpy(view)) for view in views]
                means.append(torch.stack([mean for mean, _ in found]))
                deviations.append(torch.stack([deviation for _, deviation in found]))
                frames.append([height, width, top, left, self.size, self.size])
                if row.caption not in known:
                    known[row.caption] = self.model.words(row.caption)
                bar.update()
            self.captions = [known[row.caption] for row in rows]
            self.prompts = [self.model.words(prompt) for prompt in self.settings.prompts]
            self.empty = self.model.words("")
        self.means, self.deviations = torch.stack(means), torch.stack(deviations)
        self.frames = torch.tensor(frames, dtype=torch.float32)
        self.model.forget_encoders()

    def _drawn(self, rows: Tensor, share: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Pictures by number, each with its own noise."""
        views = torch.randint(self.means.shape[1], rows.shape, generator=generator)
        means, deviations = self.means[rows, views], self.deviations[rows, views]
        x0 = self.model.scaled(means + deviations * torch.randn(means.shape, generator=generator))
        captions = [self.captions[int(row)] for row in rows]
        words = {name: torch.stack([each[name] for each in captions]) for name in captions[0]}
        noise = torch.randn(x0.shape, generator=generator)
        return {"x0": x0, "noise": noise, "share": share, "frame": self.frames[rows], **words}

    def _mean_loss(self, network: nn.Module) -> float:
        """Of at most MOST_EVALUATED pictures, each at DRAWS times that are spread evenly."""
        first = self.trained if self.settings.held_out else 0
        rows = range(len(self.means))[first:][:MOST_EVALUATED]
        generator = torch.Generator().manual_seed(1)
        device = next(network.parameters()).device
        total = 0.0
        for row in rows:
            for draw in range(DRAWS):
                share = torch.tensor([(draw + (row % 8) / 8) / DRAWS])
                batch = self._drawn(torch.tensor([row]), share, generator)
                total += float(self.loss(network, {k: v.to(device) for k, v in batch.items()}, 1.0)["loss"])
        return total / (len(rows) * DRAWS)


def _bar(total: int, what: str) -> tqdm:
    """Progress on stderr, for people."""
    return tqdm(total=total, desc=what, unit="picture", disable=not sys.stderr.isatty(), file=sys.stderr)
