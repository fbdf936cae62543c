"""Which pretrained model is used, and how it is loaded: plain values, for a request and its recipe."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from audiogen.errors import InvalidRequest

DTYPES = ("auto", "float32", "float16", "bfloat16")
OFFLOADS = ("model", "sequential")


@dataclass(frozen=True)
class Lora:
    """Low-rank changes of a model: a folder, a .safetensors file or a hub id, and how much of them."""

    source: str
    scale: float = 1.0

    @classmethod
    def parsed(cls, text: str) -> Lora:
        """Of "FOLDER|ID[:scale]".

        Raises:
            InvalidRequest: nothing before the scale, or a scale that is no number of -10 .. 10.
        """
        source, colon, scale = text.rpartition(":")
        if not colon or "/" in scale or "\\" in scale:
            return cls(text)
        try:
            value = float(scale)
        except ValueError:
            value = float("nan")
        if not source or not -10 <= value <= 10:
            raise InvalidRequest(f"--lora is FOLDER or ID, then maybe :scale (-10 to 10), not {text!r}.")
        return cls(source, value)


@dataclass(frozen=True)
class ModelChoice:
    """A pretrained model.

    Attributes:
        source: a folder in the form of diffusers or transformers, a hub id, or the single .safetensors file
            of a picture model; with the stage `remote`, the name by which the server knows its model.
        revision: of a hub id, branch, tag or commit; None: the newest.
        controlnet: folder or hub id of a ControlNet that follows the structure; None: there is none.
        loras: in order.
        dtype: of the weights and the arithmetic, one of `DTYPES`; auto: bfloat16 on CUDA, else float32.
        offload: what waits in main memory while it is not used, `OFFLOADS`; None: nothing.
        config: of a single file, the folder or hub id of a model of its kind, of which only the settings are
            read; None: by what the file holds.
        slicing: attention and image decoder work in slices: less memory, more time.
    """

    source: str
    revision: str | None = None
    controlnet: str | None = None
    loras: tuple[Lora, ...] = ()
    dtype: str = "auto"
    offload: str | None = None
    slicing: bool = False
    config: str | None = None

    def __post_init__(self) -> None:
        problems = []
        if not self.source.strip():
            problems.append("--model is empty; give a folder or a hub id (owner/name)")
        if self.dtype not in DTYPES:
            problems.append(f"--dtype is {', '.join(DTYPES)}, not {self.dtype!r}")
        if self.offload is not None and self.offload not in OFFLOADS:
            problems.append(f"--offload is {' or '.join(OFFLOADS)}, not {self.offload!r}")
        if self.config is not None and not self.is_file:
            problems.append("--config is of a single .safetensors file; leave it out")
        if problems:
            raise InvalidRequest("; ".join(problems) + ".")

    @property
    def is_file(self) -> bool:
        """Whether it is one file of safetensors, by its name."""
        return self.source.lower().endswith(".safetensors")

    def to_dict(self) -> dict[str, Any]:
        """What is not as by default, ready for JSON; `rows.from_rows` is the way back."""
        rows = dataclasses.asdict(self)
        usual = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: value for name, value in rows.items() if value != usual[name]}
