"""Faces made here: features that keep their form, eyes, middle lines and exchanged features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import label

from audiogen.making import faces, keeping
from audiogen.making.figures import Figures
from audiogen.making.parts import Figure
from audiogen.media.painting.textures import SIZE

SIDE = 128
BODY, MUZZLE, DARK, STRIPE = 1, 2, 3, 4
LAB = np.array([[70, 20, 60], [90, 0, 10], [10, 0, 0], [30, 40, 30]], np.float32)
EYES = ((0.42, 0.34, 0.045), (0.42, 0.66, 0.045))
Y, X = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE


def face(eyes: tuple = EYES, muzzle: float = 0.14, body: int = BODY) -> Figure:
    """A round head with a muzzle that holds a nose."""
    labels = (np.hypot(Y - 0.5, X - 0.5) < 0.47).astype(int) * body
    labels[np.hypot(Y - 0.68, X - 0.5) < muzzle] = MUZZLE
    labels[np.hypot(Y - 0.64, X - 0.5) < muzzle / 3] = DARK
    for top, left, radius in eyes:
        labels[np.hypot(Y - top, X - left) < radius] = DARK
    return Figure(labels, LAB, eyes)


def wave(far: float = 0.03) -> np.ndarray:
    """Places that bend what is drawn a good deal."""
    at = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    return np.stack([at[0] + far * np.sin(9 * at[1]), at[1] + far * np.sin(9 * at[0] + 1)])


def drawn(figure: Figure, at: np.ndarray) -> np.ndarray:
    return figure.labels[tuple(np.clip(at * SIDE, 0, SIDE - 1).astype(int))]


def oblong(mask: np.ndarray) -> float:
    """Length over breadth, by the moments of a mask."""
    values = np.linalg.eigvalsh(np.cov(np.argwhere(mask).T))
    return float(np.sqrt(values[1] / values[0]))


def test_parts_that_touch_are_one_feature_and_those_at_the_rim_are_none() -> None:
    figure = face()
    figure.labels[:12, 60:68] = np.where(figure.labels[:12, 60:68] > 0, STRIPE, 0)  # to the rim
    found = faces.features(figure)
    assert sorted((each.sees, each.free) for each in found) == [(False, True), (True, True), (True, True)]
    (muzzle,) = (each for each in found if not each.sees)
    assert set(figure.labels[muzzle.covers]) == {MUZZLE, DARK}


def test_a_head_from_the_front_has_a_middle_line_and_one_that_looks_away_has_none() -> None:
    assert abs((faces.axis(face()) or 0) - 0.5) < 0.02
    away = face()
    away.labels[:, 72:] = 0
    away.labels[40:90, 72:100] = BODY
    assert faces.axis(away) is None


def test_eyes_are_a_pair_beside_the_middle_and_no_nose() -> None:
    nose = replace(face(), eyes=((0.64, 0.5, 0.047),))
    found = faces.seeing(nose).eyes
    np.testing.assert_allclose(np.array(found), np.array(EYES), atol=0.012)
    assert faces.seeing(replace(face(()), eyes=((0.64, 0.5, 0.047),))).eyes == ()


def test_features_keep_their_form_where_the_outline_is_bent() -> None:
    figure, at = face(), wave()
    made, eyes = keeping.kept(at, figure, False, np.random.default_rng(0))
    for places, low, high in ((at, 1.15, 3.0), (made, 1.0, 1.1)):
        picture = drawn(figure, places)
        muzzle = (picture == MUZZLE) | (picture == DARK)
        pieces, _ = label(muzzle)
        worst = max(oblong(pieces == k) for k in np.unique(pieces[pieces > 0]))
        assert low < worst < high
    rim = drawn(figure, made) == 0
    assert (rim == (drawn(figure, at) == 0)).mean() > 0.995, "the outline is bent all the same"
    picture = drawn(figure, made)
    for y, x, radius in eyes:
        own = label(picture == DARK)[0]
        area = (own == own[int(y), int(x)]).sum()
        assert picture[int(y), int(x)] == DARK and abs(np.sqrt(area / np.pi) / radius - 1) < 0.15


def test_big_eyes_are_big_however_small_they_are_and_touch_nothing() -> None:
    at = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    for radius in (0.03, 0.05):
        figure = face(tuple((y, x, radius) for y, x, _ in EYES))
        plain, large = (keeping.kept(at, figure, big, np.random.default_rng(2))[1] for big in (False, True))
        assert all(eye[2] > 0.065 * SIZE for eye in large)
        assert np.isclose(large[0][2], large[1][2], rtol=0.03) and large[0][2] > 1.25 * plain[0][2]
        made, _ = keeping.kept(at, figure, True, np.random.default_rng(2))
        assert label(drawn(figure, made) == DARK)[1] == 3 and label(drawn(figure, made) > BODY)[1] == 3


def test_both_eyes_in_patches_are_big_alike() -> None:
    figure = face()
    patch = np.hypot(Y - 0.42, X - 0.34) < 0.1
    figure.labels[patch & (figure.labels == BODY)] = STRIPE
    at = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    (one, other), (plain, _) = (
        keeping.kept(at, figure, big, np.random.default_rng(3))[1] for big in (True, False)
    )
    assert np.isclose(one[2], other[2], rtol=0.12) and one[2] > 1.2 * plain[2]


def test_features_of_another_lie_on_plain_ground_or_not_at_all() -> None:
    one, other = face(), face(tuple((y, x + 0.01, r) for y, x, r in EYES), muzzle=0.155)
    made = faces.exchanged(one, other)
    assert made is not None and (made.inside == one.inside).all()
    assert ((made.labels == MUZZLE + len(LAB)).sum() / (one.labels == MUZZLE).sum()) > 1.15
    assert not (made.labels == MUZZLE).any(), "none of its own is left"
    np.testing.assert_allclose(np.array(made.eyes)[:, :2].mean(0), [0.42, 0.5], atol=0.01)
    halves = face()
    halves.labels[(halves.labels == BODY) & (X < 0.5)] = STRIPE
    assert faces.exchanged(halves, other) is None, "a seam runs under the muzzle"
    assert faces.exchanged(replace(one, eyes=EYES[:1]), other) is None
    assert faces.exchanged(replace(one, lab=LAB[[1, 1, 2, 3]]), face()) is not None
    assert faces.exchanged(one, face(muzzle=0.18)) is None, "a nose without its snout"
    near = tuple((y, 0.5 + (x - 0.5) / 2, r) for y, x, r in EYES)
    assert faces.exchanged(one, face(near)) is None, "its eyes are too near"


def test_a_movement_is_the_same_on_both_sides() -> None:
    shift = np.random.default_rng(0).standard_normal((2, 64, 64))
    made = keeping.evened(shift, 0.5)
    np.testing.assert_allclose(made[0], made[0][:, ::-1], atol=1e-9)
    np.testing.assert_allclose(made[1], -made[1][:, ::-1], atol=1e-9)


def test_of_one_drawing_in_several_looks_the_flat_one_is_taken() -> None:
    known = Figures.load()
    rows = np.flatnonzero(known.of == known.subjects.index("fox"))
    names = [known.after[row].split(" ")[0] for row in known._plainest(rows)]
    assert "fluent-flat/1f98a" in names and not {"fluent-3d/1f98a", "fluent-color/1f98a"} & set(names)
    assert len(names) == len(rows) - 2
