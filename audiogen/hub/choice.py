"""Which pretrained model is used, and how it is loaded: plain values, for a request and its recipe."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from audiogen.errors import InvalidRequest

DTYPES = ("auto", "float32", "float16", "bfloat16")
OFFLOADS = ("model", "sequential")
QUANTIZED = ("int8", "nf4")
AS_IS, CANNY, SCRIBBLE = "is", "canny", "scribble"
CONTROLS = (AS_IS, CANNY, SCRIBBLE)
LONGEST_LYRICS = 10_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,4})?")


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
        refiner: folder or hub id of a Stable Diffusion XL refiner that takes the last steps; None: none.
        loras: in order.
        dtype: of the weights and the arithmetic, one of `DTYPES`; auto: bfloat16 on CUDA, else float32.
        offload: what waits in main memory while it is not used, `OFFLOADS`; None: nothing.
        config: of a single file, the folder or hub id of a model of its kind, of which only the settings are
            read; None: by what the file holds.
        channels_last: convolutions keep the channels of a pixel together in memory.
        slicing: attention and image decoder work in slices: less memory, more time.
        quantize: of the weights of linear layers, one of `QUANTIZED`; None: they have the dtype.
        tiles: pixels to a side of the tiles in which the image decoder works; None: the whole picture at
            once, or, where memory is short, tiles that fit.
        compile: the network that does most of the work is compiled in the first call.
    """

    source: str
    revision: str | None = None
    controlnet: str | None = None
    loras: tuple[Lora, ...] = ()
    dtype: str = "auto"
    offload: str | None = None
    slicing: bool = False
    config: str | None = None
    refiner: str | None = None
    quantize: str | None = None
    tiles: int | None = None
    compile: bool = False
    channels_last: bool = False

    def __post_init__(self) -> None:
        problems = []
        if not self.source.strip():
            problems.append("--model is empty; give a folder or a hub id (owner/name)")
        if self.dtype not in DTYPES:
            problems.append(f"--dtype is {', '.join(DTYPES)}, not {self.dtype!r}")
        if self.offload is not None and self.offload not in OFFLOADS:
            problems.append(f"--offload is {' or '.join(OFFLOADS)}, not {self.offload!r}")
        if self.quantize is not None and self.quantize not in QUANTIZED:
            problems.append(f"--quantize is {' or '.join(QUANTIZED)}, not {self.quantize!r}")
        if self.tiles is not None and not 16 <= self.tiles <= 4096:
            problems.append(f"--tiles is 16 to 4096 pixels, not {self.tiles}")
        if self.quantize is not None and self.is_file:
            problems.append("--quantize is for models in folders, not for a single .safetensors file")
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
        return _unusual(self)


@dataclass(frozen=True)
class CallSettings:
    """What one call of a pretrained model is told beside its words and `Sampling`.

    Attributes:
        control_start, control_end: share of the steps from which and up to which a ControlNet steers, 0 .. 1.
        control_as: what a ControlNet is shown of a picture of the user's, one of `CONTROLS`: the picture as
            it is (depth, pose, ...), its edges, or a drawing as drawn; None: a drawing, outlined where the
            name of the ControlNet says canny.
        refine_from: share of the steps after which a refiner takes over, 0 .. 1.
        upscale_steps: of an upscaler; None: its own number.
        lyrics: what is sung, with marks such as [verse]; for models that sing.
        prompt_weights: words can be weighed, "(big eyes)1.4", and are read whole, however many; see
            `weights_of_words`.
        language: of the words: "en", "zh", ...; None: they are translated where the model knows only English.
    """

    control_start: float = 0.0
    control_end: float = 1.0
    control_as: str | None = None
    refine_from: float = 0.8
    upscale_steps: int | None = None
    lyrics: str = ""
    language: str | None = None
    prompt_weights: bool = False

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.control_start < self.control_end <= 1:
            problems.append(
                "--control-start and --control-end are shares of the steps, 0 to 1, the first below the "
                f"second, not {self.control_start:g} and {self.control_end:g}"
            )
        if self.control_as not in (None, *CONTROLS):
            problems.append(f"--control-as is {', '.join(CONTROLS)}, not {self.control_as!r}")
        if not 0 < self.refine_from < 1:
            problems.append(f"--refine-from is between 0 and 1, not {self.refine_from:g}")
        if self.upscale_steps is not None and not 1 <= self.upscale_steps <= 1000:
            problems.append(f"--upscale-steps is 1 to 1000, not {self.upscale_steps}")
        if len(self.lyrics) > LONGEST_LYRICS:
            problems.append(f"lyrics are at most {LONGEST_LYRICS} letters, not {len(self.lyrics)}")
        if self.language is not None and not _LANGUAGE.fullmatch(self.language):
            problems.append(f"--language is a short name such as en or zh, not {self.language!r}")
        if problems:
            raise InvalidRequest("; ".join(problems) + ".")

    @property
    def shows_picture(self) -> bool:
        """Whether a ControlNet is shown a picture of the user's itself, not a drawing read from it."""
        return self.control_as in (AS_IS, CANNY)

    def to_dict(self) -> dict[str, Any]:
        """As `ModelChoice.to_dict`."""
        return _unusual(self)


def _unusual(record: Any) -> dict[str, Any]:
    rows = dataclasses.asdict(record)
    usual = {field.name: field.default for field in dataclasses.fields(record)}
    return {name: value for name, value in rows.items() if value != usual[name]}
