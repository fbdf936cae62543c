"""Every name in one place: shipped weights, stages, pipelines. Imports no network until asked.

To add a stage: write its file, add its line to STAGES. To ship weights: put the folder into
`audiogen/weights/` and its line into WEIGHTS.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiogen.errors import InvalidRequest, MissingModel

if TYPE_CHECKING:
    from audiogen.pipeline import Pipeline

WEIGHTS_FOLDER = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class StageEntry:
    """Where a stage lives, and the weights it loads by default.

    Attributes:
        place: "module:Class".
        weights: path -> name of its weights.
        schedulers: of a decoder, the names it takes.
        few: path -> name of weights that were distilled for one or two steps.
        alone: of a structure stage, the stage by which its network makes sound without a decoder.
        places: path -> "module:Class", where a path needs another class of the same name.
        hears: whether a structure stage hears what is asked of it; one that does not draws any digit.
    """

    seam: str
    place: str
    weights: dict[str, str]
    schedulers: tuple[str, ...] = ()
    few: dict[str, str] = field(default_factory=dict)
    alone: str | None = None
    places: dict[str, str] = field(default_factory=dict)
    hears: bool = True

    def place_for(self, path: str | None) -> str:
        """ "module:Class" for a path."""
        return self.places.get(path or "", self.place)


_PICTURES = ("digit", "picture")

STAGES: dict[str, StageEntry] = {
    "score": StageEntry("structure", "audiogen.structure.score.stage:ScoreStage", {"piano": "piano-score"}),
    "mel": StageEntry(
        "structure",
        "audiogen.structure.mel.stage:MelStage",
        {"piano": "piano-mel", "ambience": "ambience-mel"},
    ),
    "wavenet": StageEntry(
        "structure",
        "audiogen.structure.wavenet.stage:WaveNetStage",
        {"piano": "wavenet"},
        alone="wavenet-audio",
    ),
    "flow": StageEntry(
        "decoder",
        "audiogen.decoder.flow:FlowDecoder",
        {"piano": "piano-flow", "ambience": "ambience-flow", **dict.fromkeys(_PICTURES, "picture-flow")},
        schedulers=("euler", "heun", "midpoint"),
        few={"ambience": "ambience-few"},
        places=dict.fromkeys(_PICTURES, "audiogen.decoder.picture:PictureFlowDecoder"),
    ),
    "diffusion": StageEntry(
        "decoder",
        "audiogen.decoder.diffusion:DiffusionDecoder",
        {
            "piano": "piano-diffusion",
            "ambience": "ambience-diffusion",
            **dict.fromkeys(_PICTURES, "picture-diffusion"),
        },
        schedulers=("ddpm", "ddim", "dpm-solver++", "euler", "euler-ancestral"),
        places=dict.fromkeys(_PICTURES, "audiogen.decoder.picture:PictureDiffusionDecoder"),
    ),
    "vocoder": StageEntry(
        "renderer", "audiogen.render.vocoder:Vocoder", {"piano": "vocoder", "ambience": "vocoder"}
    ),
    "wavenet-audio": StageEntry(
        "renderer", "audiogen.structure.wavenet.stage:WaveNetAudio", {"piano": "wavenet"}
    ),
    "pixelcnn": StageEntry(
        "structure", "audiogen.structure.digits.pixelcnn:PixelCNNStage", {"digit": "digit-pixelcnn"}
    ),
    "pixelcnn-64": StageEntry(
        "structure",
        "audiogen.structure.digits.fine_pixelcnn:FinePixelCNNStage",
        {"digit": "digit-pixelcnn-64"},
    ),
    "dcgan": StageEntry(
        "structure", "audiogen.structure.digits.gan:DCGANStage", {"digit": "digit-dcgan"}, hears=False
    ),
    "wgan-gp": StageEntry(
        "structure", "audiogen.structure.digits.gan:WGANGPStage", {"digit": "digit-wgan-gp"}
    ),
    "cgan": StageEntry(
        "structure", "audiogen.structure.digits.gan:ConditionalGANStage", {"digit": "digit-cgan"}
    ),
    "vae": StageEntry("structure", "audiogen.structure.digits.vae:VAEStage", {"digit": "digit-vae"}),
    "ddpm": StageEntry("structure", "audiogen.structure.digits.ddpm:DDPMStage", {"digit": "digit-ddpm"}),
    "sketch": StageEntry("structure", "audiogen.structure.sketch:SketchStage", {"picture": "picture-sketch"}),
    "painter": StageEntry(
        "renderer", "audiogen.render.painter:Painter", dict.fromkeys(_PICTURES, "picture-painter")
    ),
}

WEIGHTS: dict[str, str] = {
    "piano-score": "autoregressive transformer over note events: prompt attributes -> notes",
    "piano-mel": "autoregressive transformer over coarse-mel tokens: prompt attributes -> coarse mel",
    "piano-flow": "flow-matching decoder: notes and/or coarse mel -> stereo mel",
    "piano-diffusion": "diffusion decoder (v-prediction): notes and/or coarse mel -> stereo mel",
    "ambience-mel": "autoregressive transformer over coarse-mel tokens: sound sources -> coarse mel",
    "ambience-flow": "flow-matching decoder: coarse mel and/or sound sources -> stereo mel",
    "ambience-few": "ambience-flow distilled to one or two steps, its guidance built in",
    "ambience-diffusion": "diffusion decoder (v-prediction): coarse mel and/or sound sources -> stereo mel",
    "wavenet": "WaveNet in two tiers: prompt attributes -> notes -> 16 kHz piano, sample by sample",
    "vocoder": "mel -> full-resolution magnitude and phase -> 44.1 kHz stereo",
    "picture-sketch": "autoregressive transformer over patches of line drawings: words -> contour",
    "picture-flow": "flow-matching decoder of pictures: contour, style and words -> image latents",
    "picture-diffusion": "diffusion decoder (v-prediction): contour, style and words -> image latents",
    "picture-painter": "image latents -> 512x512 pixels (autoencoder and upsampler), and back",
    "digit-pixelcnn": "gated PixelCNN: the asked digit -> contour of 28x28, block by block",
    "digit-pixelcnn-64": "two gated PixelCNNs: the asked digit -> contour of 28x28 -> contour of 64x64",
    "digit-ddpm": "diffusion with guidance: the asked digit -> contour of 28x28",
    "digit-cgan": "conditional GAN: the asked digit -> contour of 28x28 in one pass",
    "digit-wgan-gp": "GAN with a gradient penalty: the asked digit -> contour of 28x28 in one pass",
    "digit-dcgan": "DCGAN: noise -> contour of 64x64, of any digit",
    "digit-vae": "variational autoencoder: the asked digit -> contour of 28x28 in one pass",
    "transcriber": "audio -> note onsets; the project's own judge, not part of any pipeline",
    "digit-classifier": "contour -> digit; the project's own judge, not part of any pipeline",
}

# Weights that their recipe trains, but that are not here: not good enough, or not made yet.
UNSHIPPED: dict[str, str] = {}

PIPELINES: dict[str, dict[str, str]] = {
    "piano": {"structure": "score", "decoder": "flow", "renderer": "vocoder"},
    "ambience": {"structure": "mel", "decoder": "flow", "renderer": "vocoder"},
    "digit": {"structure": "pixelcnn", "decoder": "flow", "renderer": "painter"},
    "picture": {"structure": "sketch", "decoder": "flow", "renderer": "painter"},
}

# The path of an output file, where the words do not say it.
SUFFIX_PATHS: dict[str, str] = dict.fromkeys((".wav", ".flac", ".ogg", ".mp3", ".mid", ".midi"), "piano")
SUFFIX_PATHS[".png"] = "picture"

Loaded = dict[tuple[str, str, str], Any]  # (stage, weights, device) -> the stage with its weights


def stage_class(name: str, path: str | None = None) -> Any:
    """The class of a stage by its registered name, for a path where they differ.

    Raises:
        InvalidRequest: no such stage; the message lists those there are.
    """
    if name not in STAGES:
        raise InvalidRequest(f"No stage named {name!r}; there are: {', '.join(STAGES)}.")
    module, _, attribute = STAGES[name].place_for(path).partition(":")
    return getattr(importlib.import_module(module), attribute)


def stages_for(path: str, seam: str) -> list[str]:
    """Names of the stages at a seam that have weights for a path."""
    return [name for name, entry in STAGES.items() if entry.seam == seam and path in entry.weights]


def weights_for(name: str, path: str, few: bool = False) -> str:
    """The name of the weights that a stage loads for a path.

    Args:
        few: those for one or two steps, where there are such.
    Raises:
        InvalidRequest: it has none; the message lists the stages that have.
    """
    weights = STAGES[name].weights
    if path not in weights:
        seam = STAGES[name].seam
        known = ", ".join([*stages_for(path, seam), *(["none"] if seam == "structure" else [])])
        raise InvalidRequest(f"The {seam} stage {name} does not make {path}; for {path} there are {known}.")
    return STAGES[name].few.get(path, weights[path]) if few else weights[path]


def alone_stage(structure: str | None) -> str | None:
    """The stage that makes sound in place of this structure stage, decoder and renderer, if there is one."""
    return STAGES[structure].alone if structure in STAGES else None


def check_scheduler(decoder: str, scheduler: str | None) -> None:
    """Raise InvalidRequest where a decoder has no scheduler of that name; None is its default."""
    known = STAGES[decoder].schedulers
    if scheduler is not None and scheduler not in known:
        raise InvalidRequest(
            f"The decoder {decoder} has no scheduler {scheduler!r}; it has: {', '.join(known)}."
        )


def load_stage(name: str, path: str = "piano", device: str = "auto", few: bool = False) -> Any:
    """A stage with its shipped weights for `path`, see `weights_for`."""
    cls = stage_class(name, path)
    return cls.from_pretrained(weights_for(name, path, few), device=device)


def load_pipeline(
    path: str = "piano",
    structure: str | None = None,
    decoder: str | None = None,
    renderer: str | None = None,
    device: str = "auto",
    loaded: Loaded | None = None,
    few: bool = False,
) -> Pipeline:
    """The pipeline of a path with shipped weights; any stage by another name, "none" leaves it out.

    Args:
        loaded: stages that several pipelines share: taken from here, and added when first needed.
        few: with weights for one or two steps, where there are such (`Sampling.few`).
    Raises:
        InvalidRequest: unknown path or stage name.
    """
    from audiogen.pipeline import Pipeline

    if path not in PIPELINES:
        raise InvalidRequest(f"No pipeline named {path!r}; there are: {', '.join(PIPELINES)}.")
    chosen = dict(PIPELINES[path])
    for seam, name in (("structure", structure), ("decoder", decoder), ("renderer", renderer)):
        if name is None:
            continue
        if name != "none" and (name not in STAGES or STAGES[name].seam != seam):
            known = ", ".join(n for n, e in STAGES.items() if e.seam == seam)
            raise InvalidRequest(f"No {seam} stage named {name!r}; there are: {known}, none.")
        chosen[seam] = name
    names = [name for name in chosen.values() if name != "none"]
    alone = alone_stage(chosen["structure"])
    if alone and chosen["decoder"] == "none" and chosen["renderer"] != "none":
        names = [alone]
    loaded = {} if loaded is None else loaded
    keys = [(name, weights_for(name, path, few), device) for name in names]
    for key in keys:
        if key not in loaded:
            loaded[key] = load_stage(key[0], path, device, few)
    return Pipeline(*(loaded[key] for key in keys), path=path)


def find_weights(source: str | Path) -> Path:
    """The folder behind a registered name, a folder, or a hub id (downloaded).

    Raises:
        MissingModel: nothing there, or a shipped file does not match its checksum.
    """
    name = str(source)
    if name in WEIGHTS or name in UNSHIPPED:
        folder = WEIGHTS_FOLDER / name
        if not (folder / "model.safetensors").exists():
            if name in UNSHIPPED:
                raise MissingModel(f"The weights {name!r} are not shipped yet: {UNSHIPPED[name]}.")
            raise MissingModel(f"The weights {name!r} are not in this installation; reinstall audiogen.")
        _verify(folder)
        return folder
    folder = Path(source)
    if folder.is_dir():
        if not (folder / "model.safetensors").exists():
            raise MissingModel(f"{folder} holds no model.safetensors.")
        return folder
    if str(source).count("/") == 1 and not str(source).startswith((".", "/")):
        return _from_hub(str(source))
    raise MissingModel(
        f"No weights {str(source)!r}: neither a folder nor one of {', '.join(WEIGHTS)} nor owner/name."
    )


def checksum(file: Path) -> str:
    """SHA-256 of a file, hex."""
    with open(file, "rb") as stream:
        digest = hashlib.sha256()
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _verify(folder: Path) -> None:
    try:
        listed = json.loads((WEIGHTS_FOLDER / "checksums.json").read_text())
    except (OSError, ValueError) as problem:
        raise MissingModel(
            f"The checksums of the weights cannot be read ({problem}); reinstall audiogen."
        ) from problem
    if checksum(folder / "model.safetensors") != listed.get(folder.name):
        raise MissingModel(f"The weights {folder.name!r} are damaged (checksum differs); reinstall audiogen.")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.md"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as problem:
        raise MissingModel(f"Could not get {name!r} from the hub ({problem}).") from problem
