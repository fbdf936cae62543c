"""The mel network as the stage meets it: it reads frames, and chooses the codes of the next ones.

`TorchReader` is what files of earlier versions were written with (`Sampling.arithmetic` below 3),
`NativeReader` the same network with a compiled step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from audiogen.networks.mel_transformer import GAIN, MelTransformer
from audiogen.networks.transformer import KeyValues
from audiogen.sampling import transformer_step as native
from audiogen.sampling.autoregressive import choose


@dataclass(frozen=True)
class TorchReader:
    """The network by torch's operators.

    Attributes:
        guidance: beyond what is not told of the attributes towards what is, 1 is off.
        temperature, top_p: of every choice.
    """

    network: MelTransformer
    guidance: float
    temperature: float
    top_p: float

    def read(self, rows: Tensor, before: Tensor, hints: Tensor, left: Tensor, cache: KeyValues) -> Tensor:
        """State [L B, D] of L sounds in B views; see `MelTransformer.step`."""
        return self.network.step(rows, before, hints, left, cache)

    def choose(self, state: Tensor, u: Tensor) -> Tensor:
        """Codes of the next frame, int64 [L, K], by uniforms u [L, K]; B = 2 with guidance."""
        each = len(state) // len(u)
        codes = []
        for stage in range(u.shape[1]):
            logits = self.network.stage_logits(state, stage)
            if each == 2:  # classifier-free guidance (arXiv 2207.12598, 2306.05284)
                asked, unasked = logits[::2], logits[1::2]
                logits = unasked + self.guidance * (asked - unasked)
            code = choose(logits, u[:, stage], self.temperature, self.top_p)
            codes.append(code)
            state = self.network.tell(state, stage, code.repeat_interleave(each))
        return torch.stack(codes, -1)


class NativeReader(TorchReader):
    """Compiled; many frames at once still go through torch, into the same cache."""

    def read(self, rows: Tensor, before: Tensor, hints: Tensor, left: Tensor, cache: KeyValues) -> Tensor:
        if rows.shape[1] > 1:
            return super().read(rows, before, hints, left, cache)
        state = self.network.embed(rows, before, hints, left)[:, 0].numpy()
        native.advance(state, cache.values.numpy(), cache.length, *self._weights.trunk)
        cache.length += 1
        return torch.from_numpy(state)

    def choose(self, state: Tensor, u: Tensor) -> Tensor:
        each, told = len(state) // len(u), state.numpy()
        codes = np.empty(u.shape, np.int64)
        for stage in range(u.shape[1]):
            logits = self._weights.logits(stage, told)
            if each == 2:
                logits = logits[1::2] + np.float32(self.guidance) * (logits[::2] - logits[1::2])
            for sound, drawn in enumerate(u[:, stage].tolist()):
                codes[sound, stage] = native.pick(logits[sound], drawn, self.temperature, self.top_p)
            if stage + 1 < u.shape[1]:
                told = told + self._weights.chosen[stage][codes[:, stage].repeat(each)]
        return torch.from_numpy(codes)

    @cached_property  # one look at the parameters costs as much as a step
    def _weights(self) -> native.Weights:
        weights: native.Weights = native.weights_of(self.network, _plain)
        return weights


def _plain(network: MelTransformer) -> native.Weights:
    return native.Weights(network, GAIN)
