"""The score network as the writer meets it: it reads events, and says the logits of each field of the next.

`TorchReader` is what files of earlier versions were written with (`Sampling.arithmetic` 1), `NativeReader`
the same network as machine code. Logits are float32 [size], guided where there are two views.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from audiogen.networks.score_transformer import GAIN, KVCache, ScoreTransformer
from audiogen.sampling import transformer_step as native
from audiogen.sampling.autoregressive import choose


class Reader(Protocol):
    """One piece through the network; what it has read so far is a state, [B, D] for B views."""

    @property
    def full(self) -> bool:
        """Whether the context holds no further event."""
        ...

    def begin(self) -> None:
        """Forget everything."""

    def read(self, rows: np.ndarray) -> Any:
        """Codes of the next events, int64 [B, N, K] (N is 1, or nothing was read yet) -> state."""
        ...

    def logits(self, field: int, state: Any) -> np.ndarray: ...

    def given(self, field: int, code: int, state: Any) -> Any:
        """The state once `field` is `code`."""
        ...

    def choose(self, logits: np.ndarray, uniform: float) -> int: ...

    def shares(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities at the writer's temperature."""
        ...


class TorchReader:
    """The network by torch's operators."""

    def __init__(
        self, network: ScoreTransformer, views: int, guidance: float, temperature: float, top_p: float
    ) -> None:
        self.network, self.views, self.guidance = network, views, guidance
        self.temperature, self.top_p = temperature, top_p
        self.begin()

    @property
    def full(self) -> bool:
        return self.cache.length == self.network.config.context

    def begin(self) -> None:
        self.cache = KVCache(self.network.config, self.views)

    def read(self, rows: np.ndarray) -> Tensor:
        return self.network.step(torch.from_numpy(rows), self.cache)[:, -1]

    def logits(self, field: int, state: Tensor) -> np.ndarray:
        logits = self.network.logits(field, state)
        guided = logits[0] if len(logits) == 1 else torch.lerp(logits[1], logits[0], self.guidance)
        return guided.numpy()

    def given(self, field: int, code: int, state: Tensor) -> Tensor:
        return self.network.given(field, torch.tensor(code), state)

    def choose(self, logits: np.ndarray, uniform: float) -> int:
        return int(choose(torch.from_numpy(logits), torch.tensor(uniform), self.temperature, self.top_p))

    def shares(self, logits: np.ndarray) -> np.ndarray:
        return (torch.from_numpy(logits) / self.temperature).softmax(-1).numpy()


class NativeReader(TorchReader):
    """The same with a compiled step; many events at once still go through torch, into the same cache."""

    def __init__(
        self, network: ScoreTransformer, views: int, guidance: float, temperature: float, top_p: float
    ) -> None:
        self.weights: ScoreWeights = native.weights_of(network, ScoreWeights)
        super().__init__(network, views, guidance, temperature, top_p)

    def begin(self) -> None:
        super().begin()
        self.past = self.cache.values.numpy()
        self.traces = self.cache.traces.numpy().copy()

    def read(self, rows: np.ndarray) -> Any:
        if rows.shape[1] > 1:
            state = super().read(rows).numpy().copy()
            self.traces = self.cache.traces.numpy().copy()
            return state
        config, w = self.network.config, self.weights
        codes = np.ascontiguousarray(rows[:, 0])
        self.traces *= w.decays
        struck = codes[:, config.trace_input] - config.trace_first
        for view in np.flatnonzero((struck >= 0) & (struck < config.trace_size)):
            self.traces[:, view, struck[view]] += 1
        faded = np.ascontiguousarray(np.log1p(self.traces).transpose(1, 0, 2).reshape(len(codes), -1))
        state = np.empty((len(codes), config.width), np.float32)
        native.product(w.fade, faded, state)
        native.gathered(codes, w.table, state)
        state *= GAIN
        native.advance(state, self.past, self.cache.length, *w.trunk)
        self.cache.length += 1
        return state

    def logits(self, field: int, state: Any) -> np.ndarray:
        logits = self.weights.logits(field, state)
        if len(logits) == 1:
            return logits[0]
        return logits[1] + np.float32(self.guidance) * (logits[0] - logits[1])

    def given(self, field: int, code: int, state: Any) -> Any:
        return state + self.weights.chosen[field][code]

    def choose(self, logits: np.ndarray, uniform: float) -> int:
        return native.pick(logits, float(uniform), float(self.temperature), float(self.top_p))

    def shares(self, logits: np.ndarray) -> np.ndarray:
        share = np.exp((logits - logits.max()).astype(np.float64) / self.temperature)
        return share / share.sum()


class ScoreWeights(native.Weights):
    """A network as plain arrays.

    Attributes:
        table: stored [vocabulary, D]. fade: stored [D, decays * trace_size]. decays: [decays, 1, 1].
    """

    def __init__(self, network: ScoreTransformer) -> None:
        super().__init__(network, GAIN)
        self.table, self.fade = (native.stored(part.weight) for part in (network.table, network.traces))
        self.decays = np.array(network.config.trace_decays, np.float32)[:, None, None]
