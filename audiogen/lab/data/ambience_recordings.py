"""The environment recordings: read, levelled, their missing treble filled in, and how intense each is.

The labels of the manifest become weights of the sources in `artifacts.SOURCES`. A recording without
any of them (a quiet forest) serves as a background under single calls.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr
from scipy.signal import butter, sosfilt

from audiogen.artifacts import SOURCES
from audiogen.errors import InvalidRequest
from audiogen.lab.data.manifests import read_manifest
from audiogen.media.loudness import loudness_lufs

COLUMNS = ("file", "archive", "labels", "split", "bandwidth_hz") + (
    "source_title",
    "author",
    "licence",
    "source_url",
)

SAMPLE_RATE = 44_100
LEVEL_LUFS = -23.0  # of every recording, and of every scene made from them
SOURCE_OF_LABEL = {
    "rain": "rain",
    "birds": "birds",
    "dove": "birds",
    "owl": "birds",
    "sea_waves": "waves",
    "fire": "fire",
    "thunder": "thunder",
    "wind": "wind",
    "crickets": "crickets",
    "insects": "crickets",
    "stream": "water",
    "waterfall": "water",
    "rooster": "rooster",
}
EVENT_SECONDS = 6.5  # a shorter recording of an animal or a thunder strike is one event
EVENT_SOURCES = ("birds", "rooster", "crickets")
WHOLE_BAND_HZ = 17_500.0


@dataclass(frozen=True, eq=False)
class Recording:
    """One mono recording at 44.1 kHz.

    Attributes:
        file: its name in the manifest. samples: float32 [T], at LEVEL_LUFS.
        sources: weight per source, the first label's 1; empty for a background.
        intensity: 0 (light, distant, sparse) .. 1 (heavy, close, dense), its rank among the recordings of
            its source, or None for events.
        credit: title, author, licence and address.
    """

    file: str
    samples: np.ndarray
    sources: dict[str, float]
    intensity: float | None
    credit: tuple[str, str, str, str]

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @property
    def main(self) -> str | None:
        """The source with the greatest weight."""
        return max(self.sources, key=lambda name: self.sources[name]) if self.sources else None

    @property
    def is_event(self) -> bool:
        """Whether it is one call rather than a lasting sound."""
        return self.main in EVENT_SOURCES and self.seconds < EVENT_SECONDS


def read_recordings(folder: Path, split: str, without: tuple[str, ...] = ("boat",)) -> list[Recording]:
    """All recordings of a split.

    Args:
        folder: with manifest.csv and the archives that it names.
        without: labels whose recordings are left out.
    Raises:
        InvalidRequest: no manifest there, or an archive that cannot be read.
    """
    manifest = Path(folder) / "manifest.csv"
    rows = [row for row in read_manifest(manifest, COLUMNS) if row["split"] == split]
    found = []
    for archive in sorted({row["archive"] for row in rows}):
        try:
            with zipfile.ZipFile(Path(folder) / archive) as pack:
                for row in rows:
                    labels = row["labels"].split(";")
                    if row["archive"] == archive and not set(labels) & set(without):
                        found.append(_recording(pack.read(row["file"]), row, labels))
        except (OSError, KeyError, zipfile.BadZipFile) as problem:
            raise InvalidRequest(f"Cannot read {Path(folder) / archive} ({problem}).") from problem
    return _ranked(sorted(found, key=lambda recording: recording.file))


def _recording(data: bytes, row: dict[str, str], labels: list[str]) -> Recording:
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    mono = samples.mean(1)
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    bandwidth = float(row["bandwidth_hz"])
    if bandwidth < WHOLE_BAND_HZ:
        mono = fill_treble(mono, bandwidth)
    credit = (row["source_title"], row["author"], row["licence"], row["source_url"])
    return Recording(row["file"], levelled(mono), source_weights(labels), None, credit)


def source_weights(labels: list[str]) -> dict[str, float]:
    """Weights from the labels in their order: the first known source 1, each further one half."""
    weights: dict[str, float] = {}
    for label in labels:
        source = SOURCE_OF_LABEL.get(label)
        if source is not None and source not in weights:
            weights[source] = 0.5 if weights else 1.0
    return {name: weights[name] for name in SOURCES if name in weights}


def levelled(wave: np.ndarray, lufs: float = LEVEL_LUFS) -> np.ndarray:
    """The sound [T] or [2, T] at a loudness; silence stays as it is."""
    now = loudness_lufs(np.atleast_2d(wave), SAMPLE_RATE)
    if not np.isfinite(now):
        return wave.astype(np.float32)
    gained = wave * 10 ** ((lufs - now) / 20)
    return (gained / max(1.0, float(np.abs(gained).max()) / 0.99)).astype(np.float32)


def fill_treble(wave: np.ndarray, bandwidth_hz: float, slope_db: float = 9.0) -> np.ndarray:
    """Treble for a band-limited sound [T]: noise with the envelope of its highest octave.

    Lossy sources cut the treble at 11 or 16 kHz; a decoder would learn the cut as part of the sound.
    As in spectral band replication (Dietz et al. 2002) the magnitudes below the cut are carried up,
    here with random phases and `slope_db` per octave of fall.
    """
    n_fft, hop = 1024, 256
    window = np.hanning(n_fft + 1)[:-1]
    padded = np.pad(wave, (n_fft, n_fft + hop))
    count = (len(padded) - n_fft) // hop
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop][:count] * window
    spectrum = np.fft.rfft(frames, axis=1)
    hz = np.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE)
    cut = int(np.searchsorted(hz, 0.94 * bandwidth_hz))
    low = int(np.searchsorted(hz, 0.6 * bandwidth_hz))
    power = np.abs(spectrum) ** 2
    edge = power[:, int(0.93 * cut) : cut].mean()  # level at the cut, over the whole recording
    texture = np.sqrt(power[:, low:cut] / (power[:, low:cut].mean(0, keepdims=True) + 1e-20))
    target = np.arange(cut, len(hz))
    column = (target - cut) % (cut - low)
    fall = 10 ** (-slope_db * np.log2(hz[target] / hz[cut]) / 20)
    rng = np.random.default_rng(len(wave))
    phases = np.exp(2j * np.pi * rng.random((count, len(target))))
    spectrum[:, cut:] = texture[:, column] * (np.sqrt(edge) * fall) * phases
    out = np.zeros(len(padded))
    weight = np.zeros(len(padded))
    for number, frame in enumerate(np.fft.irfft(spectrum, n_fft, axis=1)):
        at = number * hop
        out[at : at + n_fft] += frame * window
        weight[at : at + n_fft] += window**2
    filled = (out / np.maximum(weight, 1e-3))[n_fft : n_fft + len(wave)]
    return filled.astype(np.float32)


def intensity_feature(wave: np.ndarray, source: str) -> float:
    """A number that grows with how heavy, close or dense a source sounds, whatever its level.

    Rain, waves, wind, fire and water: how steadily the treble is filled (drops, single waves, single
    crackles leave gaps). Birds, crickets, rooster: the share of time that they sound. Thunder: the share of
    its power above 400 Hz, since distance takes the treble first.
    """
    if source == "thunder":
        return float(np.log(_power(wave, 400, 8000).mean() / (_power(wave, 30, 400).mean() + 1e-12)))
    low, high = (1500, 9000) if source in ("birds", "crickets", "rooster") else (2000, 10_000)
    power = _power(wave, low, high)
    if source in ("birds", "crickets", "rooster"):
        return float((power > 4 * np.percentile(power, 10)).mean())
    return float(np.log(power + 1e-12).mean() - np.log(power.mean() + 1e-12))


def _power(wave: np.ndarray, low: float, high: float, block: int = 441) -> np.ndarray:
    """Power of a band per 10 ms."""
    band = sosfilt(butter(2, (low, high), "band", fs=SAMPLE_RATE, output="sos"), wave)
    whole = band[: len(band) // block * block].reshape(-1, block)
    return (whole**2).mean(1) + 1e-12


def _ranked(recordings: list[Recording]) -> list[Recording]:
    """The lasting recordings with their intensities: ranks of `intensity_feature` within a source."""
    out = list(recordings)
    for source in SOURCES:
        members = [i for i, r in enumerate(recordings) if r.main == source and not r.is_event]
        if len(members) < 2:
            continue
        values = np.array([intensity_feature(recordings[i].samples, source) for i in members])
        ranks = values.argsort().argsort() / (len(members) - 1)
        for i, rank in zip(members, ranks, strict=True):
            out[i] = replace(out[i], intensity=round(float(rank), 3))
    return out
