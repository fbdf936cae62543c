"""Judges of the user's: CLIP against torchmetrics, CLAP against transformers, masks, what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.compat import import_transformers
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.hub import finding
from audiogen.hub.judges import Clap, Clip, Features, Words, cut_by
from tests.hub import toy_judges

Judge = Callable[[str], str]
RATE = 48_000
SAME = 1e-5  # two ways of the same float32 sums


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """judge("clip") -> the folder of that toy of `toy_judges.py`."""
    root = tmp_path_factory.mktemp("judges")

    def folder(name: str) -> str:
        if not (root / name).exists():
            getattr(toy_judges, f"write_{name}")(root / name)
        return str(root / name)

    return folder


@pytest.fixture
def pictures() -> list[np.ndarray]:
    levels = np.random.default_rng(0).integers(0, 256, (3, 3, 48, 40))
    return list(levels.astype(np.float32) / 255)


def sound(seconds: float, rate: int = RATE, channels: int = 2, hertz: float = 440.0) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    swell = np.sin(2 * np.pi * hertz * t) * np.linspace(0.1, 1, len(t))
    return np.tile(swell, (channels, 1)).astype(np.float32)


WORDS = ["a red fox", "rain at night", "x" * 90]  # the last is longer than the encoder reads


def test_the_clip_score_is_that_of_torchmetrics(judge: Judge, pictures: list[np.ndarray]) -> None:
    from torchmetrics.functional.multimodal import clip_score

    transformers = import_transformers()
    folder = judge("clip")
    model = transformers.CLIPModel.from_pretrained(folder)
    for name in ("get_image_features", "get_text_features"):  # torchmetrics expects tensors of them
        whole = getattr(model, name)
        setattr(model, name, lambda *given, whole=whole: whole(*given).pooler_output)
    processor = transformers.CLIPProcessor.from_pretrained(folder)
    levels = [torch.from_numpy((255 * p).round().astype(np.uint8)) for p in pictures[:2]]
    ours = Clip(folder).cosines(pictures[:2], WORDS[:2])
    for image, words, cosine in zip(levels, WORDS, ours, strict=False):
        wanted = clip_score(image, words, model_name_or_path=lambda: (model, processor))
        assert 100 * max(cosine, 0) == pytest.approx(float(wanted), abs=100 * SAME)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_any_clip_gives_the_cosines_of_its_own_logits(
    judge: Judge, pictures: list[np.ndarray], kind: str
) -> None:
    transformers = import_transformers()
    folder = judge(kind)
    judging = Clip(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    padding = "max_length" if kind == "siglip" else True
    given = judging.processor.tokenizer(WORDS[:2], padding=padding, return_tensors="pt")
    seen = judging.processor.image_processor(
        [p.transpose(1, 2, 0) for p in pictures], do_rescale=False, return_tensors="pt"
    )
    with torch.no_grad():
        out = model(**given, **seen)
    wanted = torch.nn.functional.normalize(out.image_embeds, dim=-1).numpy()
    np.testing.assert_allclose(judging.pictures(pictures), wanted, atol=0.02)  # levels of 8 bits
    words = torch.nn.functional.normalize(out.text_embeds, dim=-1).numpy()
    np.testing.assert_allclose(judging.sentences(WORDS[:2]), words, atol=SAME)
    assert judging.sentences(WORDS).shape == (3, words.shape[1]), "a long sentence is cut"


def test_many_in_batches_are_as_each_alone(judge: Judge, pictures: list[np.ndarray]) -> None:
    judging = Clip(judge("clip"))
    many = pictures * 4
    whole = judging.pictures(many)
    np.testing.assert_allclose(whole[9:12], judging.pictures(pictures), atol=SAME)
    np.testing.assert_allclose(whole, np.concatenate([judging.pictures([p]) for p in many]), atol=SAME)


@pytest.mark.parametrize("fused", [False, True])
def test_the_clap_score_is_the_cosine_of_transformers(judge: Judge, tmp_path: Path, fused: bool) -> None:
    transformers = import_transformers()
    folder = tmp_path / "clap"
    toy_judges.write_clap(folder, fused)
    model = transformers.ClapModel.from_pretrained(folder).eval()
    processor = transformers.ClapProcessor.from_pretrained(folder)
    samples = sound(toy_judges.SECONDS)
    given = processor(text=[WORDS[0]], audio=samples.mean(0), sampling_rate=RATE, return_tensors="pt")
    given["is_longer"] = torch.zeros(1, 1, dtype=torch.bool)
    with torch.no_grad():
        wanted = float(model(**given).logits_per_audio / model.logit_scale_a.exp())
    assert Clap(str(folder)).cosine(samples, RATE, WORDS[0]) == pytest.approx(wanted, abs=SAME)


def test_sounds_of_another_rate_are_brought_to_48_khz(judge: Judge) -> None:
    judging = Clap(judge("clap"))
    at_44, at_48 = (judging.windows(sound(2, rate), rate)[0] for rate in (44_100, RATE))
    assert at_44 @ at_48 > 1 - 1e-3
    assert judging.windows(sound(2, hertz=2000), RATE)[0] @ at_48 < 1 - 1e-3


def test_a_long_sound_is_heard_in_windows_that_cover_it_the_same_every_time(judge: Judge) -> None:
    judging = Clap(judge("clap"))
    long = sound(5)
    rows = judging.windows(long, RATE)
    starts = np.linspace(0, 3 * RATE, 3).astype(int)
    alone = np.concatenate([judging.windows(long[:, k : k + 2 * RATE], RATE) for k in starts])
    np.testing.assert_allclose(rows, alone, atol=SAME)
    np.testing.assert_array_equal(rows, judging.windows(long, RATE))
    score = judging.cosine(long, RATE, WORDS[0])
    assert score == pytest.approx(float((rows @ judging.sentences(WORDS[:1])[0]).mean()))
    assert len(judging.windows(sound(0.5), RATE)) == 1


def test_an_encoder_of_pictures_gives_what_its_own_class_gives(
    judge: Judge, pictures: list[np.ndarray]
) -> None:
    transformers = import_transformers()
    judging = Features(judge("dino"))
    model = transformers.Dinov2Model.from_pretrained(judge("dino")).eval()
    seen = transformers.AutoImageProcessor.from_pretrained(judge("dino"))(
        images=[torch.from_numpy((255 * p).astype(np.uint8)) for p in pictures], return_tensors="pt"
    )
    with torch.no_grad():
        wanted = torch.nn.functional.normalize(model(**seen).pooler_output, dim=-1)
    np.testing.assert_allclose(judging.pictures(pictures), wanted.numpy(), atol=1e-4)
    assert Features(judge("clip")).pictures(pictures).shape == (3, 8), "a CLIP is one as well"


@pytest.mark.parametrize("name", ["clipseg", "segmenter"])
def test_a_mask_model_says_where_the_hero_is(judge: Judge, pictures: list[np.ndarray], name: str) -> None:
    masks = cut_by(judge(name))(pictures, "a fox")
    for picture, mask in zip(pictures, masks, strict=True):
        assert mask.shape == picture.shape[1:] and mask.dtype == np.float32
        assert mask.min() >= 0 and 0 < mask.max() <= 1


def test_the_mask_is_that_of_what_is_no_background(
    judge: Judge, pictures: list[np.ndarray], tmp_path: Path
) -> None:
    """The last layer is set by hand: all of a picture is the animal, or all is background."""
    transformers = import_transformers()
    for winner, wanted in ((1, 1.0), (0, 1.0)):  # where nobody is seen, the whole picture is compared
        model = transformers.SegformerForSemanticSegmentation.from_pretrained(judge("segmenter"))
        model.decode_head.classifier.weight.data.zero_()
        model.decode_head.classifier.bias.data = torch.tensor([5.0 * (1 - winner), 5.0 * winner])
        model.save_pretrained(tmp_path / str(winner))
        transformers.SegformerImageProcessor(size={"height": 32, "width": 32}).save_pretrained(
            tmp_path / str(winner)
        )
        (mask,) = cut_by(str(tmp_path / str(winner)))(pictures[:1], "a fox")
        assert (mask == wanted).all()


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (Clip, "clap", "is a CLAP, and pictures are compared here; give a CLIP"),
        (Clap, "clip", "is a CLIP, and sounds are compared here; give a CLAP"),
        (Clip, "dino", "compares no words with them"),
    ],
)
def test_another_kind_of_model_is_refused(judge: Judge, kind: type[Words], name: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        kind(judge(name))


def test_nothing_there_and_damaged_weights_are_one_line(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    for source in (str(tmp_path / "nowhere"), "nobody/nothing"):
        if "/" in source and not os.path.isabs(source):
            monkeypatch.setenv("HF_HUB_OFFLINE", "1")
            monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        with pytest.raises(MissingModel) as caught:
            Clip(source)
        assert "\n" not in str(caught.value)
    broken = tmp_path / "broken"
    shutil.copytree(judge("clip"), broken)
    (broken / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(MissingModel, match="is damaged"):
        Clip(str(broken))
    assert finding.compares(judge("segmenter")) is None
