"""One engine: a pipeline from Python makes the very samples of the command line, for every kind of work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiogen.artifacts import Contour, Picture, Structure, Waveform
from audiogen.decoder import flow
from audiogen.making import Request, load_source, make
from audiogen.media.audio import read_audio
from audiogen.pipeline import Pipeline, load_pipeline
from audiogen.render import blocks
from audiogen.request import Take
from audiogen.stage import Sampling

# name -> (kind of work, words, further settings of Sampling, stages by name)
WORK: dict[str, tuple[str, str, dict[str, Any], dict[str, str]]] = {
    "piano": ("piano", "calm piano, 1.5 s", {}, {}),
    "piano with a bed": ("piano", "calm piano with rain, 1.5 s", {}, {}),
    "coarse mel of a piano": ("piano", "soft piano, 1.5 s", {}, {"structure": "mel"}),
    "wavenet": ("piano", "piano, 1 s", {}, {"structure": "wavenet"}),
    "wavenet alone": ("piano", "piano, 1 s", {}, {"structure": "wavenet", "decoder": "none"}),
    "no structure": ("piano", "piano, 1 s", {}, {"structure": "none"}),
    "variation": ("piano", "piano, 3 s", {"variation": 0.5, "variation_seed": 3}, {}),
    "another decoder seed": ("piano", "piano, 1 s", {"decoder_seed": 11}, {}),
    "ambience": ("ambience", "rain and birds, 2 s", {}, {}),
    "loop": ("ambience", "rain, 2 s", {"loop": True}, {}),
    "two steps": ("ambience", "rain, 1 s", {"steps": 2}, {}),
    "diffusion": ("ambience", "light rain, 1 s", {"scheduler": "ddim"}, {"decoder": "diffusion"}),
    "digit": ("digit", "watercolor digit 7", {}, {}),
    "digit by ddpm": ("digit", "digit 3", {}, {"structure": "ddpm", "decoder": "diffusion"}),
    "picture": ("picture", "a cartoon cat, big eyes", {}, {}),
    "picture, varied": ("picture", "a cat in oil", {"variation": 0.3}, {}),
}


def array(result: Waveform | Picture | None) -> np.ndarray:
    """Samples or pixels."""
    assert result is not None
    return result.samples if isinstance(result, Waveform) else result.pixels


def only(request: Request) -> Take:
    (take,) = make(request)
    return take


@pytest.mark.parametrize("name", WORK)
def test_a_pipeline_and_a_request_make_the_same_samples(tiny: Path, name: str) -> None:
    kind, words, settings, stages = WORK[name]
    sampling = Sampling(seed=7, **settings)
    pipeline = load_pipeline(kind, **stages)
    take = only(Request(words, kind, sampling=sampling, **stages))
    np.testing.assert_array_equal(array(pipeline(words, sampling)), array(take.waveform or take.picture))


@pytest.mark.parametrize(("kind", "words"), [("piano", "calm piano, 5 s"), ("ambience", "rain, 5 s")])
def test_a_long_sound_that_is_rendered_while_it_is_decoded_is_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    monkeypatch.setattr(flow, "WINDOW_FRAMES", 60)
    monkeypatch.setattr(blocks, "BLOCK_FRAMES", 150)
    asked: list[int] = []
    march = flow.FlowDecoder.march

    def watched(*given: Any) -> Any:
        for part in march(*given):
            asked.append(part[0].shape[1])
            yield part

    monkeypatch.setattr(flow.FlowDecoder, "march", watched)
    request = Request(words, kind, sampling=Sampling(seed=7))
    streamed = only(request)
    assert asked == [60] * 6 + [15]
    monkeypatch.delattr(flow.FlowDecoder, "begins")
    plain = only(request)
    np.testing.assert_array_equal(array(streamed.waveform), array(plain.waveform))
    assert streamed.mel is not None and plain.mel is not None and streamed.mel.until is None
    np.testing.assert_array_equal(streamed.mel.mid, plain.mel.mid)


def test_the_bed_is_heard_in_both(tiny: Path) -> None:
    piano = load_pipeline("piano")
    dry, wet = (array(piano(words, Sampling(seed=7))) for words in ("piano, 1 s", "piano with rain, 1 s"))
    assert np.abs(dry - wet).max() > 1e-3


@pytest.mark.parametrize("masked", [False, True])
def test_a_picture_that_is_changed_is_the_same(tiny: Path, masked: bool) -> None:
    before = array(load_pipeline("picture")("a cat", Sampling(seed=2)))
    Picture(before).save(tiny / "before.png")
    mask = np.zeros_like(before)
    mask[:, 100:300, 100:300] = 1
    Picture(mask).save(tiny / "mask.png")
    files: dict[str, Any] = {"init": tiny / "before.png", "mask": tiny / "mask.png" if masked else None}
    sampling = Sampling(seed=5)
    take = only(Request("a fox in oil", "picture", sampling=sampling, strength=0.5, **files))
    changed = load_pipeline("picture")("a fox in oil", sampling, strength=0.5, **files)
    np.testing.assert_array_equal(array(changed), array(take.picture))
    assert np.abs(array(changed) - before).max() > 0.01


def test_the_command_line_writes_these_samples(tiny: Path) -> None:
    from audiogen.cli import main

    assert main(["make", "calm piano, 1 s", "--seed", "7", "--bits", "float", "-o", "a.wav", "-q"]) == 0
    wave = load_pipeline("piano")("calm piano, 1 s", Sampling(seed=7))
    np.testing.assert_array_equal(read_audio(tiny / "a.wav")[0], wave.samples)


@pytest.mark.parametrize(
    ("kind", "words", "structure", "file"),
    [
        ("piano", "piano, 2 s", "score", "a.mid"),
        ("piano", "piano, 2 s", "score", "a.npz"),
        ("piano", "piano, 1 s", "mel", "a.npz"),
        ("ambience", "rain, 2 s", "mel", "a.npz"),
        ("digit", "digit 7 in oil", "pixelcnn", "a.png"),
        ("picture", "a cartoon cat", "sketch", "a.png"),
    ],
)
def test_a_structure_that_went_through_its_file_decodes_to_the_same(
    tiny: Path, kind: str, words: str, structure: str, file: str
) -> None:
    pipeline, sampling = load_pipeline(kind, structure=structure), Sampling(seed=4)
    whole = pipeline(words, sampling)
    pipeline.until("structure")(words, sampling).save(tiny / file)
    kept, _ = load_source(tiny / file)
    asked = Request(words, kind, sampling=sampling, structure=structure)
    known = only(asked).conditioning
    np.testing.assert_array_equal(array(pipeline.since("structure")(kept, sampling, known)), array(whole))
    again = only(Request(source=tiny / file, conditioning=known, sampling=sampling))
    np.testing.assert_array_equal(array(again.waveform or again.picture), array(whole))


def test_an_artifact_is_taken_in_place_of_its_file(tiny: Path) -> None:
    """Python need not write files; the recipe of the result holds the artifact all the same."""
    from audiogen.provenance import request_of

    notes = load_pipeline("piano").until("structure")("piano, 2 s", Sampling(seed=4))
    assert isinstance(notes, Structure)
    take = only(Request(source=notes, sampling=Sampling(seed=4)))
    replay = only(request_of(take.recipe, tiny, tiny))
    np.testing.assert_array_equal(array(replay.waveform), array(take.waveform))
    drawn = load_pipeline("digit").until("structure")("digit 7", Sampling(seed=1))
    assert isinstance(drawn, Contour)
    painted = only(Request("oil", source=drawn, sampling=Sampling(seed=1)))
    assert painted.conditioning.subject == "7" and painted.conditioning.style == "oil"


def test_a_whole_pipeline_starts_from_what_it_is_given(tiny: Path) -> None:
    piano, sampling = load_pipeline("piano"), Sampling(seed=4)
    notes = piano.until("structure")("piano, 1 s", sampling)
    played = piano.since("structure")(notes, sampling)
    np.testing.assert_array_equal(array(piano(notes, sampling)), array(played))


def test_a_stage_from_elsewhere_keeps_its_own_samples(tiny: Path) -> None:
    """Finishing works in place, but only on what audiogen made itself."""

    class Held:
        name, seam, takes, gives = "held", "renderer", Structure, Waveform
        samples = np.full((2, 44_100), 0.1, np.float32) * np.sin(np.arange(44_100) / 16).astype(np.float32)

        def __call__(self, x, conditioning, sampling, progress):
            return Waveform(self.samples)

    before = Held.samples.copy()
    Pipeline(Held())("piano, 1 s")
    np.testing.assert_array_equal(Held.samples, before)
