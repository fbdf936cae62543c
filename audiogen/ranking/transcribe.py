"""The project's own note transcriber and note F1, to judge audio against its structure.

    judge = TranscriberStage.from_pretrained("transcriber")
    rows = judge.transcribe(audio)              # [N, 2]: pitch, onset s
    note_scores(notes, rows).f1

It was trained on rendered pianos only. Use its numbers beside their ceiling (real renderings) and
floor (the notes of other pieces): `normalised`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from audiogen.errors import InvalidRequest, MissingPackage
from audiogen.media.mel import MelSettings, log_bands, stft
from audiogen.networks.transcriber import LOWEST_KEY, Transcriber, TranscriberConfig
from audiogen.pretrained import Pretrained

ONSET_TOLERANCE_S = 0.05
THRESHOLD = 0.7  # posterior of an onset: the best F1 on training windows
APART_FRAMES = 3  # two onsets of one key lie at least this far apart (40 ms)


class TranscriberStage(Pretrained):
    """Audio or mel -> note onsets. Owns the network; not a stage of any pipeline."""

    config_class = TranscriberConfig

    @staticmethod
    def build(config: TranscriberConfig) -> Transcriber:
        return Transcriber(config)

    def posterior(self, x: np.ndarray) -> np.ndarray:
        """Onset posterior, float32 [88, frames], of audio [2, T] at 44.1 kHz or a mid log-mel."""
        mel = torch.from_numpy(np.asarray(x, np.float32)).to(self.device)
        if mel.ndim != 2 or mel.shape[0] not in (1, 2, self.config.mel.n_bands):
            raise InvalidRequest(
                f"Transcribe takes audio [1 or 2, samples] or a mel [{self.config.mel.n_bands}, "
                f"frames], not {list(mel.shape)}."
            )
        if mel.shape[0] <= 2:
            mel = mid_mel(mel, self.config.mel)
        with torch.inference_mode():  # float32 on every machine: a judge must not depend on the CPU
            return self.network(mel[None])[0].sigmoid().cpu().numpy()

    def transcribe(self, x: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
        """Rows (pitch, onset s), float64 [N, 2], sorted by onset; `x` as in `posterior`."""
        return pick_onsets(self.posterior(x), self.config.mel.frame_rate, threshold)


def mid_mel(audio: Tensor, settings: MelSettings) -> Tensor:
    """Mid log-mel [bands, frames] of audio [1 or 2, T]."""
    return log_bands(stft(audio.mean(0), settings).abs(), settings)


def pick_onsets(posterior: np.ndarray, frame_rate: float, threshold: float = THRESHOLD) -> np.ndarray:
    """Peaks of the onset posterior [88, frames] as rows (pitch, onset s), placed between frames."""
    from scipy.ndimage import maximum_filter1d

    peak = (posterior >= maximum_filter1d(posterior, 2 * APART_FRAMES - 1, axis=1)) & (posterior >= threshold)
    keys, frames = np.nonzero(peak)
    padded = np.pad(posterior, ((0, 0), (1, 1)))
    before, here, after = (padded[keys, frames + d] for d in (0, 1, 2))
    shift = (after - before) / (before + here + after)
    rows = np.column_stack([keys + LOWEST_KEY, (frames + 0.5 + shift) / frame_rate])
    return rows[np.lexsort((rows[:, 0], rows[:, 1]))]


class NoteScores(NamedTuple):
    """Precision, recall and F1 of note onsets (50 ms, pitch exact, offsets ignored)."""

    precision: float
    recall: float
    f1: float


def note_scores(reference: np.ndarray, estimate: np.ndarray, seconds: float | None = None) -> NoteScores:
    """Scores of `estimate` rows (pitch, onset s, ...) against `reference` rows of the same form.

    Notes of the reference struck outside [0, seconds) are left out. Two empty lists agree: 1.
    """
    try:
        from mir_eval.transcription import precision_recall_f1_overlap
    except ImportError as problem:
        raise MissingPackage("Note scores need mir_eval: pip install 'audiogen[eval]'.") from problem

    stop = np.inf if seconds is None else seconds
    reference = reference[(reference[:, 1] >= 0) & (reference[:, 1] < stop)]
    if not len(reference) or not len(estimate):
        same = float(len(reference) == len(estimate))
        return NoteScores(same, same, same)
    scores = precision_recall_f1_overlap(
        *_intervals(reference), *_intervals(estimate), onset_tolerance=ONSET_TOLERANCE_S, offset_ratio=None
    )
    return NoteScores(*(float(s) for s in scores[:3]))


def shuffled_scores(references: Sequence[np.ndarray], estimates: Sequence[np.ndarray]) -> list[NoteScores]:
    """The floor: every estimate against the notes of the next piece in the list (at least two)."""
    if len(references) < 2:
        raise InvalidRequest("A shuffled floor needs at least two pieces.")
    moved = [*references[1:], references[0]]
    return [note_scores(r, e) for r, e in zip(moved, estimates, strict=True)]


def normalised(value: float, floor: float, ceiling: float) -> float:
    """(value - floor) / (ceiling - floor): 0 is as bad as shuffled notes, 1 as good as real audio."""
    if ceiling <= floor:
        raise InvalidRequest(f"The ceiling ({ceiling:.3f}) must lie above the floor ({floor:.3f}).")
    return (value - floor) / (ceiling - floor)


def _intervals(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    onset = rows[:, 1]
    hz = 440 * 2 ** ((rows[:, 0] - 69) / 12)
    return np.stack([onset, onset + 0.1], 1), hz
