"""Any finished picture, larger: the upscalers of diffusers, by 4 (x4-upscaler) or by 2 (latent upscaler).

A result is what the bare call of diffusers gives with the picture as 8 bits and
`generator=torch.Generator("cpu").manual_seed(sub-seed)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning, Picture
from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest
from audiogen.hub import finding, loading
from audiogen.hub.choice import ModelChoice
from audiogen.hub.images import levels
from audiogen.hub.piped import Piped
from audiogen.media import drawing
from audiogen.pretrained import pick_device
from audiogen.stage import Progress, Sampling

GRID = 64  # to which the latent upscaler cuts a picture


class Upscaler(Piped):
    """A pipeline of diffusers that makes a picture larger."""

    name = "upscaler"

    @classmethod
    def from_pretrained(cls, choice: ModelChoice, device: str = "auto") -> Upscaler:
        """Load a model from its folder, or from the hub.

        Raises:
            MissingModel: not there or incomplete. InvalidRequest: no upscaler. MissingPackage: see `loading`.
        """
        finding.upscale_factor(choice)
        where = pick_device(device)
        with loading.loading(choice.source):
            folder = finding.pipeline_folder(choice.source, choice.revision)
            pipe = import_diffusers().DiffusionPipeline.from_pretrained(
                str(folder),
                torch_dtype=loading.dtype_of(choice, where),
                use_safetensors=True,
                local_files_only=True,
            )
        return cls(pipe, choice, where, [folder])

    @property
    def factor(self) -> int:
        return finding.UPSCALERS[type(self.pipe).__name__]

    def __call__(
        self,
        picture: Picture,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        steps: int | None = None,
    ) -> Picture:
        """A square picture `factor` times as large; steps: None: as many as the pipeline takes by itself.

        Raises:
            InvalidRequest: the result would be larger than `finding.LARGEST`.
        """
        side = picture.size[0]
        wanted = side * self.factor
        if wanted > finding.LARGEST:
            raise InvalidRequest(
                f"{self.choice.source} would make {wanted}x{wanted} pixels of this, and {finding.LARGEST} to "
                f"a side are the most; give a --size of at most {finding.LARGEST // self.factor}."
            )
        fitted = max(GRID, -(-side // GRID) * GRID) if self.factor == 2 else side
        given: dict[str, Any] = {} if steps is None else {"num_inference_steps": steps}
        if conditioning.negative:
            given["negative_prompt"] = conditioning.negative
        with loading.running(self.choice.source):
            self.mind_memory(self.pipe, wanted, progress)
            made = self.pipe(
                prompt=conditioning.wording or conditioning.prompt,
                image=levels(drawing.resized(picture.pixels, fitted)),
                **given,
                **loading.reporting(self.pipe, self.name, progress),
                generator=loading.drawn(sampling, self.name),
                output_type="np",
            )
        pixels = np.ascontiguousarray(made.images[0].transpose(2, 0, 1), np.float32)
        return Picture(drawing.resized(pixels, wanted))
