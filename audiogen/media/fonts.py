"""A font for captions: one that holds the characters of a text, of those installed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest

WIDE = 0x2E80  # from here on a Latin font has nothing
# by the names under which Linux, macOS and Windows keep them; the first holds Chinese, Japanese and Korean
CHINESE = (
    *(
        "NotoSansCJK-Regular.ttc",
        "NotoSansCJKsc-Regular.otf",
        "NotoSansSC-Regular.otf",
        "NotoSansSC[wght].ttf",
    ),
    *("SourceHanSansSC-Regular.otf", "SourceHanSansCN-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc"),
    *(
        "NotoSerifCJK-Regular.ttc",
        "DroidSansFallbackFull.ttf",
        "DroidSansFallback.ttf",
        "uming.ttc",
        "ukai.ttc",
    ),
    *("PingFang.ttc", "Hiragino Sans GB.ttc", "STHeiti Light.ttc", "Songti.ttc", "Arial Unicode.ttf"),
    *("msyh.ttc", "msyh.ttf", "simhei.ttf", "simsun.ttc", "Deng.ttf", "NotoSerifCJK-Bold.ttc"),
)
LATIN = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "Helvetica.ttc")


def font_for(texts: Iterable[str], size: int, file: Path | None = None) -> tuple[Any, bool]:
    """A Pillow font for some texts, and whether it has their characters.

    Args:
        size: pixels. file: a font of the user's; None: one that is installed, at last Pillow's own.
    Raises:
        InvalidRequest: `file` is no font.
    """
    from PIL import ImageFont

    if file is not None:
        try:
            return ImageFont.truetype(str(file), size), True
        except OSError as problem:
            raise InvalidRequest(
                f"{file} is no font that can be read ({problem}); give a .ttf, .otf or .ttc."
            ) from problem
    wide = any(ord(character) >= WIDE for text in texts for character in text)
    name = _installed(CHINESE if wide else LATIN)
    if name is not None:
        return ImageFont.truetype(name, size), True
    return ImageFont.load_default(size), not wide


@lru_cache(maxsize=4)
def _installed(names: tuple[str, ...]) -> str | None:
    from PIL import ImageFont

    for name in names:
        try:
            ImageFont.truetype(name, 12)  # it looks through the folders of the system
        except OSError:
            continue
        return name
    return None
