"""Every data preparation by name, for `audiogen data RECIPE --source DIR`.

A preparation is a function `prepare(source, out, settings)` and the frozen dataclass of its settings.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.recipe import read_recipe, unknown_name
from audiogen.rows import from_rows

DATA: dict[str, tuple[str, str]] = {
    "piano-audio": (
        "audiogen.lab.data.prepare_piano:prepare",
        "audiogen.lab.data.prepare_piano:PianoAudioData",
    ),
    "ambience-audio": (
        "audiogen.lab.data.prepare_ambience:prepare",
        "audiogen.lab.data.prepare_ambience:AmbienceData",
    ),
    "wavenet-audio": (
        "audiogen.lab.data.prepare_wavenet:prepare",
        "audiogen.lab.data.prepare_wavenet:WavenetData",
    ),
    "pictures": (
        "audiogen.lab.data.prepare_pictures:prepare",
        "audiogen.lab.data.prepare_pictures:PicturesData",
    ),
    "picture-layouts": (
        "audiogen.lab.data.prepare_layouts:prepare",
        "audiogen.lab.data.prepare_layouts:LayoutData",
    ),
    "picture-figures": (
        "audiogen.lab.data.prepare_figures:prepare",
        "audiogen.lab.data.prepare_figures:FigureData",
    ),
    "piano-score": (
        "audiogen.lab.data.prepare_score:prepare",
        "audiogen.lab.data.prepare_score:PianoScoreData",
    ),
    "digits": ("audiogen.lab.data.prepare_digits:prepare", "audiogen.lab.data.prepare_digits:DigitsData"),
}


def prepare_data(name: str, settings: dict[str, Any], source: Path, out: Path) -> None:
    """Run a preparation by name: from the folder `source` into the folder `out`.

    Raises:
        InvalidRequest: unknown name or setting (with the nearest one), or no such folder.
    """
    if name not in DATA:
        raise unknown_name("The data", name, DATA)
    if not Path(source).is_dir():
        raise InvalidRequest(f"The source {source} is no folder.")
    function, config = (_find(place) for place in DATA[name])
    function(Path(source), Path(out), from_rows(config, settings))


def prepare_recipe(recipe_path: str | Path, source: Path, out: Path) -> None:
    """Prepare what the recipe's `data:` section asks for.

    Raises:
        InvalidRequest: the recipe has no such section.
    """
    data = dict(read_recipe(recipe_path)["data"])
    if "name" not in data:
        raise InvalidRequest(
            f"{recipe_path} has no `data:` section with a name; there are: {', '.join(DATA)}."
        )
    prepare_data(str(data.pop("name")), data, source, out)


def _find(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
