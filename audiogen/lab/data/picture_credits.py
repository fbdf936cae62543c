"""Whose pictures were used: one line for each upstream set, author (where each picture has one) or artist."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from audiogen.lab.data.illustrations.collection import Collection
from audiogen.lab.data.paintings import Gallery

COLUMNS = ("kind", "set", "attribution", "licence", "pictures", "source")
# How the sets ask to be named; a set is credited by the longest beginning of its name.
ATTRIBUTION = {
    "blobmoji": "Google and C1710",
    "emojione": "EmojiOne",
    "emojitwo": "EmojiOne 2.x and EmojiTwo contributors",
    "fluent": "Copyright (c) Microsoft Corporation",
    "fxemoji": "Mozilla Foundation",
    "noto": "Google",
    "twemoji": "Copyright Twitter, Inc and other contributors",
    "dinkie-icons": "Atelier Anchor",
    "fa7-solid": "Fonticons, Inc.",
    "healthicons": "Resolve to Save Lives",
    "lucide": "Lucide Contributors",
    "mdi": "Material Design Icons",
    "roentgen": "Sergey Vartanov",
    "streamline": "Streamline (Webalys)",
}
MNIST = (
    "digits",
    "MNIST",
    "Yann LeCun and Corinna Cortes",
    "commonly catalogued as CC BY-SA 3.0; its own pixels are not shipped",
    "",
    "https://github.com/rasbt/mnist-pngs",
)


def write_credits(file: Path, collection: Collection, gallery: Gallery) -> None:
    """Write the credits as CSV."""
    drawn = Counter((m.upstream, *m.credit) for m in collection.members)
    painted = Counter((work.style, *work.credit) for work in gallery.works)
    with open(file, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerow(MNIST)
        for (upstream, author, licence, source), count in sorted(drawn.items()):
            writer.writerow(
                ("illustration", upstream, author or attribution(upstream), licence, count, source)
            )
        for (style, artist, licence, source), count in sorted(painted.items()):
            writer.writerow(("painting", style, artist or "unknown artist", licence, count, source))


def attribution(upstream: str) -> str:
    """Whom a set of illustrations is credited to; its authors under its own name where it names nobody."""
    names = [name for name in ATTRIBUTION if upstream.startswith(name)]
    return ATTRIBUTION[max(names, key=len)] if names else f"the {upstream} authors"
