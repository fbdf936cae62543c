"""What lets a source be told from others: the lasting spectrum of its place, and how much it moves.

Rules of thumb that hold for recordings, used while a scene is drawn. A drop rings between 2 and 6 kHz and
an engine hums below 1.4 kHz: rain whose spectrum leans to the low side is taken for a vehicle, and so is rain
that is as strong above 6 kHz as where drops ring, or has no low end: a jet of air, or a tap. Surf comes and
goes: of several drafts the one that swells most is nearest to recordings, which swell more than any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from audiogen.media.mel import MelSettings, band_centres_hz
from audiogen.networks.colour_bank import ColourBank

CALLS = ("birds", "rooster")
BEDS = ("rain", "waves")  # last: nothing has to happen in them
UNASKED_INTENSITY = (0.3, 1.0)
UNASKED_CALLS = (0.6, 1.0)  # distant calls are hardly heard
DRAFTS = {
    "waves": 4
}  # as many of one scene are written, side by side; std of level .34 (one: .26, real: .47)
REST_HZ = (300.0, 8_000.0)
SCENE_TRIES = 240
TRIES_BEFORE = 24  # of recipes with `scenes` below 4: 4 % of rain found no scene that holds the rules


@dataclass(frozen=True)
class Contrast:
    """By how much one band of a spectrum stands above another.

    Attributes:
        band_hz, against_hz: [low, high) of both. least: nats of the difference that are enough.
        peak: the loudest group of the band counts, not its mean.
    """

    band_hz: tuple[float, float]
    against_hz: tuple[float, float]
    least: float
    peak: bool = False

    def __call__(self, colour: Tensor, mel: MelSettings) -> bool:
        """Whether the lasting spectrum [groups] has it."""
        hz = torch.from_numpy(band_centres_hz(mel)).float().unflatten(0, (mel.n_groups, -1)).mean(1)
        band, against = (colour[(hz >= low) & (hz < high)] for low, high in (self.band_hz, self.against_hz))
        return bool((band.max() if self.peak else band.mean()) - against.mean() >= self.least)


# calls: heard in 0.90 of such seeds, in 0.43 of the others (28 seeds)
CALLS_ARE_CLEAR = Contrast((2_000.0, 10_500.0), (0.0, 600.0), 1.4, peak=True)
DROPS_ARE_CLEAR = Contrast((2_300.0, 6_000.0), (550.0, 1_400.0), -0.4)  # half of all recordings have it
DROPS_DO_NOT_HISS = Contrast((2_300.0, 6_000.0), (6_000.0, 12_000.0), 0.25)  # four fifths of all
HAS_A_LOW_END = Contrast(
    (60.0, 300.0), (550.0, 1_400.0), -1.0
)  # 39 of 40 recordings of rain, 43 of 45 of waves
RULES: dict[str, tuple[tuple[int, Contrast], ...]] = dict.fromkeys(CALLS, ((1, CALLS_ARE_CLEAR),)) | {
    "rain": ((2, DROPS_ARE_CLEAR), (3, DROPS_DO_NOT_HISS), (3, HAS_A_LOW_END)),
    "waves": ((3, HAS_A_LOW_END),),
}


def tries(scenes: int) -> int:
    """How many scenes are drawn until one holds the rules; scenes: as `Sampling` has it."""
    return SCENE_TRIES if scenes > 3 else TRIES_BEFORE


def rules(sources: Iterable[str], scenes: int) -> list[Contrast]:
    """What a lasting spectrum must have where these sounds are to be told; scenes: as `Sampling` has it."""
    return [rule for name in sources for since, rule in RULES.get(name, ()) if since <= scenes]


def draw_scene(
    bank: ColourBank,
    mel: MelSettings,
    weights: np.ndarray,
    sources: Collection[str],
    intensity: float | None,
    rng: np.random.Generator,
    scenes: int,
    groups: Callable[[Tensor], Tensor] = torch.squeeze,
) -> tuple[np.ndarray, float]:
    """The components of a lasting spectrum, float32 [K], and the intensity of the scene.

    An intensity that was not asked for is drawn too, so that seeds differ as places do, but a source comes
    from no place where it could hardly be told (`rules`).

    Args:
        weights: as `ColourBank.choose` has them, of these sources. scenes: as `Sampling` has it.
        groups: what the bank gives for one scene, [1, bands] -> that of the groups of the mel, [groups].
    """
    hoped = rng.uniform(*(UNASKED_CALLS if any(name in CALLS for name in sources) else UNASKED_INTENSITY))
    intensity = float(hoped if intensity is None else intensity)
    components = bank.draw(weights, intensity, rng)
    needed = rules(sources, scenes)
    for _ in range(tries(scenes)):
        colour = groups(bank(torch.from_numpy(components)[None].to(bank.centre.device)))
        if all(rule(colour, mel) for rule in needed):
            break
        components = bank.draw(weights, intensity, rng)
    return components, intensity


def swell(frames: Tensor, mel: MelSettings) -> Tensor:
    """How much the level of frames [L, N, D] moves: its standard deviation over time, nats [L]."""
    return (0.5 * torch.logsumexp(2 * frames[..., : mel.n_groups], -1)).std(1, correction=0)


def rest(coarse: Tensor, mel: MelSettings) -> float:
    """How loud a sound is between its events, where most of rain lies: the median over time, nats.

    Args:
        coarse: coarse log-mel [groups, N].
    """
    hz = torch.from_numpy(band_centres_hz(mel)).float().unflatten(0, (mel.n_groups, -1)).mean(1)
    inside = (hz >= REST_HZ[0]) & (hz < REST_HZ[1])
    return float((0.5 * torch.logsumexp(2 * coarse[inside], 0)).median())
