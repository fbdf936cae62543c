"""The compiled step of the score network says what torch's operators say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from audiogen.errors import InvalidRequest
from audiogen.sampling.autoregressive import choose
from audiogen.sampling.transformer_step import pick, stored
from audiogen.stage import Sampling
from audiogen.structure.score.events import N_CLOCKED
from audiogen.structure.score.reader import NativeReader, TorchReader
from audiogen.structure.score.stage import ScoreStage
from tests.structure.test_score import notes_of, tiny, write  # noqa: F401

ROUND_OFF = 1e-4  # of logits of about 10


def rows(stage: ScoreStage, count: int, views: int) -> np.ndarray:
    """Codes [views, count, K] that the network's table has."""
    drawn = np.random.default_rng(0).integers(
        0, stage.network.config.vocabulary, (views, count, N_CLOCKED + 4)
    )
    pitches = stage.network.config.trace_first + np.arange(count) % 12
    drawn[:, :, stage.network.config.trace_input] = pitches
    return drawn


@pytest.mark.parametrize("views", [1, 2, 5])
@pytest.mark.parametrize("bf16", [False, True])
@torch.inference_mode()
def test_both_readers_agree_event_by_event_and_after_a_passage(
    tiny: ScoreStage,  # noqa: F811
    views: int,
    bf16: bool,
) -> None:
    network = ScoreStage.from_config(tiny.config).network
    network.load_state_dict(tiny.network.state_dict())
    for weight in network.parameters():
        weight.copy_(weight.bfloat16() if bf16 else weight)
    readers = [kind(network, views, 1.25, 1.0, 0.97) for kind in (TorchReader, NativeReader)]
    assert readers[1].weights.table.dtype == (np.uint16 if bf16 else np.float32)
    given = rows(tiny, 30, views)
    for reader in readers:
        reader.read(given[:, :10])
    for n in range(10, 30):
        states = [reader.read(given[:, n : n + 1]) for reader in readers]
        for field in range(5):
            one, other = (reader.logits(field, state) for reader, state in zip(readers, states, strict=True))
            np.testing.assert_allclose(one, other, atol=ROUND_OFF)
            if field < 4:
                states = [
                    reader.given(field, 1, state) for reader, state in zip(readers, states, strict=True)
                ]


def test_both_write_the_same_notes_also_beyond_the_context(tiny: ScoreStage) -> None:  # noqa: F811
    for sampling in (Sampling(seed=1), Sampling(seed=2, variation=0.4)):
        old, new = (
            notes_of(write(tiny, dataclasses.replace(sampling, arithmetic=way), seconds=20.0, density=8.0))
            for way in (1, 2)
        )
        assert len(new) > tiny.config.context
        np.testing.assert_array_equal(old.rows(), new.rows())


def test_new_weights_are_seen(tiny: ScoreStage) -> None:  # noqa: F811
    stage = ScoreStage.from_config(tiny.config, seed=1)
    before = notes_of(write(stage)).rows()
    stage.network.load_state_dict(tiny.network.state_dict())
    after = notes_of(write(stage)).rows()
    np.testing.assert_array_equal(after, notes_of(write(tiny)).rows())
    assert before.shape != after.shape or not np.array_equal(before, after)


def test_codes_are_picked_by_the_same_rule() -> None:
    generator = torch.Generator().manual_seed(0)
    for top_p in (0.3, 0.9, 1.0):
        logits = torch.randn(200, 40, generator=generator) * 3
        logits[:, ::7] = -torch.inf
        uniforms = torch.rand(200, generator=generator)
        wanted = choose(logits, uniforms, 0.8, top_p)
        found = [pick(row, float(u), 0.8, top_p) for row, u in zip(logits.numpy(), uniforms, strict=True)]
        assert wanted.tolist() == found


def test_weights_are_kept_in_half_the_memory_only_where_nothing_is_lost() -> None:
    assert stored(torch.tensor([1.5, -2.0])).dtype == np.uint16
    assert stored(torch.tensor([1.5, 0.1])).dtype == np.float32


def test_an_arithmetic_of_the_future_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="newer audiogen"):
        Sampling(arithmetic=4)
