"""An illustration as a map of regions: few colours, each with its place, and where the eyes are."""

from __future__ import annotations

import numpy as np

from audiogen.media.colour import lab_to_rgb, rgb_to_lab

COLOURS = 12  # at most
ALIKE = 9.0  # CIELAB: colours nearer than that become one
FARTHEST = 0.995  # of the pixels lie nearer than the next centre: single ones are noise
ROUNDS = 6  # of k-means
SAMPLE = 2500  # pixels that colours are found in
CRUMB = 3  # pixels of a map: smaller pieces go to their neighbours
DARK = 35.0  # L* of an eye at most
EYE = (0.0012, 0.035)  # share of the figure
ROUND = 0.6  # of its box that an eye fills, at least; a disc fills 0.79
LONG = 1.9  # times as high as wide, at most
UPPER = 0.72  # of the figure, in which eyes are
LEVEL = 0.06  # of the map: a pair of eyes differs so much in height
BAND, SEAM = 0.03, 8  # share of the figure of a band of a shade, and pixels of the seam of two, at least
SMOOTHLY = 0.6  # of the difference of two labels is seen across the seam of a shade, at most
SIZES = 1.8  # and so much in area


def regions(picture: np.ndarray, figure: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The regions of a figure.

    Args:
        picture: float32 [h, h, 3], sRGB. figure: bool [h, h], h a multiple of `side` or larger.
    Returns: uint8 [side, side], 0 outside, else 1 + the number of a colour; colours uint8 [K, 3].
    """
    from scipy.ndimage import uniform_filter

    lab = rgb_to_lab(picture)
    colours = _colours(lab[figure])
    nearest = np.full(figure.shape, -1)
    nearest[figure] = _nearest(lab[figure], colours)
    shares = [(~figure).astype(np.float32), *((nearest == k).astype(np.float32) for k in range(len(colours)))]
    shares = [uniform_filter(share, 5) for share in shares]  # what is two pixels wide is where colours meet
    clean = np.argmax(shares, 0)
    small = [_shrunk((clean == k).astype(np.float32), side) for k in range(len(shares))]
    labels = _without_crumbs(np.argmax(small, 0))
    used = np.unique(labels[labels > 0])
    place = np.zeros(len(shares), np.uint8)
    place[used] = 1 + np.arange(len(used))
    return place[labels], np.round(255 * lab_to_rgb(colours[used - 1])).astype(np.uint8)


def shaded(picture: np.ndarray, labels: np.ndarray, colours: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of labels that go over into one another: bands of a shade, with no edge between them.

    Args:
        picture: float32 [2 n, 2 n, 3], sRGB. labels, colours: as `regions` gives them, [n, n].
    """
    lab, own = rgb_to_lab(picture), rgb_to_lab(colours / 255)
    counts, many = np.bincount(labels.ravel(), minlength=len(colours) + 1), len(colours) + 1
    pairs, steps = [], []
    for grid, fine in ((labels, lab), (labels.T, lab.transpose(1, 0, 2))):
        y, x = np.nonzero((grid[:, :-1] != grid[:, 1:]) & (grid[:, :-1] > 0) & (grid[:, 1:] > 0))
        both = np.sort(np.stack([grid[y, x], grid[y, x + 1]]).astype(int), 0)
        pairs.append(both[0] * many + both[1])
        # before and behind the seam, where an edge that is drawn is over
        before, behind = np.maximum(2 * x - 1, 0), np.minimum(2 * x + 4, len(fine) - 1)
        steps.append(np.linalg.norm(fine[2 * y, before] - fine[2 * y, behind], axis=1))
    of, step = np.concatenate(pairs), np.concatenate(steps)
    found = []
    for pair in np.unique(of):
        a, b = divmod(int(pair), many)
        broad = min(counts[a], counts[b]) > BAND * counts[1:].sum()
        if broad and (of == pair).sum() >= SEAM:
            whole = np.linalg.norm(own[a - 1] - own[b - 1])
            found += [(a, b)] * bool(np.median(step[of == pair]) < SMOOTHLY * whole)
    return found


def eyes(labels: np.ndarray, colours: np.ndarray) -> list[tuple[float, float, float]]:
    """Dark round spots in the upper part of a figure, a level pair of equal ones or a single one: (y, x,
    radius), in shares of the map."""
    from scipy.ndimage import binary_dilation, find_objects, label

    light = rgb_to_lab(colours / 255)[:, 0]
    dark = (labels > 0) & (light[np.maximum(labels, 1) - 1] < DARK)
    rows = np.flatnonzero((labels > 0).any(1))
    area, side = (labels > 0).sum(), len(labels)
    spots, _ = label(dark)
    found = []
    for number, box in enumerate(find_objects(spots), 1):
        spot = spots[box] == number
        size, (high, wide) = spot.sum(), spot.shape
        middle = (box[0].start + high / 2, box[1].start + wide / 2)
        inner = EYE[0] < size / area < EYE[1] and size > ROUND * high * wide
        upper = middle[0] < rows[0] + UPPER * len(rows)
        if not (inner and upper and max(high / wide, wide / high) < LONG):
            continue
        around = tuple(slice(max(part.start - 2, 0), part.stop + 2) for part in box)
        if (labels[around] > 0)[
            binary_dilation(spots[around] == number, iterations=2)
        ].all():  # not at the rim
            found.append((middle[0] / side, middle[1] / side, float(np.sqrt(size / np.pi) / side)))
    pairs = [
        (abs(a[0] - b[0]), a, b)
        for n, a in enumerate(found)
        for b in found[n + 1 :]
        if abs(a[0] - b[0]) < LEVEL and max(a[2] / b[2], b[2] / a[2]) ** 2 < SIZES
    ]
    if pairs:
        return list(min(pairs)[1:])
    return found if len(found) == 1 else []


def _colours(pixels: np.ndarray) -> np.ndarray:
    """The main colours of pixels [N, 3] in CIELAB: k-means from the farthest points, the near ones joined."""
    pixels = pixels[:: max(1, len(pixels) // SAMPLE)]
    centres = [np.median(pixels, 0)]
    away = np.full(len(pixels), np.inf)
    for _ in range(COLOURS - 1):
        away = np.minimum(away, ((pixels - centres[-1]) ** 2).sum(1))
        centres.append(pixels[np.argsort(away)[int(FARTHEST * (len(away) - 1))]])
    colours = np.array(centres)
    for _ in range(ROUNDS):
        of = _nearest(pixels, colours)
        colours = np.array([pixels[of == k].mean(0) for k in range(len(colours)) if (of == k).any()])
    weight = np.bincount(_nearest(pixels, colours), minlength=len(colours)).astype(float)
    while len(colours) > 1:
        apart = np.linalg.norm(colours[:, None] - colours, axis=-1) + 1e3 * np.eye(len(colours))
        a, b = np.unravel_index(apart.argmin(), apart.shape)
        if apart[a, b] > ALIKE:
            break
        total = max(weight[a] + weight[b], 1)
        colours[a] = (weight[a] * colours[a] + weight[b] * colours[b]) / total
        weight[a] = total
        colours, weight = np.delete(colours, b, 0), np.delete(weight, b)
    return colours


def _nearest(pixels: np.ndarray, colours: np.ndarray) -> np.ndarray:
    return np.argmin((colours**2).sum(1) - 2 * pixels @ colours.T, 1)


def _without_crumbs(labels: np.ndarray) -> np.ndarray:
    """Pieces of less than CRUMB pixels take the label that surrounds them."""
    from scipy.ndimage import distance_transform_edt, label

    crumbs = np.zeros(labels.shape, bool)
    for k in np.unique(labels):
        pieces, _ = label(labels == k)
        sizes = np.bincount(pieces.ravel())
        sizes[0] = CRUMB
        crumbs |= sizes[pieces] < CRUMB
    nearest = distance_transform_edt(crumbs, return_distances=False, return_indices=True)
    return labels[tuple(nearest)]


def _shrunk(share: np.ndarray, side: int) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(share).resize((side, side), Image.Resampling.BOX))
