"""From a folder or a hub id to what lies there: which stage it is, its files, their checksum."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import socket
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest, MissingModel
from audiogen.hub.choice import ModelChoice
from audiogen.hub.stopping import stoppable
from audiogen.registry import checksum

TEXT_TO_IMAGE, CONTROLNET = "text-to-image", "controlnet"
TEXT_TO_SOUND, MUSICGEN, MUSICGEN_MELODY = "text-to-sound", "musicgen", "musicgen-melody"
CLIP, CLAP = "clip", "clap"  # compare words with pictures, and with sounds
LIKE_CLIP = ("clip", "siglip", "siglip2", "chinese_clip", "altclip", "metaclip_2", "align")
REMOTE = "remote"  # a service, see `remote.py`
SOUND_PIPELINES = (
    *("AudioLDM2Pipeline", "StableAudioPipeline", "AudioLDMPipeline", "MusicLDMPipeline"),
    *("StableAudio3Pipeline", "AceStepPipeline", "LongCatAudioDiTPipeline"),
)
ENGLISH = (
    *("CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel", "ClapModel", "SpeechT5Model"),
    *("ClapTextModelWithProjection", "VitsModel"),
)  # text encoders
LARGEST = 4096  # pixels to a side of what an upscaler makes
UPSCALERS = {"StableDiffusionUpscalePipeline": 4, "StableDiffusionLatentUpscalePipeline": 2}
MANIFESTS = ("model_index.json", "config.json")  # of diffusers; of transformers, or of one part of a model
PICKLES = (".ckpt", ".bin", ".pt", ".pth", ".pkl")
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_HERE_ONLY: ContextVar[bool] = ContextVar("here_only", default=False)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@contextmanager
def here_only() -> Iterator[None]:
    """Nothing is fetched from the hub: what somebody's file names may only be used if it is here already."""
    token = _HERE_ONLY.set(True)
    try:
        yield
    finally:
        _HERE_ONLY.reset(token)


def _stays_here() -> bool:
    """Whether nothing is to be fetched: it was said so, or the hub has no address.

    The hub's own library would ask for half a minute before it gives up.
    """
    from huggingface_hub import constants

    proxied = any(os.environ.get(name) for name in _PROXIES)
    return _HERE_ONLY.get() or (not proxied and not _has_address(constants.ENDPOINT))


@lru_cache(maxsize=4)
def _has_address(endpoint: str) -> bool:
    try:
        return bool(socket.getaddrinfo(urllib.parse.urlsplit(endpoint).hostname, None))
    except OSError:
        return False


def is_hub_id(source: str) -> bool:
    """Whether it can only be "owner/name" on a hub."""
    return not Path(source).exists() and _HUB_ID.fullmatch(source) is not None


def stage_of(choice: ModelChoice) -> str:
    """The name of the stage that a model is.

    Raises:
        MissingModel: nothing is there, or it cannot be reached.
        InvalidRequest: it is a model of another kind.
    """
    if choice.is_file:
        single_file(choice.source)
        return TEXT_TO_IMAGE if choice.controlnet is None else CONTROLNET
    name, rows = manifest(choice.source, choice.revision)
    made_of = str(rows.get("_class_name") or rows.get("model_type") or "")
    if name == MANIFESTS[0]:
        if isinstance(rows.get("_class_name"), list):
            raise InvalidRequest(f"{choice.source} comes with a program of its own, and no such is ever run.")
        if made_of in SOUND_PIPELINES:
            return TEXT_TO_SOUND
        if made_of in UPSCALERS:
            raise InvalidRequest(
                f"{choice.source} is an upscaler: give it with --upscale, beside a model or a prompt of ours."
            )
        return TEXT_TO_IMAGE if choice.controlnet is None else CONTROLNET
    if made_of.startswith("musicgen"):
        return MUSICGEN_MELODY if made_of == "musicgen_melody" else MUSICGEN
    if "ControlNet" in made_of:
        raise InvalidRequest(
            f"{choice.source} is a ControlNet: give it with --controlnet, and its base with --model."
        )
    raise InvalidRequest(
        f"{choice.source} is a {made_of or 'nameless'} model, which alone makes neither pictures nor sound; "
        "give a whole pipeline of diffusers (a folder with model_index.json) or a MusicGen."
    )


def reads_chinese(choice: ModelChoice) -> bool:
    """Whether a model has another text encoder than those that learned English: Qwen, Gemma, mT5, ...

    Raises:
        MissingModel: see `manifest`.
    """
    if choice.is_file:
        return False
    _, rows = manifest(choice.source, choice.revision)
    parts = [
        row[1] for name, row in rows.items() if name.startswith("text_encoder") and isinstance(row, list)
    ]
    inner = rows.get("text_encoder")
    if isinstance(inner, dict):  # of transformers
        parts = [f"{str(inner.get('model_type')).upper()}EncoderModel"]
    return any(part is not None and part not in ENGLISH for part in parts)


def check_part(source: str, what: str, *words: str) -> None:
    """Raise InvalidRequest where a ControlNet or a refiner is a model of another kind, by its class.

    Args:
        what: it should be. words: the name holds one of them.
    """
    made_of = str(manifest(source)[1].get("_class_name") or "")
    if not any(word in made_of for word in words):
        raise InvalidRequest(f"{source} is a {made_of or 'nameless'} model and no {what}.")


def upscale_factor(choice: ModelChoice) -> int:
    """How many times as large an upscaler makes a picture.

    Raises:
        MissingModel: see `manifest`. InvalidRequest: it is no upscaler.
    """
    made_of = str(manifest(choice.source, choice.revision)[1].get("_class_name") or "")
    if made_of not in UPSCALERS:
        raise InvalidRequest(
            f"{choice.source} is a {made_of or 'nameless'} model and no upscaler; --upscale takes "
            f"{' or '.join(UPSCALERS)}."
        )
    return UPSCALERS[made_of]


def compares(source: str) -> str | None:
    """CLIP or CLAP, by what a model of transformers compares words with; None: it does not.

    Raises:
        MissingModel, InvalidRequest: see `manifest`.
    """
    kind = str(manifest(source)[1].get("model_type"))
    return CLAP if kind == CLAP else CLIP if kind in LIKE_CLIP else None


def manifest(source: str, revision: str | None = None) -> tuple[str, dict[str, Any]]:
    """Name and contents of the file that says what a model is.

    Raises:
        MissingModel: nothing is there, it cannot be reached, or it is damaged.
        InvalidRequest: a single file.
    """
    for name in MANIFESTS:
        file = _part(source, name, revision)
        if file is None:
            continue
        try:
            rows = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise MissingModel(f"{file} cannot be read ({_line(problem)}); get the model again.") from problem
        if not isinstance(rows, dict):
            raise MissingModel(f"{file} does not say what the model is; get the model again.")
        return name, rows
    raise MissingModel(
        f"{source} holds neither {' nor '.join(MANIFESTS)}, so it is no model of diffusers or transformers."
    )


def _part(source: str, name: str, revision: str | None) -> Path | None:
    """One file of a model, or None where it has none of that name."""
    path = Path(source)
    if path.is_dir():
        return path / name if (path / name).is_file() else None
    if path.is_file():
        raise InvalidRequest(_single(path))
    if not is_hub_id(source):
        raise MissingModel(f"There is no folder {source}, and it is no hub id (owner/name).")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    with reaching(source):
        try:
            here = _stays_here()
            return Path(hf_hub_download(source, name, revision=revision, local_files_only=here))
        except LocalEntryNotFoundError:
            return _cached(source, name, revision)
        except EntryNotFoundError:
            return None


def _cached(source: str, name: str, revision: str | None) -> Path | None:
    """None where other files of the model are here, so that it has none of that name.

    Raises:
        LocalEntryNotFoundError: nothing of it is here.
    """
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(source, revision=revision, local_files_only=True))
    return folder / name if (folder / name).is_file() else None


def _single(file: Path) -> str:
    if file.suffix.lower() in PICKLES:
        return (
            f"{file} is a pickle, which can run any program when it is opened; only safetensors are loaded."
        )
    return (
        f"{file} is a single file and no .safetensors; give that, or the folder of a whole model (with "
        "model_index.json, as save_pretrained writes it)."
    )


def single_file(source: str) -> Path:
    """A model in one file of safetensors.

    Raises:
        MissingModel: it is not there, or no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    file = Path(source)
    if not file.is_file():
        raise MissingModel(f"There is no file {source}.")
    try:
        with safe_open(file, "np") as rows:
            rows.keys()
    except (OSError, SafetensorError) as problem:
        raise MissingModel(
            f"{file} is damaged or no safetensors file ({_line(problem)}); get the model again."
        ) from problem
    return file


def check_whole(source: str) -> None:
    """Raise MissingModel where a file of safetensors in a folder is damaged or cut off."""
    for file in sorted(Path(source).rglob("*.safetensors")):
        single_file(str(file))


def settings_folder(choice: ModelChoice) -> Path:
    """Where the settings lie of a model in a single file: those that are named, else by what it holds.

    Raises:
        MissingModel: they are not here, and the hub cannot be reached.
    """
    from importlib import import_module

    from audiogen.compat import import_diffusers

    config = choice.config
    if config is None:
        reading = import_module(f"{import_diffusers().__name__}.loaders.single_file_utils")
        checkpoint = reading.load_single_file_checkpoint(
            str(single_file(choice.source)), local_files_only=True
        )
        config = str(reading.fetch_diffusers_config(checkpoint)["pretrained_model_name_or_path"])
    try:
        return part_folder(config, weights="*.merges")  # no weights
    except MissingModel as problem:
        raise MissingModel(
            f"{choice.source} holds weights alone, and its settings are those of {config}. {problem} Where a "
            "model of the same kind lies in a folder, give --config FOLDER."
        ) from problem


def pipeline_folder(source: str, revision: str | None) -> Path:
    """Where a pipeline of diffusers lies; from the hub only what it is made of is fetched."""
    if not is_hub_id(source):
        if not Path(source).is_dir():
            raise MissingModel(f"There is no folder {source}, and it is no hub id (owner/name).")
        return Path(source)
    from audiogen.compat import import_diffusers

    with reaching(source):
        folder = import_diffusers().DiffusionPipeline.download(
            source,
            revision=revision,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=_stays_here(),
        )
        _check_parts(source, Path(folder))
        _card(source, revision)
        return Path(folder)


def _check_parts(source: str, folder: Path) -> None:
    """Raise MissingModel where a part of a pipeline is absent: the library takes what is cached for all."""
    rows = manifest(str(folder))[1].items()
    parts = [name for name, row in rows if isinstance(row, list) and len(row) == 2 and row[1] is not None]
    if absent := [name for name in parts if not any((folder / name).glob("*"))]:
        raise MissingModel(
            f"{source} is here only in part (no {', '.join(absent)}) and the hub cannot be reached; fetch it "
            f"with `audiogen models pull {source}` where there is a network, or give a folder instead."
        )


def part_folder(source: str, revision: str | None = None, weights: str = "*.safetensors") -> Path:
    """Where a model of transformers, a ControlNet or a LoRA lies; from the hub without pickles.

    Raises:
        MissingModel: nothing is there, or it cannot be reached.
    """
    path = Path(source)
    if path.exists():
        if path.is_file() and path.suffix.lower() in PICKLES:
            raise InvalidRequest(_single(path))
        return path
    if not is_hub_id(source):
        raise MissingModel(f"There is no folder {source}, and it is no hub id (owner/name).")
    from huggingface_hub import snapshot_download

    texts = ["*.json", "*.txt", "*.model", "README.md"]
    with reaching(source):
        wanted = [*texts, weights]
        here = _stays_here()
        return Path(
            snapshot_download(source, revision=revision, allow_patterns=wanted, local_files_only=here)
        )


def fetched(source: str, revision: str | None = None) -> Path:
    """A model of any kind, brought here: where it lies.

    Raises:
        MissingModel: see `part_folder`.
    """
    if is_hub_id(source) and _part(source, MANIFESTS[0], revision) is None:
        return part_folder(source, revision)  # of transformers, a ControlNet, a LoRA
    return pipeline_folder(source, revision)


def _card(source: str, revision: str | None) -> None:
    """The model card, for the licence; a model without one works as well."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        hf_hub_download(source, "README.md", revision=revision, local_files_only=_stays_here())
    except EntryNotFoundError:
        return


@contextmanager
def reaching(source: str) -> Iterator[None]:
    """Whatever can go wrong between here and the hub, in one line; Ctrl-C ends it."""
    from huggingface_hub import errors

    loggers = [logging.getLogger(name) for name in ("huggingface_hub", "diffusers")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)  # a retry is no news; what fails in the end is said below
    try:
        with stoppable():
            yield
    except MissingModel:
        raise
    except errors.GatedRepoError as problem:
        raise MissingModel(
            f"{source} is gated: accept its terms on its page of the hub, then set HF_TOKEN."
        ) from problem
    except errors.RevisionNotFoundError as problem:
        raise MissingModel(f"{source} has no such revision; change or leave out --revision.") from problem
    except errors.RepositoryNotFoundError as problem:
        raise MissingModel(
            f"The hub has no model {source}, or it is private; see to the name, or set HF_TOKEN."
        ) from problem
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
            raise MissingModel(
                f"The disk is full; {source} was not fetched ({problem.strerror})."
            ) from problem
        if _HERE_ONLY.get():
            raise MissingModel(
                f"{source} is not on this machine, and what a file names is not fetched unasked; get it with "
                f"`audiogen models pull {source}`, or give --download, or --model FOLDER."
            ) from problem
        if not isinstance(problem, OSError | ValueError | errors.HfHubHTTPError) and not _of_network(problem):
            raise
        raise MissingModel(
            f"{source} is not here and the hub cannot be reached ({_line(problem)}); give a folder "
            "instead, or fetch it where there is a network and copy the hub's cache (HF_HOME)."
        ) from problem
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def is_gated(problem: MissingModel) -> bool:
    """Whether a model could not be reached because its terms are not accepted."""
    from huggingface_hub import errors

    return isinstance(problem.__cause__, errors.GatedRepoError)


def _of_network(problem: Exception) -> bool:
    return type(problem).__module__.startswith(("httpx", "httpcore", "requests", "urllib3"))


def _line(problem: Exception) -> str:
    words = " ".join(str(problem).split()) or type(problem).__name__
    return words if len(words) <= 160 else f"{words[:157]}..."


def digest(folders: Iterable[Path]) -> str:
    """SHA-256 over the files of models: what a recipe holds, to see whether they have changed.

    In the cache of the hub a file is a link whose target is named by its content; elsewhere it is read.
    """
    total = hashlib.sha256()
    for folder in folders:
        files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.is_file())
        for file in files:
            if file.suffix in (".json", ".safetensors", ".txt", ".model"):
                content = file.readlink().name if file.is_symlink() else checksum(file)
                total.update(f"{file.name} {content}\n".encode())
    return total.hexdigest()


def commit_of(folder: Path) -> str | None:
    """The commit of a folder in the cache of the hub; None: it lies elsewhere."""
    return folder.name if folder.parent.name == "snapshots" else None
