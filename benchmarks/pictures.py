"""Seconds of every stage of a painted digit and of a picture from words, warm, 512x512."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from audiogen.prompt import as_usual, parse
from audiogen.registry import load_stage
from audiogen.stage import Sampling, silent
from benchmarks.stages import flops, timed

DIGIT, PICTURE, PAINTING = "水彩风格的数字 7", "a cartoon cat, big eyes", "a watercolor cat"


def measure(threads: int, peaks: list[dict[str, Any]], runs: int) -> dict[str, Any]:
    """Every stage alone, and both prompts from words to pixels, on `threads` threads."""
    torch.set_num_threads(threads)
    sampling = Sampling(seed=1)
    seven, cat, painted = (as_usual(parse(prompt)) for prompt in (DIGIT, PICTURE, PAINTING))
    draw, paint, show = (load_stage(name, "digit") for name in ("pixelcnn", "flow", "painter"))
    sketch, compose = (load_stage(name, "picture") for name in ("sketch", "flow"))
    contour, drawn = draw(seven, seven, sampling, silent), sketch(cat, cat, sampling, silent)
    latents = paint(contour, seven, sampling, silent)
    rows: list[dict[str, Any]] = []

    def row(name: str, what: Callable[[], Any], stage: Any = None) -> None:
        rows.append({"stage": name, **timed(what, runs)})
        if stage is not None:
            dtype = str(stage.dtype).removeprefix("torch.")
            peak = max(p["gflops"] for p in peaks if p["dtype"] == dtype and p["threads"] == threads)
            work = flops(what)
            rows[-1] |= {"flop": work, "dtype": dtype, "efficiency": work / rows[-1]["median_s"] / peak / 1e9}

    row("structure pixelcnn, 28x28", lambda: draw(seven, seven, sampling, silent))
    row("decoder flow, along a contour", lambda: paint(contour, seven, sampling, silent), paint)
    row("structure sketch, 64x64", lambda: sketch(cat, cat, sampling, silent))
    row("decoder flow, an illustration", lambda: compose(drawn, cat, sampling, silent), compose)
    row(
        "decoder flow, a painting on its underpainting",
        lambda: compose(drawn, painted, sampling, silent),
        compose,
    )
    row("renderer painter, 512x512", lambda: show(latents, seven, sampling, silent), show)

    def digit() -> None:
        asked = parse(DIGIT)
        show(paint(draw(asked, asked, sampling, silent), asked, sampling, silent), asked, sampling, silent)

    def picture(prompt: str) -> None:
        asked = as_usual(parse(prompt))
        show(
            compose(sketch(asked, asked, sampling, silent), asked, sampling, silent), asked, sampling, silent
        )

    row("prompt to pixels: digit", digit)
    row("prompt to pixels: a painted cat", lambda: picture(PAINTING))
    row("prompt to pixels: cat", lambda: picture(PICTURE))
    whole = zip(("digit_s", "painted_s", "cat_s"), rows[-3:], strict=True)
    return {"threads": threads, "rows": rows} | {name: each["median_s"] for name, each in whole}
