"""Stages in a row, checked when they are joined; can start from, or stop at, any seam.

piano = Pipeline(score, flow, vocoder)
wave = piano("calm piano, 15 s", Sampling(seed=7))
notes = piano.until("structure")("calm piano", Sampling(seed=7)).notes
wave = piano.since("structure")(Structure.load("mine.mid"))
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from audiogen.artifacts import Conditioning, Contour, Structure
from audiogen.errors import InvalidRequest
from audiogen.stage import Progress, Sampling, Stage, silent

Parser = Callable[[str], Conditioning]


class Pipeline:
    """Stages whose seams fit.

    Args:
        stages: in order; each takes what the one before gives.
        parser: words -> Conditioning; the prompt room's parser unless another is handed in.
        path: "piano", "ambience", ...; for a Conditioning made without a prompt.
    Raises:
        InvalidRequest: no stage, or two neighbours do not fit.
    """

    def __init__(self, *stages: Stage, parser: Parser | None = None, path: str = "piano") -> None:
        if not stages:
            raise InvalidRequest("A pipeline needs at least one stage.")
        for before, after in zip(stages[:-1], stages[1:], strict=True):
            if not issubclass(before.gives, after.takes):
                raise InvalidRequest(
                    f"Stage {after.name!r} takes {after.takes.__name__}, "
                    f"but {before.name!r} before it gives {before.gives.__name__}."
                )
        self.stages = stages
        self.parser = parser
        self.path = path

    @property
    def takes(self) -> type:
        return self.stages[0].takes

    @property
    def gives(self) -> type:
        return self.stages[-1].gives

    def until(self, seam: str) -> Pipeline:
        """The pipeline that stops after `seam` ("structure", "decoder", "renderer")."""
        return self._cut(0, self._index(seam) + 1)

    def since(self, seam: str) -> Pipeline:
        """The pipeline that starts from the artifact that `seam` makes."""
        return self._cut(self._index(seam) + 1, len(self.stages))

    def replace(self, seam: str, stage: Stage) -> Pipeline:
        """The same pipeline with another stage at `seam`."""
        at = self._index(seam)
        return Pipeline(*self.stages[:at], stage, *self.stages[at + 1 :], parser=self.parser, path=self.path)

    def __call__(
        self,
        x: Any,
        sampling: Sampling = Sampling(),
        conditioning: Conditioning | str | None = None,
        progress: Progress = silent,
    ) -> Any:
        """Run all stages.

        Args:
            x: a prompt or Conditioning, or the artifact that the first stage takes.
            sampling: settings of this call; with n > 1 a list of n results comes back.
            conditioning: with an artifact as `x`: the words or attributes that go with it.
            progress: called as progress(stage, step, total); False cancels.
        """
        if isinstance(x, str | Conditioning):
            conditioning = self.understand(x)
            if self.takes is Conditioning:
                x = conditioning
            elif self.takes is Structure:
                x = Structure.empty(conditioning.seconds)
            elif self.takes is Contour:
                x = Contour.empty()
        if not isinstance(x, self.takes):
            raise InvalidRequest(f"This pipeline takes {self.takes.__name__}, not {type(x).__name__}.")
        known = self.understand(conditioning if conditioning is not None else "", x)
        if sampling.n == 1:
            return self._run(x, known, sampling, progress)
        return [self._run(x, known, item(sampling, k), progress) for k in range(sampling.n)]

    def understand(self, words: str | Conditioning, x: Any = None) -> Conditioning:
        """The Conditioning of a prompt; for an artifact without words, its length and nothing else."""
        if isinstance(words, Conditioning):
            return words
        if not words.strip() and x is not None:
            return Conditioning(path=self.path, seconds=getattr(x, "seconds", 15.0))
        if self.parser is None:
            from audiogen.prompt import parse

            return parse(words, path=self.path)
        return self.parser(words)

    def _run(self, x: Any, known: Conditioning, sampling: Sampling, progress: Progress) -> Any:
        for stage in self.stages:
            x = stage(x, known, sampling, progress)
        return x

    def _index(self, seam: str) -> int:
        names = [stage.seam for stage in self.stages]
        if seam not in names:
            raise InvalidRequest(f"No seam {seam!r} here; this pipeline has {', '.join(names)}.")
        return names.index(seam)

    def _cut(self, first: int, stop: int) -> Pipeline:
        return Pipeline(*self.stages[first:stop], parser=self.parser, path=self.path)


def item(sampling: Sampling, k: int) -> Sampling:
    """The settings that make item k of a batch alone: its seeds moved on by k, n = 1.

    Variations are of one piece: only their own seed moves on.
    """
    if sampling.variation:
        return dataclasses.replace(sampling, variation_seed=sampling.variation_seed + k, n=1)
    decoder = None if sampling.decoder_seed is None else sampling.decoder_seed + k
    return dataclasses.replace(sampling, seed=sampling.seed + k, decoder_seed=decoder, n=1)
