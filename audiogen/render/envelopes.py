"""Fine envelopes of a rendered sound, drawn by a network where a mel cannot say when its clicks fall.

Within a window of 93 ms the energy of a crack of burning wood is spread by the renderer, in each band at
another moment. A small flow (`networks/envelope_flow.py`), trained on recordings, draws where in it each of
seven bands is loud; the sound is multiplied by that, and the energy of a stretch stays the mel's.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import torch
from torch import Tensor, nn

from audiogen.media.mel import MelSettings
from audiogen.networks.envelope_flow import EnvelopeFlow, EnvelopeFlowConfig, levels
from audiogen.pretrained import Pretrained
from audiogen.sampling.envelopes import imposed
from audiogen.sampling.flow import midpoint, times, walked

WEIGHTS = "ambience-envelopes"


class Envelopes(Pretrained):
    """The network with its weights; no stage of a pipeline but a part of a renderer."""

    config_class = EnvelopeFlowConfig

    @staticmethod
    def build(config: EnvelopeFlowConfig) -> nn.Module:
        return EnvelopeFlow(config)

    @staticmethod
    @lru_cache(maxsize=1)
    def shipped() -> Envelopes:
        """Those of the package.

        Raises:
            MissingModel: not there, or damaged.
        """
        return Envelopes.from_pretrained(WEIGHTS, device="cpu")  # type: ignore[no-any-return]

    @torch.inference_mode()
    def draw(self, mid: Tensor, sources: Collection[str], noise: Tensor) -> Tensor:
        """Envelopes for a mel.

        Args:
            mid: log bands, [bands, F]. noise: standard normal, [F, values].
        Returns:
            [BANDS, N], nats, as `sampling.envelopes.envelopes` gives them.
        """
        network, config = self.network, self.config
        assert isinstance(network, EnvelopeFlow)
        told = levels(mid.float(), config.mel)[None]
        about = torch.tensor([[float(name in sources) for name in config.sources]])

        def velocity(x: Tensor, t: float) -> Tensor:
            return (x - network(x, torch.tensor([t]), told, about)) / t

        walk = midpoint(noise[None], times(config.steps, config.shift), lambda step, steps: None)
        return network.restore(walked(walk, velocity)[0])


class FineEnvelopes:
    """Those of one sound, block after block: blocks that overlap start from the same noise there."""

    def __init__(self, stage: Envelopes, sources: Collection[str], generator: torch.Generator) -> None:
        self.stage, self.sources, self.generator = stage, sources, generator
        self.last = torch.zeros(0, stage.network.values)

    @staticmethod
    def of(sources: Collection[str], mel: MelSettings, generator: torch.Generator) -> FineEnvelopes | None:
        """None: the network was not trained for mels of this layout."""
        stage = Envelopes.shipped()
        return FineEnvelopes(stage, sources, generator) if stage.config.mel == mel else None

    def lay(self, sound: Tensor, mid: Tensor, again: int) -> Tensor:
        """A block, float32 [2, T], with the envelopes drawn for its frames of the mel, mid [bands, F].

        Args:
            again: so many frames at the beginning were the last of the block before.
        """
        kept = self.last[len(self.last) - again :] if len(self.last) else self.last
        fresh = torch.randn(mid.shape[1] - len(kept), self.last.shape[1], generator=self.generator)
        self.last = torch.cat([kept, fresh])
        return imposed(sound, self.stage.draw(mid, self.sources, self.last))
