"""The weights of a LoRA (arXiv 2106.09685) as a network of their own, beside the frozen model they change.

W becomes W + B A with A [r, in] and B [out, r] in the projections of the attention. Only A and B are
parameters here, so the loop averages, checkpoints and exports megabytes, and not the gigabytes of the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class LowRank(nn.Module):
    """What is trained of a model with peft's adapters in it; copies share the model."""

    base: Any  # an nn.Module of diffusers

    def __init__(self, base: nn.Module, weights: dict[str, nn.Parameter]) -> None:
        super().__init__()
        self.__dict__["base"] = base  # not a part: no copy, checkpoint or optimizer sees it
        self.weights = nn.ParameterDict({name.replace(".", "/"): part for name, part in weights.items()})

    @classmethod
    def within(cls, base: Any, rank: int, targets: tuple[str, ...], seed: int) -> LowRank:
        """New weights in a model, A normal and B zero: nothing is changed yet.

        Args:
            targets: ends of the names of the linear layers.
        Raises:
            ValueError: the model has none of these.
        """
        from peft import LoraConfig

        base.requires_grad_(False)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            # alpha = rank: what a loader takes where a file says nothing of it
            base.add_adapter(
                LoraConfig(
                    r=rank, lora_alpha=rank, target_modules=list(targets), init_lora_weights="gaussian"
                )
            )
        trained = {name: part for name, part in base.named_parameters() if part.requires_grad}
        for part in trained.values():
            part.data = part.data.float()
        return cls(base, trained)

    def forward(self, *inputs: Tensor, **more: Any) -> Tensor:
        """What the model says with the weights that are installed in it, float32."""
        said: Tensor = self.base(*inputs, **more, return_dict=False)[0]
        return said.float()

    def state(self) -> dict[str, Tensor]:
        """The weights by their names in the model."""
        return {name.replace("/", "."): part for name, part in self.weights.items()}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The model has these weights for a while: those of a copy, not the trained ones."""
        places = dict(self.base.named_parameters())
        before = {name: places[name].detach().clone() for name in self.state()}
        try:
            self._set(self.state())
            yield
        finally:
            self._set(before)

    def _set(self, state: dict[str, Tensor]) -> None:
        places = dict(self.base.named_parameters())
        with torch.no_grad():
            for name, part in state.items():
                places[name].copy_(part)
        torch.clear_autocast_cache()  # it knows a parameter by its place, not by what it holds

    def train(self, mode: bool = True) -> LowRank:
        super().train(mode)
        self.base.train(mode)
        return self

    def _apply(self, fn: Any, recurse: bool = True) -> LowRank:
        super()._apply(fn, recurse)
        self.base._apply(fn)  # the model goes where its weights go
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> LowRank:
        return LowRank(
            self.base, {n: nn.Parameter(part.detach().clone()) for n, part in self.state().items()}
        )
