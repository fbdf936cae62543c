"""Audio files and their recipe, through libsndfile; writing is atomic.

    .wav   24-bit (default), 16-bit with dither, float       recipe in the RIFF INFO comment
    .flac  24-bit                                            recipe in the Vorbis comment
    .ogg   Vorbis    .mp3  variable bit rate                 recipe in the comment tag

The recipe is ASCII JSON in every format: ID3 and INFO texts have no agreed encoding.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from audiogen.errors import InvalidRequest
from audiogen.media import riff
from audiogen.media.files import write_atomic

WAV_SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
DITHER_SEED = 16  # fixed: the same sound is the same file

# libsndfile's scale runs from 0 (best) to 1 (smallest).
_FORMATS: dict[str, dict[str, Any]] = {
    ".flac": {"format": "FLAC", "subtype": "PCM_24"},
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
) -> bytes:
    """A whole audio file in memory.

    Args:
        samples: float [channels, samples] in -1..1; beyond is clipped.
        sample_rate: Hz.
        suffix: .wav, .flac, .ogg or .mp3.
        recipe: any JSON; stored in the file's comment.
        bits: "16", "24" or "float"; WAV only.
    Raises:
        InvalidRequest: unknown suffix or bits, not finite, or a rate that the format cannot hold.
    """
    check_format(suffix, bits)
    samples = np.asarray(samples)
    if samples.ndim != 2 or not samples.shape[1]:
        raise InvalidRequest(f"Audio has shape [channels, samples]; this has {list(samples.shape)}.")
    if not np.isfinite(samples).all():
        raise InvalidRequest("The samples hold NaN or infinity; nothing was written.")
    suffix = suffix.lower()
    comment = "" if recipe is None else json.dumps(recipe, separators=(",", ":"))
    if suffix != ".wav":
        return _encode(samples.T, sample_rate, comment, **_FORMATS[suffix])
    frames = _dithered(samples) if bits == "16" else samples
    wav = _encode(frames.T, sample_rate, "", format="WAV", subtype=WAV_SUBTYPES[bits])
    return riff.with_tags(wav, {"ICMT": comment, "ISFT": "audiogen"} if comment else {})


def write_audio(
    path: Path,
    samples: np.ndarray,
    sample_rate: int,
    recipe: dict[str, Any] | None = None,
    force: bool = False,
    bits: str = "24",
) -> None:
    """Write `audio_bytes` to `path` at once; the suffix chooses the format."""
    write_atomic(Path(path), audio_bytes(samples, sample_rate, Path(path).suffix, recipe, bits), force)


def read_audio(path: Path) -> tuple[np.ndarray, int]:
    """Samples, float32 [channels, samples], and sample rate in Hz of any format of libsndfile.

    Raises:
        InvalidRequest: missing, or no readable audio.
    """
    try:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as problem:
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
    try:
        recipe = json.loads(comment)
    except ValueError:
        return None
    return recipe if isinstance(recipe, dict) else None


def check_format(suffix: str, bits: str = "24") -> None:
    """Raise InvalidRequest unless `audio_bytes` knows this suffix and these bits."""
    if suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise InvalidRequest(f"Cannot write audio as {suffix or 'a file without suffix'!r}; use {known}.")
    if bits not in WAV_SUBTYPES:
        raise InvalidRequest(f"bits must be one of {', '.join(WAV_SUBTYPES)}, not {bits!r}.")


def _encode(frames: np.ndarray, sample_rate: int, comment: str, **options: Any) -> bytes:
    """Through BytesIO: libsndfile seeks back to the header, which a pipe cannot do."""
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", sample_rate, frames.shape[1], **options) as file:
            if comment:
                file.comment = comment
            file.write(np.ascontiguousarray(frames))
    except soundfile.SoundFileError as problem:
        raise InvalidRequest(
            f"{options['format']} cannot hold {sample_rate} Hz with {frames.shape[1]} channels ({problem})."
        ) from problem
    return buffer.getvalue()


def _dithered(samples: np.ndarray) -> np.ndarray:
    """int16 with triangular dither of two least significant bits, peak to peak."""
    rng = np.random.default_rng(DITHER_SEED)
    noise = rng.random(samples.shape) - rng.random(samples.shape)
    return np.clip(np.round(samples * 32767 + noise), -32768, 32767).astype(np.int16)


def _unreadable(path: Path, problem: Exception) -> InvalidRequest:
    if not Path(path).exists():
        return InvalidRequest(f"{path} does not exist.")
    return InvalidRequest(f"{path} is no readable audio file ({str(problem).strip().rstrip('.')}).")
