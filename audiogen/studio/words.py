"""The texts of the page, in English and Chinese, from words.yaml."""

from __future__ import annotations

from importlib import resources

import yaml

LANGUAGES = ("en", "zh")


def _read() -> dict[str, dict[str, str]]:
    rows = yaml.safe_load((resources.files("audiogen.studio") / "words.yaml").read_text("utf-8"))
    return {lang: {key: texts[k] for key, texts in rows.items()} for k, lang in enumerate(LANGUAGES)}


WORDS = _read()
