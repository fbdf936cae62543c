"""Identity-preserving cross-attention (arXiv 2501.13554, section 3.3) as an attention processor of diffusers.

    K+ = [K ; K_id], V+ = [V ; V_id], A = softmax(Q K+^T / sqrt(d) + log m)

K_id and V_id come from the identity prompt alone; m is 1 for all of the current prompt and for the words of
the identity (with its first token), 0 for its end and padding and for the half of the batch that hears the
negative prompt. As K and V of cross-attention depend neither on the step nor on the latents, those of the
identity are computed once; the published code stores them in a denoising pass of their own: the same result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

CROSS = "attn2"  # in the name of a cross-attention of diffusers' transformers in a UNet


@dataclass
class Identity:
    """What all layers share.

    Attributes:
        embeds: of the identity prompt alone, [1, T, D]. keep: its tokens that are looked at, bool [T].
        guided: the first half of a batch hears the negative prompt.
        begin: the step from which it holds; step: the one that is at work.
        dropout: share of the looks that are left out; noise: draws which.
        keys: layer -> K_id, V_id [1, T, inner], filled when a layer first works.
    """

    embeds: Tensor
    keep: Tensor
    guided: bool
    begin: int = 0
    step: int = 0
    dropout: float = 0.0
    noise: torch.Generator | None = None
    keys: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    @property
    def at_work(self) -> bool:
        return self.step >= self.begin

    def mask(self, batch: int, queries: int, words: int, device: torch.device) -> Tensor:
        """Bool [batch, 1, 1 or queries, words + T], see m above."""
        looks = self.keep.to(device)[None, None, None].expand(batch, 1, 1, -1).clone()
        if self.guided:
            looks[: batch // 2] = False
        if self.dropout:
            drawn = torch.rand(batch, 1, queries, len(self.keep), generator=self.noise)
            looks = looks & (drawn >= self.dropout).to(device)
        return torch.cat([looks.new_ones(*looks.shape[:3], words), looks], -1)


class IdentityAttention:
    """The processor of one layer."""

    def __init__(self, name: str, identity: Identity, otherwise: Any) -> None:
        self.name = name
        self.identity = identity
        self.otherwise = otherwise  # the processor that was there, for steps before the first

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
        **more: Any,
    ) -> Tensor:
        """As `AttnProcessor2_0` of diffusers, with the identity's keys and values behind those of the words.

        Args:
            hidden_states: [B, Q, C]. encoder_hidden_states: [B, W, D]. attention_mask: as diffusers hands it.
        """
        if not self.identity.at_work or encoder_hidden_states is None or hidden_states.ndim != 3:
            more = more if temb is None else {**more, "temb": temb}
            made: Tensor = self.otherwise(
                attn,
                hidden_states,
                encoder_hidden_states=encoder_hidden_states,
                attention_mask=attention_mask,
                **more,
            )
            return made
        residual = hidden_states
        batch, words, _ = encoder_hidden_states.shape
        if attn.group_norm is not None:
            hidden_states = attn.group_norm(hidden_states.transpose(1, 2)).transpose(1, 2)
        if attn.norm_cross:
            encoder_hidden_states = attn.norm_encoder_hidden_states(encoder_hidden_states)
        query = attn.to_q(hidden_states)
        key_id, value_id = self._keys(attn, hidden_states)
        key = torch.cat([attn.to_k(encoder_hidden_states), key_id.expand(batch, -1, -1)], 1)
        value = torch.cat([attn.to_v(encoder_hidden_states), value_id.expand(batch, -1, -1)], 1)
        query, key, value = (
            x.unflatten(-1, (attn.heads, -1)).transpose(1, 2) for x in (query, key, value)
        )  # [B, heads, n, d]
        if attn.norm_q is not None:
            query = attn.norm_q(query)
        if attn.norm_k is not None:
            key = attn.norm_k(key)
        mask = self.identity.mask(batch, query.shape[2], words, query.device)
        if attention_mask is not None:
            shown = attn.prepare_attention_mask(attention_mask, words, batch).view(
                batch, attn.heads, -1, words
            )
            mask = torch.where(mask, 0.0, float("-inf")).to(query.dtype)
            mask = mask + functional.pad(shown.to(query.dtype), (0, len(self.identity.keep)))
        out = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out = out.transpose(1, 2).flatten(2).to(query.dtype)
        out = attn.to_out[1](attn.to_out[0](out))
        if attn.residual_connection:
            out = out + residual
        return out / attn.rescale_output_factor

    def _keys(self, attn: Any, like: Tensor) -> tuple[Tensor, Tensor]:
        if self.name not in self.identity.keys:
            embeds = self.identity.embeds.to(like)
            if attn.norm_cross:
                embeds = attn.norm_encoder_hidden_states(embeds)
            self.identity.keys[self.name] = attn.to_k(embeds), attn.to_v(embeds)
        return self.identity.keys[self.name]


def cross_attentions(unet: Any) -> list[str]:
    """Names of the processors of its cross-attentions."""
    return [name for name in getattr(unet, "attn_processors", {}) if CROSS in name]


@contextmanager
def attending(unet: Any, identity: Identity | None) -> Iterator[None]:
    """Every cross-attention looks at the identity, and is as it was afterwards, whatever happens."""
    if identity is None:
        yield
        return
    before = dict(unet.attn_processors)
    ours = {name: IdentityAttention(name, identity, before[name]) for name in cross_attentions(unet)}
    unet.set_attn_processor({**before, **ours})
    try:
        yield
    finally:
        unet.set_attn_processor(dict(before))
