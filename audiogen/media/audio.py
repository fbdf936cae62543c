"""Audio files and their recipe; writing is atomic, and the same sound and recipe are the same bytes.

    .wav   24-bit (default), 16-bit with dither, float       recipe in the RIFF INFO comment, title in INAM
    .flac  24-bit (default), 16-bit with dither              recipe and title in the Vorbis comment
    .ogg   Vorbis    .mp3  variable bit rate                 recipe in the comment tag, title in its own

Samples are encoded by libsndfile, a block at a time; the chunks of a WAV are written in `riff.py`, the tags
of an MP3 in `id3.py`. The recipe is ASCII JSON in every format, for INFO texts have no agreed encoding; the
title may have any characters.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from audiogen.errors import InvalidRequest
from audiogen.media import id3, riff
from audiogen.media.facts import Facts, one_line, title_of
from audiogen.media.files import json_object, write_atomic
from audiogen.media.ogg import with_serial
from audiogen.memory import passes

WAV_SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
DITHER_SEED = 16  # fixed: the same sound is the same file
MOST_VALUES = 64_000_000  # samples of all channels of a file that is read: 11 minutes of stereo at 48 kHz
_BLOCK = 1 << 16  # samples of each channel
_IN_MEMORY, _PART = 32 << 20, 1 << 20  # bytes: what is encoded to more lies in a file, and is read in parts

# libsndfile's scale runs from 0 (best) to 1 (smallest).
_FORMATS: dict[str, dict[str, Any]] = {
    ".flac": {"format": "FLAC"},
    ".ogg": {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.2},
    ".mp3": {
        "format": "MP3",
        "subtype": "MPEG_LAYER_III",
        "compression_level": 0.1,
        "bitrate_mode": "VARIABLE",
    },
}


def audio_bytes(
    samples: np.ndarray,
    sample_rate: int,
    suffix: str = ".wav",
    recipe: dict[str, Any] | None = None,
    bits: str = "24",
    facts: Facts | None = None,
) -> bytes:
    """A whole audio file in memory; see `audio_parts`."""
    return b"".join(audio_parts(samples, sample_rate, suffix, recipe, bits, facts))


def audio_parts(
    samples: np.ndarray,
    sample_rate: int,
    suffix: str = ".wav",
    recipe: dict[str, Any] | None = None,
    bits: str = "24",
    facts: Facts | None = None,
) -> Iterator[bytes]:
    """A whole audio file, part by part; see `write_audio`.

    Args:
        samples: float [channels, samples] in -1..1; beyond is clipped.
        sample_rate: Hz.
        suffix: .wav, .flac, .ogg or .mp3.
        recipe: any JSON; stored in the file's comment.
        bits: "16", "24" or (WAV only) "float"; .ogg and .mp3 know none.
        facts: the title, and what a WAV says in its bext, acid and smpl chunks; None: it has none of them,
            and the title is that of the recipe.
    Raises:
        InvalidRequest: unknown suffix or bits, not finite, or a rate that the format cannot hold.
    """
    check_format(suffix, bits)
    samples = np.asarray(samples)
    if samples.ndim != 2 or not samples.shape[1]:
        raise InvalidRequest(f"Audio has shape [channels, samples]; this has {list(samples.shape)}.")
    if not all(np.isfinite(samples[:, k : k + _BLOCK]).all() for k in passes(samples, _BLOCK)):
        raise InvalidRequest("The samples hold NaN or infinity; nothing was written.")
    suffix = suffix.lower()
    comment = "" if recipe is None else json.dumps(recipe, separators=(",", ":"))
    title = one_line(facts.title if facts is not None else "") or title_of(recipe)
    if suffix == ".wav":
        return _wav(samples, sample_rate, title, comment, bits, facts)
    options = _FORMATS[suffix]
    if suffix == ".flac":
        options = options | {"subtype": WAV_SUBTYPES[bits]}
    blocks = _blocks(samples, bits if suffix == ".flac" else "")
    if suffix == ".mp3":
        return iter([id3.with_tags(b"".join(_encode(blocks, sample_rate, samples, options)), title, comment)])
    data = _encode(blocks, sample_rate, samples, options, title, comment)
    return iter([with_serial(b"".join(data))]) if suffix == ".ogg" else data


def write_audio(
    path: Path,
    samples: np.ndarray,
    sample_rate: int,
    recipe: dict[str, Any] | None = None,
    force: bool = False,
    bits: str = "24",
    facts: Facts | None = None,
) -> None:
    """Write `audio_bytes` to `path` at once; the suffix chooses the format."""
    data = audio_parts(samples, sample_rate, Path(path).suffix, recipe, bits, facts)
    write_atomic(Path(path), data, force)


def read_audio(path: Path) -> tuple[np.ndarray, int]:
    """Samples, float32 [channels, samples], and sample rate in Hz of any format of libsndfile.

    Raises:
        InvalidRequest: missing, no readable audio, or of more than MOST_VALUES samples in all channels.
    """
    try:
        with soundfile.SoundFile(str(path)) as file:
            if file.frames * file.channels > MOST_VALUES:
                seconds = file.frames / file.samplerate
                raise InvalidRequest(
                    f"{path} is too long: {seconds:,.0f} s of {file.channels} channels at {file.samplerate} "
                    f"Hz; at most {MOST_VALUES // 1_000_000} million samples are read. Cut it."
                )
            samples, rate = file.read(dtype="float32", always_2d=True), file.samplerate
    except (soundfile.SoundFileError, OSError, MemoryError, ValueError) as problem:
        if isinstance(problem, InvalidRequest):
            raise
        raise _unreadable(path, problem) from problem
    return np.ascontiguousarray(samples.T), int(rate)


def read_recipe(path: Path) -> dict[str, Any] | None:
    """The recipe that `write_audio` stored, or None where the file has none.

    Raises:
        InvalidRequest: missing, or no readable audio.
    """
    try:
        with soundfile.SoundFile(str(path)) as file:
            comment = file.comment
        with open(path, "rb") as stream:
            comment = riff.read_tags(stream).get("ICMT", comment)
    except (soundfile.SoundFileError, OSError) as problem:
        raise _unreadable(path, problem) from problem
    return json_object(comment)


def check_format(suffix: str, bits: str = "24") -> None:
    """Raise InvalidRequest unless `audio_bytes` knows this suffix and these bits."""
    if suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise InvalidRequest(f"Cannot write audio as {suffix or 'a file without suffix'!r}; use {known}.")
    if bits not in WAV_SUBTYPES:
        raise InvalidRequest(f"bits must be one of {', '.join(WAV_SUBTYPES)}, not {bits!r}.")
    if suffix.lower() == ".flac" and bits == "float":
        raise InvalidRequest("FLAC holds whole numbers; take 24 bits, or .wav for float.")


def _wav(
    samples: np.ndarray, sample_rate: int, title: str, comment: str, bits: str, facts: Facts | None
) -> Iterator[bytes]:
    channels, frames = samples.shape
    raw = {"format": "RAW", "subtype": WAV_SUBTYPES[bits], "endian": "LITTLE"}
    data = (b"".join(_encode(iter([part]), sample_rate, samples, raw)) for part in _blocks(samples, bits))
    width = {"float": 32}.get(bits) or int(bits)
    before, after = {}, {}
    if facts is not None:
        before["bext"] = riff.bext(facts, title, sample_rate, channels, width)
        if facts.tempo:
            after["acid"] = riff.acid(facts, frames / sample_rate)
        if facts.loop:
            after["smpl"] = riff.smpl(sample_rate, facts.loop)
    tags = {"INAM": title, "ICMT": comment}
    if tags := {name: text for name, text in tags.items() if text}:
        after["LIST"] = riff.info(tags | {"ISFT": "audiogen"})
    return riff.wave_file(data, frames, channels, sample_rate, width, bits == "float", before, after)


def _encode(
    blocks: Iterator[np.ndarray],
    sample_rate: int,
    samples: np.ndarray,
    options: dict[str, Any],
    title: str = "",
    comment: str = "",
) -> Iterator[bytes]:
    """Through a file: libsndfile seeks back to the header, which a pipe cannot do."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as buffer:
        try:
            with soundfile.SoundFile(buffer, "w", sample_rate, len(samples), **options) as file:
                if title:
                    file.title = title
                if comment:
                    file.comment = comment
                for block in blocks:
                    file.write(block)
        except soundfile.SoundFileError as problem:
            raise InvalidRequest(
                f"{options['format']} cannot hold {sample_rate} Hz with {len(samples)} channels ({problem})."
            ) from problem
        buffer.seek(0)
        while part := buffer.read(_PART):
            yield part


def _blocks(samples: np.ndarray, bits: str) -> Iterator[np.ndarray]:
    """Interleaved [frames, channels]: int16 with dither where `bits` is "16", else float."""
    rng = np.random.default_rng(DITHER_SEED)
    for start in passes(samples, _BLOCK):
        part = np.ascontiguousarray(samples[:, start : start + _BLOCK].T)
        yield _dithered(part, rng) if bits == "16" else part


def _dithered(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """int16 with triangular dither of two least significant bits, peak to peak."""
    noise = rng.random(frames.shape) - rng.random(frames.shape)
    return np.clip(np.round(frames * 32767.0 + noise), -32768, 32767).astype(np.int16)


def _unreadable(path: Path, problem: Exception) -> InvalidRequest:
    if not Path(path).exists():
        return InvalidRequest(f"{path} does not exist.")
    return InvalidRequest(f"{path} is no readable audio file ({str(problem).strip().rstrip('.')}).")
