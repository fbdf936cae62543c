"""Every name in one place: stages and shipped weights. Imports no network until asked.

To add a stage: write its file, add its row to STAGES, or call `register_stage` in a package of yours
(`plugins.py`). To ship weights: put the folder into `audiogen/weights/` and its line into WEIGHTS.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiogen import plugins
from audiogen.artifacts import (
    Conditioning,
    Contour,
    Latents,
    MelSpectrogram,
    Picture,
    Structure,
    Waveform,
)
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.kinds import FREE, OWN, Kind
from audiogen.stage import Varies

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
SEAMS = ("structure", "decoder", "renderer")
NONE = "none"
RESULTS = (Waveform, Picture)  # what gives one of these is the last stage
# scheduler names by family; `sampling/schedulers.py` holds what they do
FAMILIES = {
    "flow": ("euler", "heun", "midpoint", "dpm-solver++"),
    "diffusion": ("ddpm", "ddim", "dpm-solver++", "euler", "euler-ancestral"),
}
Loaded = dict[tuple[str, Any, str], Any]  # (stage, weights, device) -> the stage with its weights


@dataclass(frozen=True)
class StageEntry:
    """Where a stage lives, what it does, and the weights it loads by default.

    Attributes:
        name: how it is chosen; two stages may share it if they are for different kinds of work.
        seam: "structure", "decoder" or "renderer".
        place: "module:Class", a class, or a function that makes the stage.
        takes, gives: artifact types.
        weights: kind of work -> name of its weights, a folder or a hub id; None: it needs none.
        family: of its schedulers, one of `FAMILIES`; schedulers: their names, where it has its own.
        few: kind -> name of weights that were distilled for one or two steps.
        alone: of a structure stage, the stage by which its network makes sound without a decoder.
        conditioned: whether a structure stage is given what is asked; one that is not draws any digit.
        notes: whether a structure stage writes notes, so that its file can be MIDI.
        varies: whether it writes a share of a structure anew (`stage.Varies`).
        vocabulary: OWN: it refuses what it never learned; FREE: it is handed the whole sentence.
        chosen: whether the user chooses its model (`Request.model`), so that it has no weights of its own.
        beside: sounds that it can be given besides: "melody", "opening" (`stage.FollowsMelody`, `GoesOn`),
            "begun", one that it changes (`Editable`).
        loops: whether what it makes can close into a loop, as far as it is of its making.
        hears: of what words can ask for (`Kind.asks`), what it follows where it comes first; None: all of it.
    """

    name: str
    seam: str
    place: str | Callable[..., Any]
    takes: type
    gives: type
    weights: Mapping[str, str | None]
    family: str = ""
    schedulers: tuple[str, ...] = ()
    few: Mapping[str, str] = field(default_factory=dict)
    alone: str | None = None
    conditioned: bool = True
    notes: bool = False
    varies: bool = False
    vocabulary: str = OWN
    chosen: bool = False
    beside: tuple[str, ...] = ()
    loops: bool = True
    hears: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.seam not in SEAMS:
            raise InvalidRequest(f"The stage {self.name!r}: a seam is {', '.join(SEAMS)}, not {self.seam!r}.")
        if self.family and self.family not in FAMILIES:
            raise InvalidRequest(
                f"The stage {self.name!r}: a family is {', '.join(FAMILIES)}, not {self.family!r}."
            )
        if not self.schedulers:
            object.__setattr__(self, "schedulers", FAMILIES.get(self.family, ()))

    @property
    def factory(self) -> Any:
        """The class of the stage, or the function that makes it."""
        if not isinstance(self.place, str):
            return self.place
        module, _, attribute = self.place.partition(":")
        return getattr(importlib.import_module(module), attribute)


_PICTURES = ("digit", "picture")
_HEARD = ("density", "loudness", "register", "intensity")  # by the networks of sound that write no score
_BESIDE = {"musicgen": ("opening",), "musicgen-melody": ("melody",), "text-to-sound": ("begun",)}
_OF_DIFFUSERS = (
    *("ddpm", "ddim", "pndm", "dpm-solver++", "dpm-solver++-karras", "euler", "euler-ancestral", "heun"),
    *("unipc", "lcm"),
)


STAGES: list[StageEntry] = [
    StageEntry(
        "score",
        "structure",
        "audiogen.structure.score.stage:ScoreStage",
        Conditioning,
        Structure,
        {"piano": "piano-score", "sound": "piano-score"},
        notes=True,
        varies=True,
    ),
    StageEntry(
        "mel",
        "structure",
        "audiogen.structure.mel.stage:MelStage",
        Conditioning,
        Structure,
        {"piano": "piano-mel", "ambience": "ambience-mel"},
        hears=_HEARD,
    ),
    StageEntry(
        "wavenet",
        "structure",
        "audiogen.structure.wavenet.stage:WaveNetStage",
        Conditioning,
        Structure,
        {"piano": "wavenet"},
        alone="wavenet-audio",
        loops=False,
        hears=(*_HEARD, "key"),
    ),
    StageEntry(
        "wavenet-audio",
        "structure",
        "audiogen.structure.wavenet.stage:WaveNetAudio",
        Conditioning,
        Waveform,
        {"piano": "wavenet"},
        loops=False,
        hears=(*_HEARD, "key"),
    ),
    StageEntry(
        "flow",
        "decoder",
        "audiogen.decoder.flow:FlowDecoder",
        Structure,
        MelSpectrogram,
        {"piano": "piano-flow", "ambience": "ambience-flow"},
        family="flow",
        few={"ambience": "ambience-few"},
        hears=_HEARD,
    ),
    StageEntry(
        "diffusion",
        "decoder",
        "audiogen.decoder.diffusion:DiffusionDecoder",
        Structure,
        MelSpectrogram,
        {"piano": "piano-diffusion", "ambience": "ambience-diffusion"},
        family="diffusion",
        hears=_HEARD,
    ),
    StageEntry(
        "flow",
        "decoder",
        "audiogen.decoder.picture:PictureFlowDecoder",
        Contour,
        Latents,
        dict.fromkeys(_PICTURES, "picture-flow"),
        family="flow",
    ),
    StageEntry(
        "diffusion",
        "decoder",
        "audiogen.decoder.picture:PictureDiffusionDecoder",
        Contour,
        Latents,
        dict.fromkeys(_PICTURES, "picture-diffusion"),
        family="diffusion",
    ),
    StageEntry(
        "vocoder",
        "renderer",
        "audiogen.render.vocoder:Vocoder",
        MelSpectrogram,
        Waveform,
        {"piano": "vocoder", "ambience": "vocoder"},
    ),
    StageEntry(
        "painter",
        "renderer",
        "audiogen.render.painter:Painter",
        Latents,
        Picture,
        dict.fromkeys(_PICTURES, "picture-painter"),
    ),
    *(
        StageEntry(
            name,
            "structure",
            f"audiogen.structure.{place}",
            Conditioning,
            Contour,
            {"picture": "picture-sketch"} if name == "sketch" else {"digit": f"digit-{name}"},
            conditioned=name != "dcgan",
        )
        for name, place in {
            "pixelcnn": "digits.pixelcnn:PixelCNNStage",
            "pixelcnn-64": "digits.fine_pixelcnn:FinePixelCNNStage",
            "dcgan": "digits.gan:DCGANStage",
            "wgan-gp": "digits.gan:WGANGPStage",
            "cgan": "digits.gan:ConditionalGANStage",
            "vae": "digits.vae:VAEStage",
            "ddpm": "digits.ddpm:DDPMStage",
            "sketch": "sketch:SketchStage",
        }.items()
    ),
    *(
        StageEntry(
            name,
            "decoder",
            f"audiogen.hub.{place}",
            takes,
            gives,
            dict.fromkeys(("picture", "digit") if gives is Picture else ("sound",)),
            schedulers=schedulers,
            vocabulary=FREE,
            chosen=True,
            beside=_BESIDE.get(name, ()),
        )
        for name, place, takes, gives, schedulers in (
            ("text-to-image", "pictures:TextToImage", Conditioning, Picture, _OF_DIFFUSERS),
            ("controlnet", "pictures:ControlNet", Contour, Picture, _OF_DIFFUSERS),
            ("remote", "remote:RemotePictures", Conditioning, Picture, ()),
            ("text-to-sound", "sound:TextToSound", Conditioning, Waveform, _OF_DIFFUSERS),
            ("musicgen", "musicgen:MusicGen", Conditioning, Waveform, ()),
            ("musicgen-melody", "musicgen:MusicGenMelody", Structure, Waveform, ()),
        )
    ),
]

WEIGHTS: dict[str, str] = {
    "piano-score": "autoregressive transformer over note events: prompt attributes -> notes",
    "piano-mel": "autoregressive transformer over coarse-mel tokens: prompt attributes -> coarse mel",
    "piano-flow": "flow-matching decoder: notes and/or coarse mel -> stereo mel",
    "piano-diffusion": "diffusion decoder (v-prediction): notes and/or coarse mel -> stereo mel",
    "ambience-mel": "autoregressive transformer over coarse-mel tokens: sound sources -> coarse mel",
    "ambience-flow": "flow-matching decoder: coarse mel and/or sound sources -> stereo mel",
    "ambience-few": "ambience-flow distilled to one or two steps, its guidance built in",
    "ambience-diffusion": "diffusion decoder (v-prediction): coarse mel and/or sound sources -> stereo mel",
    "ambience-envelopes": "flow of fine envelopes, for the vocoder: mel of a fire -> when its clicks fall",
    "wavenet": "WaveNet in two tiers: prompt attributes -> notes -> 16 kHz piano, sample by sample",
    "vocoder": "mel -> full-resolution magnitude and phase -> 44.1 kHz stereo",
    "picture-sketch": "autoregressive transformer over patches of line drawings: words -> contour",
    "picture-flow": "flow-matching decoder of pictures: contour, style and words -> image latents",
    "picture-diffusion": "diffusion decoder (v-prediction): contour, style and words -> image latents",
    "picture-layouts": "colours of subjects, laid in under a contour before it is painted",
    "picture-figures": "figures of subjects as maps of regions, bent to a sketch and painted in its place",
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


def register_stage(
    stage: Any = None,
    *,
    kinds: Mapping[str, str | None] | Iterable[str],
    name: str | None = None,
    seam: str | None = None,
    takes: type | None = None,
    gives: type | None = None,
    **more: Any,
) -> Any:
    """Make a stage known by its name, for Python and the command line; also as a decorator of its class.

    Args:
        stage: a class, made without arguments, or by `from_pretrained(weights, device=...)` where it has
            weights; a function that makes the stage; or "module:Class", imported when it is used.
        kinds: kinds of work that it makes, each with its weights (name, folder or hub id) where it has any.
        name, seam, takes, gives: as the class says; needed where `stage` is none.
        more: further fields of `StageEntry` (family, schedulers, vocabulary, ...).
    Raises:
        InvalidRequest: something is missing or not as `StageEntry` wants it.
    """
    if stage is None:
        fields = {"kinds": kinds, "name": name, "seam": seam, "takes": takes, "gives": gives, **more}

        def decorate(cls: Any) -> Any:
            register_stage(cls, **fields)
            return cls

        return decorate
    said: dict[str, Any] = {"name": name, "seam": seam, "takes": takes, "gives": gives}
    found: dict[str, Any] = {
        key: getattr(stage, key, None) if value is None else value for key, value in said.items()
    }
    if missing := [key for key, value in found.items() if value is None]:
        raise InvalidRequest(f"The stage {stage!r} does not say its {', '.join(missing)}.")
    weights = dict(kinds) if isinstance(kinds, Mapping) else dict.fromkeys(kinds)
    if not isinstance(stage, str):
        more.setdefault("family", getattr(stage, "family", ""))
        more.setdefault("varies", hasattr(stage, "vary"))
        more.setdefault("notes", getattr(stage, "notes", False))
        more.setdefault("vocabulary", getattr(stage, "vocabulary", OWN))
        more.setdefault("beside", _beside(stage))
    entry = StageEntry(place=stage, weights=weights, **found, **more)
    STAGES[:] = [e for e in STAGES if e.name != entry.name or not set(e.weights) & set(weights)]
    STAGES.append(entry)
    return stage


def entry_of(stage: Any, kind: str) -> StageEntry:
    """What a stage that is there says of itself."""
    return StageEntry(
        stage.name,
        stage.seam,
        type(stage),
        stage.takes,
        stage.gives,
        {kind: None},
        schedulers=getattr(stage, "schedulers", ()),
        conditioned=getattr(stage, "conditioned", True),
        notes=getattr(stage, "notes", False),
        varies=isinstance(stage, Varies),
        vocabulary=getattr(stage, "vocabulary", OWN),
        beside=_beside(stage),
    )


def _beside(stage: Any) -> tuple[str, ...]:
    """What a stage says it can be given besides."""
    flags = {"melody": "follows_melody", "opening": "goes_on"}
    return tuple(name for name, flag in flags.items() if getattr(stage, flag, False))


def stages_for(kind: str, seam: str) -> list[str]:
    """Names of the stages at a seam that make a kind of work."""
    plugins.discover()
    return [entry.name for entry in STAGES if entry.seam == seam and kind in entry.weights]


def stage_names(seam: str) -> list[str]:
    """Names of all stages at a seam."""
    plugins.discover()
    return list(dict.fromkeys(entry.name for entry in STAGES if entry.seam == seam))


def stage_entry(name: str, kind: str | None = None) -> StageEntry:
    """The entry of a stage by its name, and the kind of work where several share it.

    Raises:
        InvalidRequest: no such stage, or it does not make this kind; the message lists those that do.
    """
    found = [entry for entry in STAGES if entry.name == name]
    if not found:
        plugins.discover()
        found = [entry for entry in STAGES if entry.name == name]
    if not found:
        known = dict.fromkeys(entry.name for entry in STAGES)
        raise InvalidRequest(f"No stage named {name!r}; there are: {', '.join(known)}.")
    fitting = [entry for entry in found if kind is None or kind in entry.weights]
    if not fitting:
        seam = found[0].seam
        others = ", ".join([*stages_for(str(kind), seam), *([NONE] if seam == "structure" else [])])
        raise InvalidRequest(f"The {seam} stage {name} does not make {kind}; for {kind} there are {others}.")
    return fitting[0]


def stage_class(name: str, kind: str | None = None) -> Any:
    """The class of a stage; arguments and errors of `stage_entry`."""
    return stage_entry(name, kind).factory


def weights_for(name: str, kind: str, few: bool = False) -> str | None:
    """The name of the weights that a stage loads for a kind of work; None: it needs none.

    Args:
        few: those for one or two steps, where there are such.
    Raises:
        InvalidRequest: see `stage_entry`.
    """
    entry = stage_entry(name, kind)
    return entry.few.get(kind, entry.weights[kind]) if few else entry.weights[kind]


def check_scheduler(decoder: StageEntry, scheduler: str | None) -> None:
    """Raise InvalidRequest where a decoder has no scheduler of that name; None is its default."""
    if scheduler is not None and scheduler not in decoder.schedulers:
        known = ", ".join(decoder.schedulers) or "none to choose from"
        raise InvalidRequest(f"The decoder {decoder.name} has no scheduler {scheduler!r}; it has: {known}.")


def chain(kind: Kind, named: Mapping[str, str | None]) -> dict[str, StageEntry]:
    """The stages of a kind of work, by seam and in order: those that are named, else its own.

    What one of them makes superfluous is left out: everything after a stage that gives a Waveform or a
    Picture, everything before one that takes the words themselves.

    Args:
        named: seam -> name, "none", or None for the kind's own.
    Raises:
        InvalidRequest: no such stage, or two that are named do not go together.
    """
    said = {seam: name for seam, name in named.items() if name is not None}
    names = {seam: said.get(seam, kind.stages.get(seam, NONE)) for seam in SEAMS}
    for seam, name in said.items():
        here = name == NONE or any(e.name == name and e.seam == seam for e in STAGES)
        if not here and name not in stage_names(seam):
            known = ", ".join([*stage_names(seam), NONE])
            raise InvalidRequest(f"No {seam} stage named {name!r}; there are: {known}.")
    entries = {seam: stage_entry(name, kind.name) for seam, name in names.items() if name != NONE}
    first = entries.get("structure")
    if first is not None and first.alone and "decoder" not in entries and "renderer" in entries:
        return {"structure": stage_entry(first.alone, kind.name)}
    order = list(entries)
    begin = max((k for k, seam in enumerate(order) if entries[seam].takes is Conditioning), default=0)
    end = min(
        (k for k, seam in enumerate(order) if issubclass(entries[seam].gives, RESULTS)), default=len(order)
    )
    for k, seam in enumerate(order):
        if begin <= k <= end:
            continue
        if seam in said:
            other = entries[order[begin if k < begin else end]]
            does = "takes the words themselves" if k < begin else f"gives a {other.gives.__name__}"
            raise InvalidRequest(
                f"The {other.seam} stage {other.name} {does}, so there is no {seam} stage {said[seam]}; "
                "leave out one of them."
            )
        del entries[seam]
    return entries


def vocabulary_of(kind: Kind, entries: Iterable[StageEntry]) -> str:
    """FREE where the kind is, or a stage that makes the detail is handed the whole sentence; else OWN."""
    free = any(entry.vocabulary == FREE for entry in entries)
    return FREE if free or kind.vocabulary == FREE else OWN


def load_stage(
    name: str,
    kind: str = "piano",
    device: str = "auto",
    few: bool = False,
    weights: Any = None,
    loaded: Loaded | None = None,
) -> Any:
    """A stage with its weights.

    Args:
        few: see `weights_for`.
        weights: others than those that belong to it: a name, a folder, a hub id, or a `hub.ModelChoice`.
        loaded: stages that are shared: taken from here, and added when first needed.
    Raises:
        InvalidRequest: see `stage_entry`. MissingModel: see `find_weights`.
    """
    entry = stage_entry(name, kind)
    chosen = weights or weights_for(name, kind, few)
    if entry.chosen and chosen is None:
        raise InvalidRequest(f"The stage {name} needs a model: --model FOLDER or ID.")
    key = (name, chosen or kind, device)
    loaded = {} if loaded is None else loaded
    if key not in loaded:
        make = entry.factory
        loaded[key] = make() if chosen is None else make.from_pretrained(chosen, device=device)
    return loaded[key]


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


def listed_checksums() -> dict[str, str]:
    """The SHA-256 that the weights in the package must have, by name.

    Raises:
        MissingModel: the list cannot be read.
    """
    try:
        return dict(json.loads((WEIGHTS_FOLDER / "checksums.json").read_text()))
    except (OSError, ValueError) as problem:
        raise MissingModel(
            f"The checksums of the weights cannot be read ({problem}); reinstall audiogen."
        ) from problem


def _verify(folder: Path) -> None:
    if checksum(folder / "model.safetensors") != listed_checksums().get(folder.name):
        raise MissingModel(f"The weights {folder.name!r} are damaged (checksum differs); reinstall audiogen.")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.md"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as problem:
        raise MissingModel(f"Could not get {name!r} from the hub ({problem}).") from problem
