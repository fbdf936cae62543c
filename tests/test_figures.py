"""Figures bent to a sketch, from two made here: a fox's head with two eyes, white or orange, and a pizza."""

from __future__ import annotations

import dataclasses
import itertools
import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.ndimage import label

from audiogen.artifacts import Conditioning, Contour, Latents
from audiogen.errors import MissingModel
from audiogen.making import bending, engine
from audiogen.making.figures import Figures, _cut
from audiogen.making.layouts import ColourLayouts
from audiogen.making.parts import Figure, composed
from audiogen.making.understanding import understand
from audiogen.media.colour import COLOURS, rgb_to_lab
from audiogen.media.painting import OWN
from audiogen.media.painting.body import rooted
from audiogen.media.painting.forms import Form, fluffy
from audiogen.media.painting.mediums import MEDIUMS, Laid, painted
from audiogen.media.painting.textures import SIZE
from audiogen.request import LAID_IN, PAINTING, Request, Take
from audiogen.stage import Sampling
from tests.test_layouts import LAYOUTS

SIDE = 64
ORANGE, WHITE, BLACK, YELLOW = (240, 120, 30), (250, 250, 250), (10, 10, 10), (250, 210, 60)
EYES = ((0.4, 0.3, 0.05), (0.4, 0.7, 0.05))


def disc(eyes: tuple[tuple[float, float, float], ...] = ()) -> np.ndarray:
    """A map: a disc of the first colour, eyes of the second."""
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    labels = (np.hypot(y - 0.5, x - 0.5) < 0.5).astype(np.uint8)
    for top, left, radius in eyes:
        labels[np.hypot(y - top, x - left) < radius] = 2
    return labels


def figures(*rows: tuple[str, str, np.ndarray, tuple]) -> Figures:
    """Of rows of subject, main colour, map, RGB of its colours."""
    maps = [zlib.compress(row[2].tobytes()) for row in rows]
    subjects = tuple(sorted({row[0] for row in rows}))
    return Figures(
        side=SIDE,
        subjects=subjects,
        of=np.array([subjects.index(row[0]) for row in rows]),
        main=tuple(row[1] for row in rows),
        details=((),) * len(rows),
        eyes=tuple(EYES if row[2].max() > 1 else () for row in rows),
        turns=(True,) * len(rows),
        colours=np.array([row[3] for row in rows], np.uint8),
        packed=np.frombuffer(b"".join(maps), np.uint8),
        starts=np.cumsum([0, *map(len, maps)]),
        after=tuple(f"set/{k} (a hand; MIT; https://example.org)" for k in range(len(rows))),
        shaded=((),) * len(rows),
        source={"name": "made here"},
    )


FOX = ("fox", "orange", disc(EYES), (ORANGE, BLACK))
PIZZA = ("pizza", "yellow", disc(), (YELLOW, WHITE))
KNOWN = figures(FOX, PIZZA)


def asked(subject: str, *details: str, count: int | None = None) -> Conditioning:
    return Conditioning(path="picture", subject=subject, details=details, count=count)


def form(*said: str, sketch: Contour | None = None, seed: int = 0, count: int | None = None) -> Form:
    found = KNOWN.form(sketch or Contour.empty(), asked(*said, count=count), seed)
    assert found is not None
    return found


def oval(height: float, width: float) -> Contour:
    """The outline of an oval in the middle of 64x64."""
    y, x = np.mgrid[:64, :64] - 31.5
    return Contour((np.abs(np.hypot(y / height, x / width) - 1) < 0.07).astype(np.float32))


def slender(found: Form) -> float:
    rows, columns = found.figure.any(1).sum(), found.figure.any(0).sum()
    return float(columns / rows)


def test_without_a_sketch_it_lies_in_the_middle_in_its_own_colours() -> None:
    found = form("pizza")
    middle = rgb_to_lab(found.colours[256, 256])
    np.testing.assert_allclose(middle, rgb_to_lab(np.array(YELLOW) / 255), atol=14)  # a little otherwise
    assert 0.4 < found.figure.mean() < 0.65 and not found.figure[:8].any()


def test_it_is_as_wide_as_the_sketch_within_limits() -> None:
    assert slender(form("fox", sketch=oval(14, 26))) > 1.15
    assert slender(form("fox", sketch=oval(26, 14))) < 0.87
    assert 0.7 < slender(form("fox", sketch=oval(29, 4))) < 1


def test_it_is_bent_to_the_sketch() -> None:
    y, x = np.abs(np.mgrid[:64, :64] - 31.5)
    edge = np.maximum(y, x)
    square = Contour(((edge > 21) & (edge < 24)).astype(np.float32))
    filled = [form("pizza", sketch=each).figure for each in (oval(23, 23), square)]
    share = [each.sum() / (each.any(1).sum() * each.any(0).sum()) for each in filled]
    assert share[1] > share[0] + 0.03  # of its box


def test_a_seed_is_a_form_and_another_seed_another() -> None:
    one, same, other = (form("fox", seed=seed).labels for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.01


def test_it_has_proportions_of_its_own_in_the_same_room() -> None:
    alike = {}
    for way in (OWN, OWN - 1):
        made = [KNOWN.form(Contour.empty(), asked("fox"), seed, way=way).figure for seed in range(5)]
        alike[way] = np.mean([bending.overlap(one, made[0]) for one in made[1:]])
        assert all(0.7 < max(bending.box_of(one)[2:]) < 0.97 for one in made)
    assert alike[OWN] < alike[OWN - 1] - 0.015


def test_its_outline_lies_between_those_of_two_figures() -> None:
    square = np.zeros((SIDE, SIDE), np.uint8)
    square[1:-1, 1:-1] = 1
    both = figures(("pizza", "yellow", disc(), (YELLOW,)), ("pizza", "yellow", square, (YELLOW,)))
    filled = []
    for seed in range(4):
        found = both.form(Contour.empty(), asked("pizza"), seed).figure
        filled.append(found.sum() / (found.any(1).sum() * found.any(0).sum()))
    assert all(np.pi / 4 - 0.06 < share < 0.98 for share in filled) and np.ptp(filled) > 0.03


def test_parts_of_one_figure_are_set_into_the_outline_of_another() -> None:
    lab = np.array([[80, 0, 60], [10, 0, 0]], np.float32)
    flat = np.zeros((SIDE, SIDE), int)
    flat[16:-16, 2:-2] = 1
    face = Figure(disc(EYES).astype(int), lab, EYES)
    assert [part.label for part in face.parts()] == [2, 2]
    made = composed(Figure(flat, lab[:1], EYES), face)
    assert made is not None and made.lab.shape == (3, 3)
    np.testing.assert_array_equal(made.inside, flat > 0)
    assert (made.labels == 3).sum() > 20 and len(made.eyes) == 2
    assert all(made.labels[int(y * SIDE), int(x * SIDE)] == 3 for y, x, _ in made.eyes)
    assert len(replace(face, eyes=EYES[:1]).with_both_eyes().eyes) == 2
    looking = replace(face, eyes=((0.8, 0.3, 0.05),))
    assert composed(replace(looking, labels=flat), face) is None, "it looks elsewhere"
    assert composed(face, Figure(flat, lab[:1])) is None, "it has no parts"
    assert composed(Figure(flat, lab[1:], EYES), face) is None, "black eyes on black"
    assert composed(Figure(flat, lab[:1]), face) is None, "nothing says where its eyes are"


def test_the_illustrations_that_it_is_after_are_named() -> None:
    assert form("pizza").after == ("set/1 (a hand; MIT; https://example.org)",)
    assert fluffy(form("fox"), np.random.default_rng(0))[0].after == form("fox").after


def test_a_varied_form_stays_where_it_is_and_moves_as_much_as_is_asked() -> None:
    plain = KNOWN.form(Contour.empty(), asked("fox"), 1)
    moved = [KNOWN.form(Contour.empty(), asked("fox"), 1, share, 5) for share in (0.2, 0.8)]
    assert plain is not None and all(each is not None for each in moved)
    apart = [(each.labels != plain.labels).mean() for each in moved if each is not None]
    assert 0 < apart[0] < apart[1] < 0.2


def test_eyes_are_where_the_map_has_them_and_big_ones_are_bigger() -> None:
    plain, large = form("fox", seed=4), form("fox", "big eyes", seed=4)
    for found in (plain, large):
        for y, x, _ in found.eyes:
            assert found.labels[int(y), int(x)] == 2
    assert (large.labels == 2).sum() > 2 * (plain.labels == 2).sum()


def test_an_asked_colour_takes_the_place_of_the_main_one_and_eyes_stay_to_be_seen() -> None:
    black = form("fox", "black")
    np.testing.assert_allclose(black.lab[1], COLOURS["black"], atol=1)
    assert black.lab[2, 0] > 70
    np.testing.assert_allclose(form("fox", "blue").lab[1], COLOURS["blue"], atol=1)


def test_eyes_take_the_colour_that_is_asked_for_and_the_rest_stays_as_it_is() -> None:
    plain, green = form("fox"), form("fox", "green eyes")
    assert len(green.eyes) == 2
    for y, x, radius in green.eyes:
        assert np.all(green.lab[green.labels[int(y), int(x)]] == COLOURS["green"])
        assert radius > plain.eyes[0][2]
    np.testing.assert_array_equal(green.lab[:3], plain.lab)
    made = painted(
        Laid(green.colours, green.figure, green.middles, form=green), None, np.random.default_rng(0)
    )
    y, x, radius = green.eyes[0]
    iris = made[int(y + 0.8 * radius), int(x)]
    assert iris[1] > 1.2 * max(iris[0], iris[2]) and made[int(y), int(x)].max() < 0.3, "and a pupil"


def test_a_disc_stays_round_where_a_figure_is_pressed_flat() -> None:
    at = (np.mgrid[:96, :96] + 0.5) / 96
    at[0] = 0.5 + (at[0] - 0.5) * 1.6
    for places, low, high in ((at, 1.4, 1.8), (bending.rounded(at, (0.5, 0.5), 0.15, 0.5), 0.9, 1.15)):
        disc = np.hypot(places[0] - 0.5, places[1] - 0.5) < 0.15
        assert low < disc.any(0).sum() / disc.any(1).sum() < high
    np.testing.assert_array_equal(places[:, 0], at[:, 0])


def test_slivers_of_paper_along_the_rim_are_no_part_of_a_figure() -> None:
    lab = np.array([[60, 0, 60], [98, 0, 0]], np.float32)
    labels = np.zeros((SIDE, SIDE), int)
    labels[10:-10, 10:-10], labels[12:-12, 10:12], labels[20:40, 20:40] = 1, 2, 2
    made = Figure(labels, lab).trimmed()
    assert not made.labels[12:-12, 10:12].any() and (made.labels[20:40, 20:40] == 2).all()


@pytest.mark.parametrize("count", [2, 5, 7, 9])
def test_so_many_are_seen_as_are_asked_for(count: int) -> None:
    found = form("fox", count=count)
    assert label(found.figure)[1] == count and len(found.eyes) == 2 * count
    assert not found.figure[:, [0, -1]].any()


def test_nothing_is_known_of_other_subjects() -> None:
    assert KNOWN.form(Contour.empty(), asked("volcano"), 0) is None


def test_colours_that_are_alike_run_into_one_another_without_a_line() -> None:
    labels = np.zeros((SIZE, SIZE), int)
    labels[100:400, 100:250], labels[100:400, 250:400] = 1, 2
    for away, lined in ((8.0, False), (60.0, True)):
        lab = np.array([[100, 0, 0], [50, 0, 0], [50, away, 0]], np.float32)
        made = Form(labels, lab)
        assert (made.middles[250, 250] > 0.4) == lined
        assert made.middles[250, 100] > 0.4  # the outline is always drawn
        step = np.abs(made.colours[250, 249] - made.colours[250, 250]).max()
        assert (step > 0.1) == lined
    shaded = Form(labels, lab, shaded=((1, 2),))
    assert shaded.middles[250, 250] < 0.1 and np.ptp(shaded.colours[250, 235:265], 0).max() > 0.2
    assert np.abs(np.diff(shaded.colours[250, 110:390], axis=0)).max() < 0.05, "no band"


def test_fur_is_of_fine_hairs_that_have_their_light_from_where_they_grow() -> None:
    smooth = form("fox")
    fine, coarse = (
        fluffy(dataclasses.replace(smooth, way=way), np.random.default_rng(0))[0] for way in (6, OWN)
    )

    def rim(figure: np.ndarray) -> int:
        return int((figure != np.roll(figure, 1, 0)).sum() + (figure != np.roll(figure, 1, 1)).sum())

    assert rim(fine.figure) > 1.3 * rim(coarse.figure) > 1.3 * rim(smooth.figure)
    assert fine.middles.max() > 0.5 > dataclasses.replace(fine, rimmed=False).middles[~smooth.figure].max()
    plain = np.ones((SIZE, SIZE, 3), np.float32)
    laid = Laid(plain, fine.figure, np.zeros((SIZE, SIZE), np.float32), form=fine, bald=smooth)
    beyond, away = (
        fine.figure & ~smooth.figure,
        np.abs(laid.body.light - laid.body.light[rooted(smooth.figure)]),
    )
    assert away[beyond].max() < 0.2 < np.ptp(laid.body.light[beyond])


def test_fur_goes_beyond_the_outline_and_spares_the_eyes() -> None:
    smooth = form("fox")
    furry, hair = fluffy(smooth, np.random.default_rng(0))
    assert (furry.figure & ~smooth.figure).sum() > 2000
    assert (furry.labels == smooth.labels)[smooth.figure].all()
    y, x, radius = smooth.eyes[0]
    near = hair[int(y - radius) : int(y + radius), int(x - radius) : int(x + radius)]
    assert not near.any() and np.abs(hair).max() > 0.5


def test_whiskers_grow_no_fur() -> None:
    labels = np.zeros((SIZE, SIZE), int)
    labels[150:360, 150:360], labels[250:256, 360:430] = 1, 2
    face = Form(labels, np.array([[100, 0, 0], [70, 10, 60], [40, 0, 0]], np.float32))
    grown = {}
    for way in (6, 7):
        furry, hair = fluffy(dataclasses.replace(face, way=way), np.random.default_rng(0))
        grown[way] = int(((furry.labels == 2) & ~face.figure).sum()), float(np.abs(hair[labels == 2]).mean())
    assert grown[6][0] > 500 and grown[6][1] > 0
    assert grown[7] == (0, 0.0)


@pytest.mark.parametrize("style", [None, *MEDIUMS])
def test_eyes_are_dark_with_a_gleam_in_every_medium(style: str | None) -> None:
    found = form("fox", "white", seed=3)
    made = painted(
        Laid(found.colours, found.figure, found.middles, form=found), style, np.random.default_rng(0)
    )
    for y, x, radius in found.eyes:
        around = made[int(y - radius) : int(y + radius) + 1, int(x - radius) : int(x + radius) + 1].mean(-1)
        assert np.median(around) < 0.4 and around.max() > 0.85
    assert made[256, 256].mean() > 0.55  # its white face


def test_things_keep_straight_edges_and_discs_keep_round() -> None:
    at = np.asarray(np.mgrid[:256, :256] + 0.5) / 256
    bent = at + 0.03 * np.sin(6 * at[::-1])
    y, x = np.mgrid[:64, :64] - 31.5
    inside = np.hypot(y, x) < 24
    for round_ in (False, True):
        made = bending.straightened(bent, inside, round_)
        ends = made[:, 40, [20, 120, 220]].T  # three points on a line
        area = abs(np.linalg.det(np.stack([ends[1] - ends[0], ends[2] - ends[0]])))
        assert area < 1e-6 and np.abs(made - bent)[:, 64:192, 64:192].max() < 0.05
    steps = [np.hypot(*(made[:, 128, 128] - made[:, 128 + dy, 128 + dx])) for dy, dx in ((64, 0), (0, 64))]
    assert np.isclose(*steps)
    lab = np.array([[60, 50, 30]], np.float32)
    assert Figure(inside.astype(int), lab).is_round
    assert not Figure((np.maximum(abs(y), abs(x)) < 20).astype(int), lab).is_round


def test_what_has_straight_edges_is_not_cut_by_the_frame() -> None:
    at = (np.asarray(np.mgrid[:256, :256]) + 0.5) / 256
    y, x = np.mgrid[:64, :64] - 31.5
    inside = np.hypot(y, x) < 31.9
    assert _cut(inside, bending.straightened(at, inside)) and not _cut(inside, at[:, :, :40] + 1)
    assert not _cut(inside, bending.straightened(at, inside, wider=1.06))


def test_edges_are_more_even_than_the_map_and_thin_parts_stay() -> None:
    y, x = np.mgrid[:64, :64] - 31.7
    labels = (np.hypot(y, x) < 22).astype(int)
    labels[30:33, 50:62] = 1  # a whisker
    at = np.asarray(np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    strays = []
    for draw in (bending.enlarged, bending.outlined):
        made = draw(labels, at) > 0
        assert made[:, 460].any()
        rows, columns = np.nonzero(made[:, :256] & ~np.roll(made, 1, 1)[:, :256])
        strays.append(np.hypot(rows - 257, columns - 257)[8:-8].std())
    assert strays[1] < 0.8 * strays[0]


@pytest.fixture
def led(tiny, monkeypatch: pytest.MonkeyPatch) -> Request:
    monkeypatch.setattr(Figures, "load", classmethod(lambda cls: KNOWN))
    monkeypatch.setattr(ColourLayouts, "load", classmethod(lambda cls: LAYOUTS))
    return Request("a fox in watercolor", "picture", sampling=Sampling(seed=1), watermark=False)


def only(request: Request) -> Take:
    plan = understand(request)
    for stage in plan.parts:
        if stage.seam == "decoder":
            stage.config = dataclasses.replace(stage.config, layouts={LAID_IN: 0.5})
    return next(iter(engine.make(plan)))


def test_a_picture_is_painted_over_a_figure_unless_its_recipe_is_older(led: Request) -> None:
    takes = [only(dataclasses.replace(led, painting=version)) for version in (2, 3, 4, 5, 6, 7)]
    assert [take.recipe["painting"] for take in takes] == [2, 3, 4, 5, 6, 7]
    # what was remembered is named, so that `again` can say that it has changed
    assert ["picture-figures" in take.recipe["weights"] for take in takes] == [False, *[True] * 5]
    assert all("picture-layouts" in take.recipe["weights"] for take in takes)
    for one, other in itertools.pairwise(takes):
        assert np.abs(one.picture.pixels - other.picture.pixels).mean() > 0.02
    assert [take.recipe.get("figures") for take in takes][:3:2] == [None, list(takes[2].figures)]
    assert takes[1].figures[0] in takes[1].recipe["licence"]


@pytest.mark.parametrize("how", [{"layout": False}, {"painting": 2}])
def test_where_several_are_not_painted_it_is_said(led: Request, how: dict[str, object]) -> None:
    several = dataclasses.replace(led, prompt="two foxes")
    assert not any("one is painted" in each for each in understand(several).remarks)
    (said,) = [each for each in understand(dataclasses.replace(several, **how)).remarks if "one is" in each]
    assert said.startswith("2 fox: one is painted")


def test_a_kept_sketch_and_kept_latents_give_the_same_picture(led: Request, tmp_path: Path) -> None:
    take = only(led)
    assert take.latents.led
    take.contour.save(tmp_path / "sketch.png")
    take.latents.save(tmp_path / "latents.npz")
    for name in ("sketch.png", "latents.npz"):
        again = only(dataclasses.replace(led, source=tmp_path / name))
        np.testing.assert_array_equal(again.picture.pixels, take.picture.pixels)
    assert Latents.load(tmp_path / "latents.npz").led == PAINTING


def test_what_somebody_drew_is_followed_as_it_is(led: Request) -> None:
    plan = understand(dataclasses.replace(led, source=oval(20, 20)))
    assert not plan.led and understand(led).led


def test_a_folder_without_figures_is_said(tmp_path: Path) -> None:
    arrays = {"of": KNOWN.of, "starts": KNOWN.starts, "colours": KNOWN.colours, "packed": KNOWN.packed}
    save_file(
        {name: np.ascontiguousarray(each) for name, each in arrays.items()}, tmp_path / "model.safetensors"
    )
    (tmp_path / "config.json").write_text(json.dumps({"side": SIDE, "subjects": []}))
    with pytest.raises(MissingModel, match="no figures"):
        Figures.load(tmp_path)
