"""What a coarse mel is like as music, to lay beside real ones: attacks, decays, level, colour.

The numbers say whether a generated structure lives (attacks of the right number and height, decays in
between, neither mush nor silence); they do not say whether it is beautiful.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.piano import HeldOut
from audiogen.media.mel import MelSettings
from audiogen.stage import Sampling, Stage, silent

ATTACK = 0.15  # nats of onset strength: an audible attack on the rendered pianos
APART_FRAMES = 4  # two attacks lie at least this far apart (53 ms)
SILENT = 1.0  # nats above the floor in the loudest band


def portrait(structure: Structure) -> dict[str, float]:
    """Measures of one structure with mel and onsets.

    Returns:
        attacks: per second; attack: their mean strength, nats.
        level: mean log magnitude of the loudest quarter of the bands, nats; range: 90th minus 10th
            percentile of the level over time.
        fall: median fall of the level in frames without an attack, nats per second (decays).
        colour: mean band weighted by magnitude, in groups; highest: mean highest group that sounds.
        silent: share of frames in which no band sounds.
    Raises:
        InvalidRequest: no mel or no onsets.
    """
    if structure.mel is None or structure.onsets is None:
        raise InvalidRequest("A portrait needs a structure with a coarse mel and onsets.")
    mel, settings = structure.mel, structure.settings
    count = len(attack_frames(structure.onsets))
    level = np.sort(mel, 0)[-max(1, len(mel) // 4) :].mean(0)
    coarse_onset = structure.onsets.reshape(-1, settings.frames_per_coarse).max(1)[: mel.shape[1]]
    quiet = (coarse_onset[1:] < ATTACK / 2) & (coarse_onset[:-1] < ATTACK / 2)
    sounding = mel > np.log(settings.floor) + SILENT
    falls = -np.diff(level)[quiet & sounding.any(0)[1:]]
    weight = np.exp(mel)
    groups = np.arange(len(mel))[:, None]
    return {
        "attacks": count / structure.seconds,
        "attack": float(structure.onsets[attack_frames(structure.onsets)].mean()) if count else 0.0,
        "level": float(level.mean()),
        "range": float(np.percentile(level, 90) - np.percentile(level, 10)),
        "fall": float(np.median(falls) * settings.coarse_rate) if len(falls) else 0.0,
        "colour": float((weight * groups).sum() / weight.sum()),
        "highest": float(np.where(sounding, groups, 0).max(0).mean()),
        "silent": float(1 - sounding.any(0).mean()),
    }


def attack_frames(onsets: np.ndarray) -> np.ndarray:
    """Fine frames at which the onset strength [frames] peaks above `ATTACK`."""
    from scipy.signal import find_peaks

    return find_peaks(onsets, height=ATTACK, distance=APART_FRAMES)[0]


def compare(made: Sequence[Structure], real: Sequence[Structure]) -> dict[str, dict[str, float]]:
    """Mean and spread of every measure on both sides, and the mean distance between spectra.

    Returns: measure -> made, made_std, real, real_std; and "spectrum": distance, the mean absolute
        difference in nats of the mean coarse spectra.
    """
    portraits = [[portrait(s) for s in side] for side in (made, real)]
    found: dict[str, dict[str, float]] = {}
    for name in portraits[0][0]:
        ours, theirs = (np.array([p[name] for p in side]) for side in portraits)
        found[name] = {
            "made": float(ours.mean()),
            "made_std": float(ours.std()),
            "real": float(theirs.mean()),
            "real_std": float(theirs.std()),
        }
    spectra = [np.mean([s.mel.mean(1) for s in side if s.mel is not None], 0) for side in (made, real)]
    found["spectrum"] = {"distance": float(np.abs(spectra[0] - spectra[1]).mean())}
    return found


def evaluate_mel(stage: Stage, windows: Sequence[HeldOut]) -> dict[str, dict[str, float]]:
    """A mel stage asked for what held-out windows are, beside the real ones.

    Every window's density, loudness and register are asked for, one seed each.
    Returns: as `compare`, and "follows": rank correlation of asked with found: density with attacks
        per second, loudness with level, register with colour.
    """
    from scipy.stats import spearmanr

    made, real, asked = [], [], []
    for seed, window in enumerate(windows):
        seconds = window.audio.shape[1] / MelSettings().sample_rate
        wanted = attributes(window.notes, seconds)
        asked.append(wanted)
        made.append(stage(wanted, wanted, Sampling(seed=seed), silent))
        real.append(structure_of(mid_mel_of(window.audio), seconds))
    found = compare(made, real)
    pairs = {"density": "attacks", "loudness": "level", "register": "colour"}
    for key, structures in (("follows", made), ("follows_real", real)):
        portraits = [portrait(s) for s in structures]
        found[key] = {
            name: float(spearmanr([getattr(a, name) for a in asked], [p[measure] for p in portraits])[0])
            for name, measure in pairs.items()
        }
    return found


def attributes(notes: Notes, seconds: float) -> Conditioning:
    """What a prompt would ask for to get these notes: density, loudness and register."""
    inside = notes.window(0.0, seconds)
    if not len(inside):
        raise InvalidRequest("No note is struck in this window.")
    return Conditioning(
        seconds=seconds,
        density=len(inside) / seconds,
        loudness=float(inside.velocity.mean()),
        register=float(inside.pitch.mean()),
    )


def mid_mel_of(audio: np.ndarray, settings: MelSettings = MelSettings()) -> np.ndarray:
    """Mid log-mel [bands, frames] of audio [channels, T]."""
    import torch

    from audiogen.ranking.transcribe import mid_mel

    return mid_mel(torch.from_numpy(np.asarray(audio, np.float32)), settings).numpy()


def structure_of(mid: np.ndarray, seconds: float, settings: MelSettings = MelSettings()) -> Structure:
    """The structure that a real log-mel [bands, frames] stands for."""
    import torch

    from audiogen.media.mel import coarse_mel, onset_strength

    fine = torch.from_numpy(np.asarray(mid, np.float32))
    return Structure(
        seconds,
        mel=coarse_mel(fine, settings).numpy(),
        onsets=onset_strength(fine).numpy(),
        settings=settings,
    )
