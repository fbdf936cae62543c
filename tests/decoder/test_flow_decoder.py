"""The flow decoder through its public face, tiny and with random weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import audiogen.decoder.flow as flow
from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig, pack, unpack
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.media.mel import PAN_LIMIT, WIDTH_RANGE, MelSettings
from audiogen.stage import Sampling, silent

TINY = FlowDecoderConfig(width=32, dilations=(1, 2), templates=2, steps=3)
BF16_KERNELS = 1e-2  # of the normalised mel: kernels differ by shape

MEMORY_PLACE = (
    1e-4  # nats; some kernels sum in another order where memory is not aligned, as in a mapped file
)


@pytest.fixture(scope="module")
def decoder() -> FlowDecoder:
    stage = FlowDecoder.from_config(TINY)
    generator = torch.Generator().manual_seed(1)
    for parameter in stage.network.parameters():  # zero-initialised layers would hide mistakes
        parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    return stage


def piece(seconds: float = 4.0) -> Structure:
    rows = np.array([[60, 0.2, 1.0, 80], [64, 1.1, 2.0, 50], [40, 2.0, 3.9, 110]], float)
    return Structure(seconds, Notes.from_rows(rows))


def decode(decoder: FlowDecoder, x: Structure, **sampling: object):
    return decoder(x, Conditioning(seconds=x.seconds), Sampling(**sampling), silent)  # type: ignore[arg-type]


def test_shapes_ranges_and_take(decoder: FlowDecoder) -> None:
    mel = decode(decoder, piece(4.01))
    assert mel.mid.shape == (170, 303)
    assert mel.side.shape == (2, 34, 303)
    assert mel.seconds == 4.01
    assert np.abs(mel.side[0]).max() <= PAN_LIMIT
    assert WIDTH_RANGE[0] <= mel.side[1].min() and mel.side[1].max() <= WIDTH_RANGE[1]
    assert set(mel.take) == set(TINY.take_names)


def test_one_seed_is_one_take_and_two_seeds_are_two(decoder: FlowDecoder) -> None:
    first, again, other = (decode(decoder, piece(), seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.mid, again.mid)
    assert np.abs(first.mid - other.mid).mean() > 0.05
    kept = decode(decoder, piece(), seed=2, decoder_seed=1)
    np.testing.assert_array_equal(first.mid, kept.mid)


@pytest.mark.parametrize("given", ["notes", "mel", "onsets", "nothing", "everything"])
def test_any_part_of_the_structure_may_be_absent(decoder: FlowDecoder, given: str) -> None:
    notes = piece().notes if given in ("notes", "everything") else None
    coarse = np.full((34, 100), -6, np.float32) if given in ("mel", "everything") else None
    onsets = np.ones(300, np.float32) if given in ("onsets", "everything") else None
    mel = decode(decoder, Structure(4.0, notes, coarse, onsets))
    assert np.isfinite(mel.mid).all()


def test_long_pieces_have_no_seams(decoder: FlowDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = FlowDecoder(TINY, decoder.network, device="cpu")
    decoder.dtype = torch.float32
    whole = decode(decoder, piece(8.0))
    monkeypatch.setattr(flow, "WINDOW_FRAMES", 150)
    parts = decode(decoder, piece(8.0))
    np.testing.assert_allclose(parts.mid, whole.mid, atol=1e-3)


def test_strength_moves_between_free_and_following(decoder: FlowDecoder) -> None:
    following, half, free = (decode(decoder, piece(), structure_strength=s).mid for s in (1.0, 0.5, 0.0))
    alone = decode(decoder, Structure.empty(4.0), structure_strength=1.0).mid
    np.testing.assert_allclose(free, alone, atol=BF16_KERNELS * 5)
    assert np.abs(half - following).mean() < np.abs(free - following).mean()


def test_other_structures_give_other_mels(decoder: FlowDecoder) -> None:
    moved = replace(piece(), notes=Notes.from_rows(np.array([[72, 0.2, 1.0, 80]], float)))
    assert np.abs(decode(decoder, piece()).mid - decode(decoder, moved).mid).mean() > 0.01


def test_progress_counts_the_steps_and_false_cancels(decoder: FlowDecoder) -> None:
    seen: list[tuple[str, int, int]] = []

    def watch(stage: str, step: int, total: int) -> bool:
        seen.append((stage, step, total))
        return len(seen) < 3

    with pytest.raises(Cancelled, match="decoder"):
        decoder(piece(), Conditioning(), Sampling(), watch)
    assert seen == [("decoder", 0, 3), ("decoder", 1, 3), ("decoder", 2, 3)]


def test_a_scheduler_that_does_not_fit_is_refused(decoder: FlowDecoder) -> None:
    with pytest.raises(InvalidRequest, match="midpoint"):
        decode(decoder, piece(), scheduler="ddim")


def test_a_coarse_mel_of_the_wrong_size_is_refused(decoder: FlowDecoder) -> None:
    with pytest.raises(InvalidRequest, match="34"):
        decode(decoder, Structure(4.0, mel=np.zeros((40, 100), np.float32)))


def test_saving_and_loading_keeps_the_sound(decoder: FlowDecoder, tmp_path) -> None:
    decoder.save_pretrained(tmp_path, storage="fp32")
    loaded, once_more = (FlowDecoder.from_pretrained(tmp_path) for _ in range(2))
    assert loaded.config == decoder.config
    np.testing.assert_array_equal(decode(loaded, piece()).mid, decode(once_more, piece()).mid)
    np.testing.assert_allclose(decode(decoder, piece()).mid, decode(loaded, piece()).mid, atol=MEMORY_PLACE)


def test_packing_is_undone_by_unpacking() -> None:
    mid, side = torch.randn(170, 7), torch.randn(2, 34, 7)
    back = unpack(pack(mid, side), MelSettings())
    torch.testing.assert_close(back[0], mid)
    torch.testing.assert_close(back[1], side)
