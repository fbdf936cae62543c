"""Pictures by a pretrained model: what diffusers' AutoPipeline loads, alone, with a ControlNet, a refiner.

Words -> Picture; with a ControlNet Contour -> Picture: our structure stage draws, their model paints. A take
is what the bare call of diffusers gives with `generator=torch.Generator("cpu").manual_seed(sub-seed)`, after
`torch.manual_seed(sub-seed)`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image

from audiogen.artifacts import Conditioning, Contour, Picture
from audiogen.compat import import_diffusers
from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.hub import finding, loading, quantizing
from audiogen.hub.choice import AS_IS, CANNY, CallSettings, ModelChoice
from audiogen.hub.images import levels
from audiogen.hub.piped import Piped
from audiogen.hub.schedulers import scheduler_for
from audiogen.hub.weights_of_words import embedded
from audiogen.kinds import FREE
from audiogen.media import drawing
from audiogen.pretrained import pick_device
from audiogen.stage import PLAIN, Edit, Options, Progress, Sampling

GRID = 8  # pixels to a latent: sides are multiples of it
USUAL = CallSettings()


class TextToImage(Piped):
    """Words to a picture, a picture to a changed one, within a mask or everywhere."""

    name: str = finding.TEXT_TO_IMAGE
    takes: type = Conditioning
    seam, gives = "decoder", Picture
    vocabulary = FREE
    editable: ClassVar[bool] = True

    takes_settings: ClassVar[bool] = True
    refiner: Any = None
    refiner_scheduler: Any = None

    def __init__(self, pipe: Any, choice: ModelChoice, device: torch.device, folders: list[Path]) -> None:
        super().__init__(pipe, choice, device, folders)
        self._tasks: dict[tuple[str, bool], Any] = {}

    @classmethod
    def from_pretrained(cls, choice: ModelChoice, device: str = "auto") -> TextToImage:
        """Load a model from its folder, or from the hub.

        Raises:
            MissingModel: not there, incomplete, or it makes no pictures of words.
            MissingPackage: see `loading`.
        """
        where = pick_device(device)
        dtype = loading.dtype_of(choice, where)
        diffusers = import_diffusers()
        with loading.loading(choice.source):
            if choice.is_file:
                folder = finding.single_file(choice.source)
                settings = finding.settings_folder(choice)
                made_of = str(finding.manifest(str(settings))[1].get("_class_name"))
                pipe = getattr(diffusers, made_of).from_single_file(
                    str(folder), config=str(settings), torch_dtype=dtype, local_files_only=True
                )
            else:
                folder = finding.pipeline_folder(choice.source, choice.revision)
                parts = finding.manifest(str(folder))[1]
                made_of = str(parts.get("_class_name"))
                lacks = f"is a {made_of}, which makes no pictures of words"
                if made_of.startswith("Kolors"):  # known to AutoPipeline only then
                    lacks = "needs a package: pip install sentencepiece"
                fewer = quantizing.of_pipeline(choice, parts, dtype, where)
                with _auto(choice.source, lacks):
                    pipe = diffusers.AutoPipelineForText2Image.from_pretrained(
                        str(folder), torch_dtype=dtype, use_safetensors=True, local_files_only=True, **fewer
                    )
        folders = [folder]
        if choice.controlnet is not None:
            pipe = cls._steered(pipe, choice.controlnet, dtype, folders)
        folders += loading.add_loras(pipe, choice)
        refiner = None
        if choice.refiner is not None:
            finding.check_part(choice.refiner, "Stable Diffusion XL refiner", "StableDiffusionXL")
            if not type(pipe).__name__.startswith("StableDiffusionXL"):
                raise InvalidRequest(f"A refiner is for Stable Diffusion XL, and {choice.source} is none.")
            with loading.loading(choice.refiner):
                folders.append(finding.pipeline_folder(choice.refiner, None))
                refiner = diffusers.AutoPipelineForImage2Image.from_pretrained(
                    str(folders[-1]), torch_dtype=dtype, use_safetensors=True, local_files_only=True
                )
        made = cls(pipe, choice, where, folders)
        if refiner is not None:
            made.refiner = loading.placed(refiner, choice, where)
            made.refiner_scheduler = refiner.scheduler
        return made

    @staticmethod
    def _steered(pipe: Any, source: str, dtype: torch.dtype, folders: list[Path]) -> Any:
        """The same model with a ControlNet; its folder is added to the others."""
        diffusers = import_diffusers()
        finding.check_part(source, "ControlNet", "ControlNet")
        with loading.loading(source):
            folder = finding.part_folder(source)
            net = diffusers.AutoModel.from_pretrained(
                str(folder), torch_dtype=dtype, use_safetensors=True, local_files_only=True
            )
            folders.append(folder)
            _check_fit(pipe, net, source)
            with _auto(source, f"is a ControlNet, and a {type(pipe).__name__} takes none"):
                steered = diffusers.AutoPipelineForText2Image.from_pipe(pipe, controlnet=net)
        fitting = inspect.signature(type(steered).__init__).parameters["controlnet"].annotation
        if not re.search(rf"\b{type(net).__name__}\b", str(fitting)):
            raise InvalidRequest(
                f"The ControlNet {source} is a {type(net).__name__}, which does not go with a "
                f"{type(pipe).__name__}; take one that was made for this model."
            )
        return steered

    def __call__(
        self,
        x: Any,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Picture:
        edit, told = options.edit, options.settings or USUAL
        if edit is not None and _stays(edit, sampling, self.own_scheduler):
            return edit.begin
        begun = None if edit is None else _image(edit.begin, conditioning.size)
        size = conditioning.size if begun is None else begun.width
        control = self._control(x, options, sampling, size)
        task = "text" if edit is None else "image" if edit.mask is None else "mask"
        with ExitStack() as stack:
            stack.enter_context(loading.running(self.choice.source))
            stack.enter_context(loading.seeded(sampling, self.device))  # some encode a control picture so
            pipe = self._pipe(task, control is not None)
            given = stack.enter_context(self.worded(pipe, conditioning, sampling, told))
            pipe.scheduler = scheduler_for(self.own_scheduler, sampling.scheduler)
            names = loading.taken(pipe.__call__)
            if size is not None and {"height", "width"} <= names:
                given |= {"height": size, "width": size}
            if begun is not None and edit is not None:
                given |= {"image": begun, "strength": edit.strength}
                if edit.mask is not None:
                    given["mask_image"] = _mask(edit.mask, begun.width)
            if control is not None:
                given["control_image" if "control_image" in names else "image"] = control
                given["controlnet_conditioning_scale"] = float(sampling.structure_strength)
                given |= _window(self.choice.source, names, told)
            given |= loading.reporting(pipe, self.name, progress)
            self.mind_memory(pipe, size or _default_side(pipe), progress)
            noise = loading.drawn(sampling)
            if self.refiner is None:
                made = pipe(**given, generator=noise, output_type="np")
            else:
                made = self._refined(pipe, given, noise, told, conditioning, sampling, progress)
        if any(getattr(made, "nsfw_content_detected", None) or ()):
            raise AudiogenError(
                f"The safety checker of {self.choice.source} blacked this picture out; try other words or "
                "another --seed."
            )
        return Picture(np.ascontiguousarray(made.images[0].transpose(2, 0, 1), np.float32))

    @property
    def pipes(self) -> list[Any]:
        return [self.pipe, *self._tasks.values(), *([] if self.refiner is None else [self.refiner])]

    def _refined(
        self,
        pipe: Any,
        given: dict[str, Any],
        noise: torch.Generator,
        told: CallSettings,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
    ) -> Any:
        """The base takes the first steps and hands its latents on; one that cannot hands on its picture."""
        share, refiner = told.refine_from, self.refiner
        if "denoising_end" in loading.taken(pipe.__call__):
            latents = pipe(**given, denoising_end=share, generator=noise, output_type="latent").images
            begun = {"image": latents, "denoising_start": share}
        else:
            image = pipe(**given, generator=noise, output_type="pil").images[0]
            begun = {"image": image, "strength": 1 - share}
        words = loading.worded(refiner, conditioning, sampling, str(self.choice.refiner))
        refiner.scheduler = scheduler_for(self.refiner_scheduler, sampling.scheduler)
        reports = loading.reporting(refiner, "refiner", progress)
        return refiner(**words, **begun, **reports, generator=noise, output_type="np")

    @contextmanager
    def worded(
        self, pipe: Any, conditioning: Conditioning, sampling: Sampling, told: CallSettings = USUAL
    ) -> Iterator[dict[str, Any]]:
        """What the pipeline is told, for one call: words, steps and guidance."""
        given = loading.worded(pipe, conditioning, sampling, self.choice.source)
        if told.prompt_weights:
            if self.refiner is not None:
                raise InvalidRequest("A refiner reads no weights of words; leave out --prompt-weights.")
            words = given.pop("prompt"), given.pop("negative_prompt", "")
            given |= embedded(pipe, *words, self.choice.source)
        yield given

    def _control(self, x: Any, options: Options, sampling: Sampling, size: int | None) -> Image.Image | None:
        """The picture that steers; None: nothing does."""
        return None

    def _pipe(self, task: str, controlled: bool) -> Any:
        """The pipeline of a task, with the networks of the first: "text", "image" or "mask"."""
        key = task, controlled
        if key not in self._tasks:
            diffusers = import_diffusers()
            auto = {
                "text": diffusers.AutoPipelineForText2Image,
                "image": diffusers.AutoPipelineForImage2Image,
                "mask": diffusers.AutoPipelineForInpainting,
            }[task]
            has = getattr(self.pipe, "controlnet", None) is not None
            if task == "text" and controlled == has:
                self._tasks[key] = self.pipe
            else:
                without = {"controlnet": None} if has and not controlled else {}
                flag = "--mask" if task == "mask" else "--init"
                lacks = f"knows no {flag}{' beside a ControlNet' if controlled else ''}; leave it out"
                with _auto(self.choice.source, lacks):
                    made = auto.from_pipe(self.pipe, **without)
                self._tasks[key] = loading.placed(made, self.choice, self.device)
        return self._tasks[key]


class ControlNet(TextToImage):
    """The same model, held to a contour; `structure_strength` scales the ControlNet, 0 leaves it out."""

    name, takes = finding.CONTROLNET, Contour

    def _control(self, x: Any, options: Options, sampling: Sampling, size: int | None) -> Image.Image | None:
        shown, how = options.shown, (options.settings or USUAL).control_as
        if sampling.structure_strength == 0 or (shown is None and x.is_empty):
            return None
        side = size or _default_side(self.pipe)
        if shown is not None and how == AS_IS:
            return levels(drawing.resized(shown.pixels, side))
        if shown is not None:
            from audiogen.media.edges import edge_contour  # loads SciPy, which nothing else here needs

            return Image.fromarray(edge_contour(np.asarray(levels(shown.pixels)), side)).convert("RGB")
        ink = drawing.enlarged(x.pixels, side)
        if how == CANNY or (how is None and "canny" in str(self.choice.controlnet).lower()):
            ink = _outlines(ink)
        return levels(np.repeat(ink[None], 3, 0))


@contextmanager
def _auto(source: str, lacks: str) -> Iterator[None]:
    """Raise InvalidRequest where AutoPipeline knows no pipeline for what is asked of a model."""
    try:
        yield
    except ValueError as problem:
        if "AutoPipeline can't find" not in str(problem):
            raise
        raise InvalidRequest(f"{source} {lacks}.") from problem


def _check_fit(pipe: Any, net: Any, source: str) -> None:
    """Raise InvalidRequest where a ControlNet hears words of another width than the model."""
    network = getattr(pipe, "unet", None) or pipe.transformer
    for name in ("cross_attention_dim", "joint_attention_dim"):
        theirs, own = (getattr(part.config, name, None) for part in (net, network))
        if theirs is not None and own is not None and theirs != own:  # some need no words
            raise InvalidRequest(
                f"The ControlNet {source} is of a model of another size ({name} {theirs}, not {own}); take "
                "one that was made for this one."
            )


def _window(source: str, names: set[str], told: CallSettings) -> dict[str, float]:
    """From when to when a ControlNet steers, where that is asked.

    Raises:
        InvalidRequest: the pipeline knows no such thing.
    """
    asked = {"control_guidance_start": told.control_start, "control_guidance_end": told.control_end}
    if asked == {"control_guidance_start": USUAL.control_start, "control_guidance_end": USUAL.control_end}:
        return {}
    if not set(asked) <= names:
        raise InvalidRequest(f"{source} knows no --control-start and --control-end; leave them out.")
    return asked


def _default_side(pipe: Any) -> int:
    """Pixels to a side that a model makes where none are asked for."""
    network = getattr(pipe, "unet", None) or pipe.transformer
    side: Any = getattr(network.config, "sample_size", None) or getattr(pipe, "default_sample_size", 64)
    return int((side if isinstance(side, int) else side[0]) * pipe.vae_scale_factor)


def _outlines(ink: np.ndarray) -> np.ndarray:
    """Both edges of every stroke, one pixel wide: what a canny detector sees of it."""
    drawn = ink > 0.5
    inner = drawn.copy()
    for axis in (0, 1):
        for shift in (1, -1):
            inner &= np.roll(drawn, shift, axis)
    return (drawn & ~inner).astype(np.float32)


def _stays(edit: Edit, sampling: Sampling, scheduler: Any) -> bool:
    """Whether a strength is so small that no step is left to take."""
    return edit.strength == 0 or (sampling.steps is not None and int(sampling.steps * edit.strength) < 1)


def _image(picture: Picture, size: int | None) -> Image.Image:
    """The picture that is changed as a square of 8 bits, its side a multiple of the model's grid."""
    side = size or max(GRID, picture.size[0] // GRID * GRID)
    return levels(drawing.resized(picture.pixels, side))


def _mask(mask: np.ndarray, side: int) -> Image.Image:
    """White where the picture may change."""
    return Image.fromarray(np.where(drawing.shrunk(mask, side) > 0.5, 255, 0).astype(np.uint8))
