"""What is special to pretrained models: which stage a model is, what its words become."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audiogen.artifacts import Conditioning, Picture, Waveform
from audiogen.errors import InvalidRequest
from audiogen.hub import finding, wording
from audiogen.hub.choice import AS_IS
from audiogen.hub.translating import CHINESE
from audiogen.kinds import Kind
from audiogen.making import pictures
from audiogen.making.retouch import square
from audiogen.media import midi
from audiogen.prompt import chinese_words, simplified
from audiogen.registry import NONE, STAGES, StageEntry
from audiogen.request import AS_USUAL, Request

WITHOUT_NEGATIVE = (
    finding.MUSICGEN,
    finding.MUSICGEN_MELODY,
    finding.REMOTE,
)  # the negative words of a style are not for these
PICTURES = (finding.TEXT_TO_IMAGE, finding.CONTROLNET)


def with_stage(request: Request) -> Request:
    """The request with the stage that its model is, where it has one.

    Raises:
        MissingModel, InvalidRequest: see `hub.finding.stage_of`; or stage and model do not go together.
    """
    chosen = [entry.name for entry in STAGES if entry.chosen]
    if request.model is None:
        if request.decoder in chosen and request.conditioning is None:
            raise InvalidRequest(f"The stage {request.decoder} needs a model: --model FOLDER or ID.")
        for flag, value in {"--negative": request.negative, "--quality": request.quality}.items():
            if value:
                raise InvalidRequest(f"{flag} is for pretrained models; give --model FOLDER or ID as well.")
        return request
    if request.decoder == finding.REMOTE:
        if request.init is not None or request.model.controlnet is not None:
            raise InvalidRequest("The stage remote only takes words; leave out --init and --controlnet.")
        return request
    if request.decoder == finding.CONTROLNET and request.model.controlnet is None:
        raise InvalidRequest("The stage controlnet needs one: --controlnet FOLDER or ID.")
    stage = request.decoder if request.conditioning is not None else finding.stage_of(request.model)
    if request.decoder not in (None, stage):
        why = (
            "leave out --decoder" if request.decoder in (*chosen, NONE) else "leave out --decoder or --model"
        )
        raise InvalidRequest(f"{request.model.source} is of the stage {stage}, not {request.decoder}; {why}.")
    if request.model.controlnet is not None and stage != finding.CONTROLNET:
        raise InvalidRequest(f"A ControlNet steers pictures, and {request.model.source} makes sound.")
    return dataclasses.replace(request, decoder=stage)


def worded(
    request: Request, kind: Kind, known: Conditioning, entries: Mapping[str, StageEntry]
) -> Conditioning:
    """The words with the final prompt and negative prompt, where a pretrained model is handed them.

    Raises:
        InvalidRequest: a file to follow beside a model that follows none; or see `hub.wording.final`.
    """
    decoder = entries.get("decoder")
    if request.model is None or decoder is None:
        return known
    if request.show_steps:
        raise InvalidRequest("--show-steps is for our own decoders; leave it out, or leave out --model.")
    if request.source is not None and decoder.takes is Conditioning:
        hint = "add --controlnet FOLDER or ID" if kind.is_picture else "leave one of them out"
        raise InvalidRequest(
            f"{request.model.source} follows words, and no drawing, notes or sound from a file; {hint}."
        )
    if request.conditioning is not None:
        return known  # a replay: as it was, whatever the lists say now
    (said, unwanted), remarks = _in_english(request, decoder.name, known.prompt, request.negative)
    prompt, negative = wording.final(said, request.style, request.quality, unwanted, kind.result)
    negative = unwanted if decoder.name in WITHOUT_NEGATIVE else negative
    return dataclasses.replace(
        known,
        wording="" if prompt == known.prompt else prompt,
        negative=negative,
        remarks=(*known.remarks, *remarks),
    )


def _in_english(request: Request, stage: str, *texts: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts as the model can read them, and what the user is told about that."""
    language = request.settings.language
    assert request.model is not None
    if not any(map(CHINESE.search, texts)) or stage == finding.REMOTE:
        return texts, ()
    if language not in (None, "en") or (language is None and finding.reads_chinese(request.model)):
        return texts, ()
    told = [wording.in_english(simplified(text), chinese_words()) for text in texts]
    said = tuple(text for text, _ in told)
    left = dict.fromkeys(word for _, words in told for word in words)
    remarks = [f"said to this model in English: {'; '.join(filter(None, said))} (--language zh: as it is)"]
    if left:
        remarks.append(
            f"not translated: {', '.join(left)}; say it in English, or add it under `chinese:` to "
            f"{wording.own_list()}"
        )
    return said, tuple(remarks)


def beside(request: Request, known: Conditioning, entries: Mapping[str, StageEntry]) -> dict[str, Any]:
    """The sounds that a stage is given besides: a melody, an opening from which it goes on, one it changes.

    Raises:
        InvalidRequest: no stage takes it, it cannot be read, or nothing would follow the opening.
    """
    given: dict[str, Any] = {"melody": request.melody, "opening": request.opening}
    given["begun"] = None if known.is_picture else request.init
    takes = {name for entry in entries.values() for name in entry.beside}
    models = {
        "melody": ("--melody", "melody model of MusicGen"),
        "opening": ("--continue", "MusicGen"),
        "begun": ("--init of a sound", "Stable Audio or ACE-Step"),
    }
    for name in (name for name, sound in given.items() if sound is not None and name not in takes):
        flag, model = models[name]
        raise InvalidRequest(f"{flag} is for a {model}, given with --model; leave it out, or name one.")
    if request.melody is not None and ("structure" in entries or request.source is not None):
        raise InvalidRequest("--melody and --structure both say what is played; leave out one of them.")
    sounds = {name: None if sound is None else _sound(sound) for name, sound in given.items()}
    opening = sounds["opening"]
    if opening is not None and opening.seconds >= known.seconds:
        raise InvalidRequest(
            f"The sound to go on from lasts {opening.seconds:.1f} s, and the whole is to last "
            f"{known.seconds:g} s; ask for more with --seconds."
        )
    return sounds


def shown(request: Request, entries: Mapping[str, StageEntry]) -> tuple[Picture | None, tuple[str, ...]]:
    """The picture of the user's that a ControlNet is shown as it is, and remarks.

    Raises:
        InvalidRequest: there is no ControlNet or no picture, or it cannot be read; or nothing listens to one
            of the settings.
    """
    decoder, told = entries.get("decoder"), request.settings
    name = "" if decoder is None else decoder.name
    steered = ((finding.CONTROLNET,), "a ControlNet; give --controlnet FOLDER or ID, or leave it out")
    for setting, (stages, whose) in {
        "control_as": steered,
        "control_start": steered,
        "control_end": steered,
        "lyrics": ((finding.TEXT_TO_SOUND,), "a model that sings; leave it out"),
        "prompt_weights": (PICTURES, "a Stable Diffusion; leave it out"),
    }.items():
        if getattr(told, setting) != getattr(AS_USUAL, setting) and name not in stages:
            raise InvalidRequest(f"--{setting.replace('_', '-')} is for {whose}.")
    if told.refine_from != AS_USUAL.refine_from and getattr(request.model, "refiner", None) is None:
        raise InvalidRequest("--refine-from is of a refiner; give --refiner FOLDER or ID, or leave it out.")
    how, source = request.settings.control_as, request.source
    if request.shows_source and Path(str(source)).suffix.lower() in pictures.SUFFIXES:
        return square(Path(str(source)))
    if request.shows_source or (how == AS_IS and source is None):
        raise InvalidRequest(
            f"--control-as {how} shows a ControlNet a picture of yours; give it with --structure FILE.png."
        )
    return None, ()


def check_upscale(request: Request, known: Conditioning) -> None:
    """Raise InvalidRequest where a picture cannot be made larger, MissingModel where the model is absent."""
    if request.upscale is None:
        if request.settings.upscale_steps is not None:
            raise InvalidRequest("--upscale-steps is of an upscaler; give --upscale FOLDER or ID as well.")
        return
    factor = finding.upscale_factor(request.upscale)
    if known.size is not None and known.size * factor > finding.LARGEST:
        raise InvalidRequest(
            f"{request.upscale.source} makes a picture {factor} times as large, at most {finding.LARGEST} "
            f"pixels to a side; give a --size of at most {finding.LARGEST // factor}."
        )


def _sound(given: Path | Waveform) -> Waveform:
    """A sound, or its file; the notes of a MIDI file as plain tones."""
    if isinstance(given, Waveform):
        return given
    if given.suffix.lower() not in midi.SUFFIXES:
        return Waveform.load(given)
    from audiogen.media import tones

    return Waveform(tones.tones(midi.read_midi(given).notes)[None], tones.RATE)
