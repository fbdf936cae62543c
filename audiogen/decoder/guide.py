"""Structure and Conditioning -> the tensors that steer a mel decoder (`networks.mel_decoder.Guide`)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.conditions import attribute_vector, wanted_attributes
from audiogen.decoder.roll import CHANNELS, KEYS, around, piano_roll
from audiogen.errors import InvalidRequest
from audiogen.media.mel import MelSettings
from audiogen.networks.mel_decoder import Guide


def notes_attributes(notes: Notes, seconds: float) -> dict[str, float | None]:
    """Density (1/s), loudness and register of the notes struck in 0 .. seconds."""
    inside = (notes.onset_s >= 0) & (notes.onset_s < seconds)
    if not inside.any():
        return {"density": 0.0, "loudness": None, "register": None}
    return {
        "density": float(inside.sum() / seconds),
        "loudness": float(notes.velocity[inside].mean()),
        "register": float(notes.pitch[inside].mean()),
    }


def make_guide(
    structure: Structure,
    conditioning: Conditioning,
    take: np.ndarray,
    attribute_names: tuple[str, ...],
    frames: int,
    mel: MelSettings,
    keys: int = KEYS,
    circular: bool = False,
) -> Guide:
    """The guide of one piece, batch of 1.

    Args:
        take: float32 [T], in -1..1 for a piano.
        frames: fine frames to decode.
        keys: 0 for a decoder without notes; its take are colours, which a coarse mel overrules.
        circular: the end goes over into the beginning, for a loop.
    Raises:
        InvalidRequest: the coarse mel of the structure has the wrong number of groups.
    """
    roll = np.zeros((CHANNELS, frames, keys), np.float32)
    coarse = np.zeros((frames, mel.n_groups), np.float32)
    onsets = np.zeros(frames, np.float32)
    if structure.notes is not None and not keys:
        raise InvalidRequest("This decoder follows no notes; give a coarse mel (.npz) or no structure.")
    if structure.notes is not None:
        notes = around(structure.notes, frames / mel.frame_rate) if circular else structure.notes
        roll = piano_roll(notes, 0, frames, mel)
    if structure.mel is not None:
        if structure.mel.shape[0] != mel.n_groups:
            raise InvalidRequest(
                f"The coarse mel has {structure.mel.shape[0]} bands; this decoder takes {mel.n_groups}."
            )
        coarse = fine_rate(torch.from_numpy(structure.mel), frames, mel, circular).T.numpy()
    if structure.onsets is not None:
        count = min(frames, len(structure.onsets))
        onsets[:count] = structure.onsets[:count]
    banked = structure.notes is not None if keys else structure.mel is None
    present = [banked, structure.mel is not None, structure.onsets is not None]
    wanted = wanted_attributes(conditioning, attribute_names)
    return Guide(
        roll=torch.from_numpy(roll)[None],
        coarse=torch.from_numpy(np.ascontiguousarray(coarse))[None],
        onsets=torch.from_numpy(onsets)[None],
        present=torch.tensor([present], dtype=torch.float32),
        attributes=torch.from_numpy(attribute_vector(wanted, attribute_names))[None],
        take=torch.from_numpy(np.append(take, 1.0).astype(np.float32))[None],
    )


def fine_rate(coarse: Tensor, frames: int, mel: MelSettings, circular: bool = False) -> Tensor:
    """Coarse log-mel [..., groups, coarse_frames] -> linear in time, [..., groups, frames]."""
    if circular:
        per = mel.frames_per_coarse
        around = torch.cat([coarse[..., -1:], coarse, coarse[..., :1]], -1)
        return fine_rate(around, frames + 2 * per, mel)[..., per : frames + per]
    shape = coarse.shape
    flat = coarse.float().reshape(-1, 1, shape[-1])
    fine = torch.nn.functional.interpolate(flat, scale_factor=mel.frames_per_coarse, mode="linear")
    fine = fine.reshape(*shape[:-1], -1)
    missing = frames - fine.shape[-1]
    if missing > 0:
        fine = torch.nn.functional.pad(fine.flatten(0, -2)[None], (0, missing), mode="replicate")[0]
        fine = fine.reshape(*shape[:-1], -1)
    return fine[..., :frames]
