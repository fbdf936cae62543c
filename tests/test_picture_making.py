"""Pictures from requests: the same stages, seams and seeds as sound, at toy size with random weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiogen import registry
from audiogen.artifacts import Conditioning, Contour, Latents, Picture
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.making import Plan, Request, Take, make, retouch, take, understand
from audiogen.media import png
from audiogen.media.squares import of_squares
from audiogen.pipeline import load_pipeline
from audiogen.provenance import request_of as request_of_recipe
from audiogen.request import EDITS, PAINTING, Retouch
from audiogen.stage import PLAIN, Edit, Sampling

ROUNDING = 0.51 / 255  # of a picture that went through an 8-bit file


def only(request: Request) -> Take:
    (take,) = make(request)
    return take


def pixels(request: Request) -> np.ndarray:
    picture = only(request).picture
    assert picture is not None
    return picture.pixels


def digit(**options) -> Request:
    return Request("watercolor digit 7", sampling=Sampling(seed=1), **options)


def photo(folder: Path, width: int = 96, height: int = 96) -> Path:
    """A smooth colour picture."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    Picture(np.stack([x, y, 1 - x]).astype(np.float32)).save(folder / "photo.png", force=True)
    return folder / "photo.png"


def test_a_digit_comes_with_everything_that_was_made(tiny: Path) -> None:
    take = only(digit())
    assert take.contour is not None and take.contour.pixels.shape == (28, 28)
    assert take.contour.asked is not None and take.contour.asked.subject == "7"
    assert take.latents is not None and take.picture is not None
    assert take.picture.pixels.shape == (3, 512, 512)
    assert np.isfinite(take.picture.pixels).all()
    assert 0 <= take.picture.pixels.min() < take.picture.pixels.max() <= 1
    assert take.waveform is None and take.structure is None


def test_a_picture_begins_with_a_sketch_or_without_a_contour(tiny: Path) -> None:
    plan = understand(Request("a cartoon cat"))
    assert plan.stages == {"structure": "sketch", "decoder": "flow", "renderer": "painter"}
    drawn = only(Request("a cartoon cat", size=384))
    assert drawn.contour is not None and drawn.contour.pixels.shape == (64, 64)
    assert drawn.picture is not None and drawn.picture.size == (384, 384)
    alone = only(Request("a cartoon cat", structure="none"))
    assert alone.contour is not None and alone.contour.is_empty


def test_what_is_left_open_is_as_most_pictures_have_it() -> None:
    usual = understand(Request("a cartoon cat, big eyes")).conditioning
    assert usual.look == "3d" and usual.details == ("big eyes", "face")
    said = understand(Request("an apple in ink")).conditioning
    assert (said.style, said.look, said.details) == ("ink", None, ())


def test_the_same_seed_is_the_same_picture_and_another_is_not(tiny: Path) -> None:
    first, again = pixels(digit()), pixels(digit())
    np.testing.assert_array_equal(first, again)
    other = pixels(dataclasses.replace(digit(), sampling=Sampling(seed=2)))
    assert np.abs(first - other).max() > 0.01


def test_another_decoder_seed_keeps_the_contour(tiny: Path) -> None:
    one, two = (only(Request("digit 7", sampling=Sampling(seed=1, decoder_seed=k))) for k in (5, 6))
    np.testing.assert_array_equal(one.contour.pixels, two.contour.pixels)
    assert np.abs(one.picture.pixels - two.picture.pixels).max() > 0.01


def test_item_k_of_a_batch_is_the_picture_made_alone(tiny: Path) -> None:
    takes = list(make(Request("digit 3", sampling=Sampling(seed=4, n=2))))
    alone = only(Request("digit 3", sampling=Sampling(seed=5)))
    np.testing.assert_array_equal(takes[1].contour.pixels, alone.contour.pixels)
    np.testing.assert_allclose(takes[1].picture.pixels, alone.picture.pixels, atol=1e-2)


@pytest.mark.parametrize(
    "structure", ["pixelcnn", "pixelcnn-64", "dcgan", "wgan-gp", "cgan", "vae", "ddpm", "none"]
)
def test_every_structure_stage_can_lead(tiny: Path, structure: str) -> None:
    take = only(digit(structure=structure))
    assert take.contour is not None and take.contour.is_empty == (structure == "none")
    assert take.recipe["pipeline"].get("structure", "none") == structure


def test_diffusion_decodes_as_well(tiny: Path) -> None:
    assert np.isfinite(pixels(digit(decoder="diffusion"))).all()


def test_a_kept_contour_gives_the_same_picture(tiny: Path) -> None:
    """The seam: structure, edit or not, decode."""
    take = only(digit())
    take.contour.save(tiny / "c.png")
    back = only(Request(source=tiny / "c.png", sampling=Sampling(seed=1)))
    assert back.conditioning.subject == "7" and back.conditioning.style == "watercolor"
    np.testing.assert_array_equal(back.picture.pixels, take.picture.pixels)


def test_words_beside_a_contour_change_only_what_they_name(tiny: Path) -> None:
    only(digit()).contour.save(tiny / "c.png")
    known = understand(Request("oil", source=tiny / "c.png")).conditioning
    assert (known.path, known.subject, known.style) == ("digit", "7", "oil")
    known = understand(Request("a cat, oil", source=tiny / "c.png")).conditioning
    assert (known.path, known.subject) == ("picture", "cat")


@pytest.mark.parametrize("option", [{"style": "oil"}, {"size": 384}])
def test_an_option_of_pictures_asks_for_a_picture(option: dict) -> None:
    assert understand(Request("a cat", **option)).conditioning.path == "picture"
    assert understand(Request("7", **option)).conditioning.path == "digit"
    with pytest.raises(InvalidRequest, match="is for pictures, and this is piano"):
        understand(Request("calm piano", **option))


def test_a_drawing_of_ones_own_needs_no_subject(tiny: Path) -> None:
    ink = np.zeros((200, 300, 3), np.float32)
    ink[50:150, 140:160] = 1
    Picture(1 - ink.transpose(2, 0, 1)).save(tiny / "mine.png")
    plan = understand(Request("watercolor", source=tiny / "mine.png"))
    assert plan.conditioning.style == "watercolor" and plan.conditioning.subject is None
    assert any("turned" in words for words in plan.remarks)
    assert any("300x200" in words for words in plan.remarks)


def test_latents_are_painted_as_they_are(tiny: Path) -> None:
    take = only(digit())
    take.latents.save(tiny / "l.npz")
    back = only(Request("digit 7", source=tiny / "l.npz"))
    np.testing.assert_array_equal(back.picture.pixels, take.picture.pixels)


def test_without_a_decoder_the_contour_is_the_picture(tiny: Path) -> None:
    take = only(digit(decoder="none"))
    assert take.picture.pixels.shape == (3, 512, 512)
    np.testing.assert_array_equal(take.picture.pixels[0], take.contour.enlarged(512).pixels)


def test_steps_are_shown_and_change_nothing(tiny: Path) -> None:
    plain, seen = only(digit()), only(digit(show_steps=True))
    np.testing.assert_array_equal(plain.picture.pixels, seen.picture.pixels)
    assert len(seen.steps) >= 2
    assert all(isinstance(step, Picture) and step.size == (256, 256) for step in seen.steps)


# --- changing a picture


def test_strength_says_how_much_of_a_picture_changes(tiny: Path) -> None:
    def made(strength: float) -> np.ndarray:
        return pixels(
            Request("cat, oil", init=photo(tiny), strength=strength, path="picture", sampling=Sampling(3))
        )

    kept, half, new = made(0.0), made(0.5), made(1.0)
    moved = [np.abs(kept - other).mean() for other in (half, new)]
    assert 0 < moved[0] < moved[1]


def test_a_change_keeps_the_forms_of_what_was_painted_here(tiny: Path) -> None:
    zero = only(Request("digit 0, oil", sampling=Sampling(seed=2)))
    zero.save(tiny / "zero.png")
    assert zero.contour is not None

    def plan(prompt: str, **more: Any) -> Plan:
        return understand(Request(prompt, init=tiny / "zero.png", **more))

    start = plan("digit 0, ink").start
    assert isinstance(start, Contour)
    np.testing.assert_allclose(start.pixels, zero.contour.pixels, atol=ROUNDING)
    assert plan("digit 3, oil").start is None  # another digit is drawn anew
    assert plan("digit 0, oil", structure="vae").start is None
    assert plan("digit 0, oil", structure="none").start is None

    painted = Picture.load(tiny / "zero.png")
    painted.pixels[:, 100:300, 200:400] = 0  # in a program that leaves the recipe where it is
    recipe = png.read_recipe(tiny / "zero.png")
    (tiny / "zero.png").write_bytes(png.png_bytes(painted.pixels, recipe))
    assert plan("digit 0, ink").start.size == 64  # its edges


@pytest.mark.parametrize("structure", [None, "none"])
def test_a_change_is_made_again_from_its_recipe(tiny: Path, structure: str | None) -> None:
    only(Request("digit 0, oil", sampling=Sampling(seed=2))).save(tiny / "zero.png")
    take = only(
        Request("digit 0, ink", init=tiny / "zero.png", structure=structure, sampling=Sampling(seed=3))
    )
    again = only(request_of_recipe(take.recipe, tiny, tiny))
    assert take.picture is not None and again.picture is not None
    np.testing.assert_array_equal(take.picture.pixels, again.picture.pixels)
    assert ("contour" in take.recipe) == (structure is None)


def test_a_change_keeps_the_edges_of_any_other_picture(tiny: Path) -> None:
    pixels = np.ones((3, 128, 128), np.float32)
    pixels[:, 32:96, 32:96] = np.array([0.9, 0.3, 0.1], np.float32)[:, None, None]
    Picture(pixels).save(tiny / "block.png")
    drawn = understand(Request("cat, oil", path="picture", init=tiny / "block.png")).start.pixels
    rows, columns = np.nonzero(drawn > 0.5)
    at_the_rim = [np.minimum(abs(at - 16), abs(at - 47)) <= 1 for at in (rows, columns)]
    assert drawn[14:50, 14:50].sum() == drawn.sum() > 100
    assert (at_the_rim[0] | at_the_rim[1]).all()


def test_outside_the_mask_every_pixel_stays(tiny: Path) -> None:
    file = photo(tiny, 512, 512)
    mask = np.zeros((3, 512, 512), np.float32)
    mask[:, 128:384, 128:384] = 1
    Picture(mask).save(tiny / "mask.png")
    before = Picture.load(file).pixels
    after = pixels(Request("cat, oil", path="picture", init=file, mask=tiny / "mask.png"))
    outside = mask[0] == 0
    np.testing.assert_array_equal(after[:, outside], before[:, outside])
    assert np.abs(after - before)[:, ~outside].mean() > 0.01


def test_only_the_middle_of_an_oblong_picture_is_taken_and_said(tiny: Path) -> None:
    plan = understand(Request("cat", path="picture", init=photo(tiny, 120, 80)))
    assert plan.retouch is not None and plan.retouch.picture.size == (80, 80)
    assert any("120x80" in words for words in plan.remarks)


def test_a_variation_stays_nearer_than_another_seed(tiny: Path) -> None:
    base = pixels(digit())
    varied = pixels(dataclasses.replace(digit(), sampling=Sampling(seed=1, variation=0.2)))
    other = pixels(dataclasses.replace(digit(), sampling=Sampling(seed=2)))
    assert 0 < np.abs(varied - base).mean() < np.abs(other - base).mean()


def test_a_third_painted_anew_is_seen_and_old_recipes_keep_their_way(tiny: Path) -> None:
    """Without its number a recipe is of the first way of changing pictures, which changed little."""
    base = pixels(digit())
    varied = dataclasses.replace(digit(), sampling=Sampling(seed=1, variation=0.3))
    made = only(varied)
    old = dataclasses.replace(varied, edits=1)
    assert np.abs(made.picture.pixels - base).mean() > 1.5 * np.abs(pixels(old) - base).mean()
    recipe = made.recipe
    assert request_of_recipe(recipe, tiny, tiny).edits == recipe["edits"] == EDITS
    del recipe["edits"]
    np.testing.assert_array_equal(pixels(request_of_recipe(recipe, tiny, tiny)), pixels(old))
    with pytest.raises(InvalidRequest, match="edits must be 1"):
        request_of_recipe(recipe | {"edits": EDITS + 1}, tiny, tiny)


def test_old_and_new_go_over_into_each_other_within_the_mask(tiny: Path) -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[:, 32:] = 1
    white = Picture(np.ones((3, 64, 64), np.float32))
    soft, hard = (Retouch(white, 1.0, mask, soft=soft) for soft in (True, False))
    row = retouch.coarse(soft, (16, 16))[8]
    assert (row[:8] == 0).all() and (row[8:] > 0).all() and row[-1] == 1 and (np.diff(row[8:]) >= 0).all()
    np.testing.assert_array_equal(np.unique(retouch.coarse(hard, (16, 16))), [0, 1])
    black = np.zeros((3, 512, 512), np.float32)
    steps = {touch.soft: np.abs(np.diff(retouch.kept(touch, black)[0, 256])).max() for touch in (soft, hard)}
    assert steps[True] < 0.05 < steps[False]
    assert (retouch.kept(soft, black)[..., :256] == 1).all()


def test_a_pixel_picture_is_painted_flat_and_made_of_squares(tiny: Path) -> None:
    request = Request("a pixel cat", sampling=Sampling(seed=1), watermark=False, painting=1)
    made = only(request)
    whole = made.picture.pixels.reshape(3, 64, 8, 64, 8)
    np.testing.assert_array_equal(whole, np.broadcast_to(whole[:, :, :1, :, :1], whole.shape))
    colours = np.unique(made.picture.pixels.reshape(3, -1), axis=1)
    assert 1 < colours.shape[1] <= 16
    assert made.conditioning.look == made.recipe["conditioning"]["look"] == "pixel"
    flat = pixels(dataclasses.replace(request, prompt="a flat cat"))
    np.testing.assert_array_equal(of_squares(flat), made.picture.pixels)
    assert len(np.unique(pixels(dataclasses.replace(request, edits=1)))) > 1000  # as it was painted before


def test_a_background_lies_behind_the_figure_and_the_seed_makes_it_again(tiny: Path) -> None:
    request = Request("a cartoon cat", sampling=Sampling(seed=1), watermark=False)
    bare = pixels(request)
    blue = dataclasses.replace(request, prompt="a cartoon cat, blue background")
    made = only(blue)
    assert made.conditioning.background == ("blue",) == tuple(made.recipe["conditioning"]["background"])
    assert np.abs(made.picture.pixels - bare).max() > 0.2
    np.testing.assert_array_equal(pixels(blue), made.picture.pixels)


def test_pictures_of_before_are_painted_as_before(tiny: Path) -> None:
    request = Request("an oil painting of a cat", sampling=Sampling(seed=1), watermark=False)
    assert only(request).recipe["painting"] == PAINTING
    before = only(dataclasses.replace(request, painting=1))
    assert before.recipe["painting"] == 1
    old = {name: row for name, row in before.recipe.items() if name != "painting"}
    np.testing.assert_array_equal(
        only(request_of_recipe(old, tiny, tiny)).picture.pixels, before.picture.pixels
    )
    with pytest.raises(InvalidRequest, match="painting must be"):
        Request("a cat", painting=PAINTING + 1)


def test_variations_differ_by_their_own_seed(tiny: Path) -> None:
    one, two = (t.picture for t in make(Request("digit 7", sampling=Sampling(1, variation=0.5, n=2))))
    assert np.abs(one.pixels - two.pixels).max() > 1e-3


def test_the_decoder_hears_the_mask_wherever_it_touches_a_place(tiny: Path) -> None:
    seen: list[Edit | None] = []
    plan = understand(Request("cat", path="picture", init=photo(tiny, 64, 64), mask=corner(tiny)))
    plan.load()
    decoder = plan.parts[0]

    class Watched:
        name, seam, takes, gives = "watched", "decoder", Contour, Latents
        editable = True

        def __call__(self, x, conditioning, sampling, progress, options=PLAIN) -> Latents:
            seen.append(options.edit)
            return decoder(x, conditioning, sampling, progress, options)

    take(dataclasses.replace(plan, given=(Watched(), plan.parts[1])), Sampling())
    (edit,) = seen
    assert edit is not None and edit.strength == 1.0 and edit.mask is not None
    assert edit.mask.shape == (8, 8)
    assert edit.mask[0, 0] == 1 and edit.mask[1:, 1:].sum() == 0


def corner(folder: Path) -> Path:
    """A mask of 64x64 that marks a part of the first place only."""
    mask = np.zeros((3, 64, 64), np.float32)
    mask[:, :4, :4] = 1
    Picture(mask).save(folder / "corner.png")
    return folder / "corner.png"


# --- what does not go together


def request_of(folder: Path, name: str) -> Request:
    """A request that is wrong in one way."""
    contour, init = folder / "c.png", photo(folder)
    Contour(np.eye(28, dtype=np.float32)).save(contour, force=True)
    Picture(np.zeros((3, 96, 96), np.float32)).save(folder / "black.png", force=True)
    Picture(np.ones((3, 50, 96), np.float32)).save(folder / "small.png", force=True)
    (folder / "x.wav").write_bytes(b"RIFF")
    return {
        "seconds": lambda: digit(seconds=3.0),
        "loudness": lambda: digit(loudness=-20.0),
        "rate": lambda: digit(rate=48_000),
        "loop": lambda: Request("digit 7", sampling=Sampling(loop=True)),
        "size": lambda: digit(size=100),
        "style": lambda: digit(style="cubist"),
        "no digit": lambda: Request("a watercolor digit"),
        "no subject": lambda: Request("a picture"),
        "score": lambda: digit(structure="score"),
        "pixelcnn for a cat": lambda: Request("a cartoon cat", structure="pixelcnn"),
        "scheduler": lambda: Request("digit 7", sampling=Sampling(scheduler="ddim")),
        "wav": lambda: digit(source=folder / "x.wav"),
        "sound": lambda: Request("digit 7", source=midi(folder)),
        "contour for piano": lambda: Request("calm piano", source=contour),
        "style for piano": lambda: Request("calm piano", style="oil"),
        "init for rain": lambda: Request("heavy rain", init=init),
        "strength": lambda: digit(init=init, strength=1.5),
        "strength alone": lambda: digit(strength=0.5),
        "mask alone": lambda: digit(mask=init),
        "black mask": lambda: digit(init=init, mask=folder / "black.png"),
        "small mask": lambda: digit(init=init, mask=folder / "small.png"),
        "nothing paints": lambda: Request("a cartoon cat", structure="none", decoder="none"),
        "nothing to paint": lambda: Request("", source=contour, decoder="none"),
        "init without decoder": lambda: digit(init=init, decoder="none"),
        "variation without decoder": lambda: Request(
            "digit 7", decoder="none", sampling=Sampling(variation=0.5)
        ),
    }[name]()


def midi(folder: Path) -> Path:
    from audiogen.artifacts import Notes, Structure

    Structure(1.0, Notes.from_rows(np.array([[60, 0, 0.5, 80]]))).save(folder / "x.mid", force=True)
    return folder / "x.mid"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("seconds", "--seconds is for sound"),
        ("loudness", "--loudness is for sound"),
        ("rate", "--rate is for sound"),
        ("loop", "--loop is for sound"),
        ("size", "384x384 or 512x512 pixels, not 100"),
        ("style", "no style 'cubist'.*watercolor, oil, pencil, ink"),
        ("no digit", "Which digit"),
        ("no subject", "says what to draw.*cat, dog"),
        ("score", "score does not make digit; for digit there are pixelcnn"),
        ("pixelcnn for a cat", "pixelcnn does not make picture"),
        ("scheduler", "flow has no scheduler 'ddim'"),
        ("wav", "Cannot start from 'x.wav'.*finished sound, not a structure"),
        ("sound", "x.mid holds sound, and a picture follows a drawing"),
        ("contour for piano", "c.png is a drawing, and piano follows notes"),
        ("style for piano", "--style is for pictures"),
        ("init for rain", "--init is for pictures"),
        ("strength", "strength must be 0 .. 1, not 1.5"),
        ("strength alone", "--strength.*--init FILE"),
        ("mask alone", "--mask.*--init FILE"),
        ("black mask", "marks nothing; paint white"),
        ("small mask", "96x50 pixels and the picture 96x96"),
        ("nothing paints", "Without a decoder nothing paints a picture"),
        ("nothing to paint", "Without a decoder"),
        ("init without decoder", "--init is for a decoder"),
        ("variation without decoder", "--variation is for a decoder"),
    ],
)
def test_what_does_not_go_together_is_said_in_one_line(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        understand(request_of(tmp_path, name))
    assert "\n" not in str(caught.value)


def test_a_stage_that_hears_nothing_says_so() -> None:
    plan = understand(digit(structure="dcgan"))
    assert any("draws any digit; it is not given the 7" in words for words in plan.remarks)
    assert understand(Request("a watercolor digit", structure="dcgan")).remarks == ()


def test_weights_that_are_not_there_are_named_with_what_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", tmp_path)
    monkeypatch.setitem(registry.UNSHIPPED, "picture-flow", "train them with recipes/picture-flow.yaml")
    with pytest.raises(MissingModel, match="'picture-flow' are not shipped yet: train them"):
        registry.load_stage("flow", "picture")


def test_a_pipeline_of_pictures_runs_from_python(tiny: Path) -> None:
    digits = load_pipeline("digit")
    picture = digits("oil digit 3", Sampling(seed=2))
    assert isinstance(picture, Picture)
    contour = digits.until("structure")("digit 3", Sampling(seed=2))
    assert isinstance(contour, Contour) and contour.asked == Conditioning(
        "digit 3", "digit", subject="3", size=512
    )
    painted = digits.since("structure")(contour, Sampling(seed=2), "oil")
    np.testing.assert_allclose(painted.pixels, picture.pixels, atol=1e-2)
    assert isinstance(load_pipeline("picture")("a cartoon cat"), Picture)
