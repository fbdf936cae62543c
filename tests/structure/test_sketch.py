"""Line drawings from words: the cache is exact, seeds and words decide, what was never taught is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Contour
from audiogen.errors import InvalidRequest
from audiogen.networks.sketch_transformer import SketchSizes
from audiogen.stage import Options, Sampling, silent
from audiogen.structure.sketch import SketchConfig, SketchStage, cleaned

SIZES = SketchSizes(side=32, stages=2, entries=8, words=3, styles=2, width=16, layers=2, heads=2, hidden=16)
CAT = Conditioning(path="picture", subject="cat", look="3d")


@pytest.fixture(scope="module")
def stage() -> SketchStage:
    config = SketchConfig(SIZES, ("3d", "flat"), ("cat", "dog", "big eyes"), words=4)
    made: SketchStage = SketchStage.from_config(config, seed=1, device="cpu")
    random = torch.Generator().manual_seed(0)
    books = made.network.quantiser.codebooks
    books += 0.5 * torch.randn(books.shape, generator=random)
    for values in made.network.parameters():
        values.data += 0.05 * torch.randn(values.shape, generator=random)
    return made


def test_what_is_drawn_step_by_step_is_what_the_whole_network_says(stage: SketchStage) -> None:
    network = stage.network
    codes = torch.randint(
        SIZES.entries, (2, SIZES.grid**2, SIZES.stages), generator=torch.Generator().manual_seed(3)
    )
    patches = network.quantiser.decode(codes)
    words, style = torch.tensor([[1, 3], [2, 0]]), torch.tensor([1, 0])
    whole = network(codes, patches, words, style)
    about, cache = network.about(words, style), network.cache(2)
    for place in range(SIZES.grid**2):
        state = network.step(codes[:, place - 1] if place else None, patches[:, :place], about, cache)
        for number in range(SIZES.stages):
            torch.testing.assert_close(network.stage_logits(state, number), whole[number][:, place])
            state = network.tell(state, number, codes[:, place, number])


def test_patches_are_cut_and_joined_without_loss(stage: SketchStage) -> None:
    ink = torch.rand(2, SIZES.side, SIZES.side)
    patches = stage.network.patches(ink)
    assert patches.shape == (2, 16, 64)
    torch.testing.assert_close(patches[0, 1].view(8, 8), ink[0, :8, 8:16])
    torch.testing.assert_close(stage.network.joined(patches), ink)


def test_seed_and_words_decide_what_is_drawn(stage: SketchStage) -> None:
    def drawn(asked: Conditioning, seed: int) -> np.ndarray:
        return stage(asked, asked, Sampling(seed=seed), silent).pixels

    first = drawn(CAT, 1)
    assert first.shape == (32, 32) and 0 <= first.min() < first.max() <= 1
    np.testing.assert_array_equal(first, drawn(CAT, 1))
    for other in (dataclasses.replace(CAT, subject="dog"), dataclasses.replace(CAT, look="flat")):
        assert np.abs(first - drawn(other, 1)).max() > 0.1
    assert np.abs(first - drawn(CAT, 2)).max() > 0.1


def test_of_several_candidates_the_one_that_tells_most_is_kept(
    stage: SketchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = SketchStage(dataclasses.replace(stage.config, candidates=3), stage.network)
    drawn: list[torch.Tensor] = []
    shown = SketchStage._contour
    monkeypatch.setattr(
        SketchStage, "_contour", lambda self, codes, x: (drawn.append(codes), shown(self, codes, x))[1]
    )
    several(CAT, CAT, Sampling(seed=4), silent)
    words, style = several.given(CAT)

    def raised(codes: torch.Tensor) -> float:
        """By how much the words raise the likelihood of a drawing."""
        patches = stage.network.quantiser.decode(codes[None])
        told = []
        for w, s in ((words, style), (0 * words, 0 * style)):
            logits = stage.network(codes[None], patches, w, s)
            told.append(
                sum(x.log_softmax(-1)[0].gather(-1, codes[:, k, None]).sum() for k, x in enumerate(logits))
            )
        return float(told[0] - told[1])

    chances = torch.rand(
        3, 16, 2, generator=torch.Generator().manual_seed(Sampling(seed=4).seed_for("structure"))
    )
    others = []
    for k in range(3):
        monkeypatch.setattr(torch, "rand", lambda *size, generator=None, k=k: chances[k : k + 1])
        stage(CAT, CAT, Sampling(seed=4), silent)
        others.append(raised(drawn[-1]))
    assert raised(drawn[0]) == pytest.approx(max(others), abs=1e-4) and max(others) > min(others)


def test_a_painting_is_drawn_with_the_lines_of_the_usual_look(stage: SketchStage) -> None:
    given = stage.given(dataclasses.replace(CAT, look=None, style="oil"))
    for one, other in zip(given, stage.given(CAT), strict=True):
        assert torch.equal(one, other)


def test_rows_appear_one_after_the_other(stage: SketchStage) -> None:
    seen: list[tuple[int, int, Contour]] = []
    made = stage(CAT, CAT, Sampling(seed=1), silent, Options(lambda *step: seen.append(step)))
    assert [(done, total) for done, total, _ in seen] == [(k, 4) for k in (1, 2, 3, 4)]
    np.testing.assert_array_equal(seen[-1][2].pixels, made.pixels)
    below = seen[0][2].pixels[SIZES.patch + 1 :]
    np.testing.assert_array_equal(below, np.broadcast_to(below[0], below.shape))


def test_what_it_was_never_taught_is_refused(stage: SketchStage) -> None:
    for asked, words in (
        (dataclasses.replace(CAT, subject=None), "Nothing says"),
        (Conditioning(subject="okapi"), "okapi"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            stage(asked, asked, Sampling(), silent)


def test_a_drawing_is_cleaned_of_faint_ink_and_keeps_its_strokes() -> None:
    ink = np.full((16, 16), 0.1, np.float32)
    ink[6:10] = 1
    clean = cleaned(ink)
    assert (clean[7:9] == 1).all() and (clean[:4] == 0).all() and (clean[12:] == 0).all()
