"""One picture of a piece: what the structure said, what the decoder filled in, what can be heard.

Takes arrays and gives PNG bytes. Needs matplotlib (extra `eval`).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.errors import MissingPackage
from audiogen.media.mel import MelSettings, band_centres_hz

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RANGE_DB = 80
_TICKS_HZ = (50, 200, 500, 1000, 2000, 5000, 10_000)


def picture(
    seconds: float,
    notes: np.ndarray | None = None,
    pedal: np.ndarray | None = None,
    coarse: np.ndarray | None = None,
    mid: np.ndarray | None = None,
    samples: np.ndarray | None = None,
    sample_rate: int = 44_100,
    title: str = "",
    settings: MelSettings = MelSettings(),
) -> bytes:
    """Panels, top to bottom, for whatever is given.

    Args:
        seconds: length of the time axis, s.
        notes: [N, 4] rows of (pitch, onset s, offset s, velocity); pedal: [P, 2] (s, down).
        coarse: coarse log-mel [groups, coarse_frames].
        mid: log-mel [bands of a spectrum, spectra], see `MelSpectrogram.spectra`.
        samples: float [channels, samples] at `sample_rate` Hz.
    Returns: a PNG file.
    Raises:
        MissingPackage: matplotlib is not installed.
        ValueError: nothing to draw.
    """
    figure_class = _figure_class()
    panels: list[tuple[str, Any]] = []
    if notes is not None:
        panels.append(("structure: notes", lambda ax: draw_notes(ax, notes, pedal)))
    if coarse is not None:
        panels.append(("structure: coarse mel", lambda ax: draw_mel(ax, coarse, settings.coarse_rate)))
    if mid is not None:
        centres = band_centres_hz(settings)[: settings.bands_per_spectrum]
        panels.append(("decoder: mel", lambda ax: draw_mel(ax, mid, settings.spectrum_rate, centres)))
    if samples is not None:
        panels.append(("result: spectrogram", lambda ax: draw_spectrogram(ax, samples, sample_rate)))
    if not panels:
        raise ValueError("a picture needs notes, a mel or samples")
    figure = figure_class(figsize=(11, 2.6 * len(panels) + 0.3), layout="constrained", dpi=110)
    axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for ax, (name, draw) in zip(axes, panels, strict=True):
        draw(ax)
        ax.set_title(name, loc="left", fontsize=9)
        ax.set_xlim(0, seconds)
    axes[-1].set_xlabel("seconds")
    if title.isascii():  # matplotlib's own font has no Chinese
        figure.suptitle(title, fontsize=10)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def quality_curve(rows: list[dict[str, float]]) -> bytes:
    """Quality against decoding time, one point per number of solver steps, as a PNG file.

    Args:
        rows: each with `steps`, `decoder_s`, `normalised` (note F1), `frechet`.
    """
    figure = _figure_class()(figsize=(9, 3.6), layout="constrained", dpi=110)
    times = [row["decoder_s"] for row in rows]
    panels = (
        ("normalised", "note F1 between shuffled (0) and real (1)"),
        ("frechet", "Frechet distance to real"),
    )
    for ax, (key, label) in zip(np.atleast_1d(figure.subplots(1, 2)), panels, strict=True):
        ax.plot(times, [row[key] for row in rows], "o-")
        for row in rows:
            ax.annotate(
                f"{row['steps']:g}", (row["decoder_s"], row[key]), xytext=(4, 4), textcoords="offset points"
            )
        if key == "frechet":
            ax.set_ylim(bottom=0)
        ax.set_xlabel("decoder, seconds for 15 s (points: steps)")
        ax.set_ylabel(label)
        ax.set_xscale("log")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def draw_notes(ax: Axes, notes: np.ndarray, pedal: np.ndarray | None = None) -> None:
    """A piano roll; warmer is louder, a grey band below is the pedal."""
    from matplotlib import colormaps

    pitch, onset, offset, velocity = notes.T
    colours = colormaps["plasma"](0.05 + 0.8 * np.clip(velocity, 1, 127) / 127)
    low, high = (pitch.min(), pitch.max()) if len(notes) else (48, 72)
    ax.barh(pitch, offset - onset, 0.9, onset, color=colours)
    if pedal is not None and len(pedal):
        ends = np.append(pedal[1:, 0], ax.get_xlim()[1])
        spans = [(t, e - t) for (t, down), e in zip(pedal, ends, strict=True) if down]
        ax.broken_barh(spans, (low - 5, 1.5), color="0.6")
    ax.set_ylim(low - 6, high + 3)
    ax.set_ylabel("MIDI pitch")


def draw_mel(ax: Axes, mel: np.ndarray, frame_rate: float, centres_hz: np.ndarray | None = None) -> None:
    """Log-mel [bands, frames] in natural log of magnitude; 80 dB are shown."""
    db = mel * (20 / np.log(10))
    top = float(db.max())
    extent = (0, mel.shape[1] / frame_rate, -0.5, mel.shape[0] - 0.5)
    ax.imshow(db, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=top - _RANGE_DB, vmax=top)
    if centres_hz is None:
        ax.set_ylabel("band")
        return
    places = np.interp(_TICKS_HZ, centres_hz, np.arange(len(centres_hz)))
    ax.set_yticks(places, [_hz(hz) for hz in _TICKS_HZ])
    ax.set_ylabel("Hz")


def draw_spectrogram(ax: Axes, samples: np.ndarray, sample_rate: int) -> None:
    """Spectrogram of the mono sum up to 16 kHz, on a logarithmic axis."""
    from scipy.signal import ShortTimeFFT, get_window

    mono = samples.mean(0)
    hop = max(1, sample_rate // 100)
    transform = ShortTimeFFT(get_window("hann", 4096), hop, sample_rate, scale_to="magnitude")
    power = transform.spectrogram(np.pad(mono, (0, max(0, 4096 - len(mono)))))
    db = 10 * np.log10(power + 1e-12)
    times = transform.t(max(len(mono), 4096))
    rows = (transform.f >= 20) & (transform.f <= 16_000)
    top = float(db.max())
    ax.pcolormesh(
        times,
        transform.f[rows],
        db[rows],
        cmap="magma",
        vmin=top - _RANGE_DB,
        vmax=top,
        shading="nearest",
        rasterized=True,
    )
    ax.set_yscale("log")
    ax.set_ylim(25, 16_000)
    ax.set_yticks(_TICKS_HZ, [_hz(hz) for hz in _TICKS_HZ])
    ax.minorticks_off()
    ax.set_ylabel("Hz")


def _hz(value: int) -> str:
    return f"{value}" if value < 1000 else f"{value // 1000}k"


def require_matplotlib() -> None:
    """Raise MissingPackage unless pictures can be drawn."""
    _figure_class()


def _figure_class() -> Any:
    """Without pyplot: no window system, no global state."""
    try:
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise MissingPackage("Pictures need matplotlib: pip install 'audiogen[eval]'.") from problem
    return Figure
