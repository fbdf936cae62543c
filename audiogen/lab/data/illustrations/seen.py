"""Details that names do not tell, noted by looking at the pictures."""

from __future__ import annotations

SEEN: dict[str, tuple[str, ...]] = {
    "big eyes": (
        "emojione-monotone/cat-face.webp",
        "emojione-monotone/cat.webp",
        "emojione-monotone/crying-cat-face.webp",
        "emojione-monotone/grinning-cat-face.webp",
        "emojione-monotone/weary-cat-face.webp",
        "emojitwo/1f408.webp",
        "emojitwo/1f431.webp",
        "emojitwo/1f63a.webp",
        "emojitwo/1f63f.webp",
        "emojitwo/1f640.webp",
        "emojitwo-bw/1f408.webp",
        "emojitwo-bw/1f431.webp",
        "emojitwo-bw/1f63a.webp",
        "emojitwo-bw/1f63f.webp",
        "emojitwo-bw/1f640.webp",
        "fluent-3d/1f640.webp",
        "fluent-color/1f640.webp",
        "fluent-flat/1f640.webp",
        "fluent-hc/1f640.webp",
        "fxemoji/1f431.webp",
        "noto/1f408-200d-2b1b.webp",
        "noto/1f640.webp",
        "twemoji/1f63a.webp",
        "twemoji/1f640.webp",
    ),
}


def seen_in(file: str) -> tuple[str, ...]:
    """The details noted for a picture of the collection."""
    return tuple(word for word, files in SEEN.items() if file in files)
