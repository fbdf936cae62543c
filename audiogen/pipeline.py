"""Stages in a row, checked when they are joined; can start from, or stop at, any seam.

piano = load_pipeline("piano")
wave = piano("calm piano, 15 s", Sampling(seed=7))  # the samples of `audiogen make ... --seed 7`
notes = piano.until("structure")("calm piano", Sampling(seed=7)).notes
wave = piano.since("structure")(Structure.load("mine.mid"))

A pipeline is the engine of `making/` with stages of your choice: a sound comes out with its exact length,
ends, loudness and the bed that its words ask for, a picture with its size. Format and rate belong to files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiogen.artifacts import Conditioning, Picture
from audiogen.errors import InvalidRequest
from audiogen.kinds import kind_named, kinds
from audiogen.making import take, understand
from audiogen.registry import Loaded, chain, load_stage, stage_entry
from audiogen.request import Request
from audiogen.stage import Progress, Sampling, Stage, silent

Parser = Callable[[str], Conditioning]


class Pipeline:
    """Stages whose seams fit.

    Args:
        stages: in order; each takes what the one before gives.
        parser: words -> Conditioning; that of the kind of work unless another is handed in.
        kind: of work, by its name ("piano", "ambience", ...): what the words are read for, and how the result
            is finished.
        device: where a bed is computed, if the words ask for one.
        loaded: stages that are shared, see `load_pipeline`.
        beyond: stages that would come next, see `Plan`.
    Raises:
        InvalidRequest: no stage, no such kind, or two neighbours do not fit.
    """

    def __init__(
        self,
        *stages: Stage,
        parser: Parser | None = None,
        kind: str = "piano",
        device: str = "auto",
        loaded: Loaded | None = None,
        beyond: tuple[Stage, ...] = (),
    ) -> None:
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
        self.kind = kind_named(kind)
        self.device = device
        self.loaded: Loaded = {} if loaded is None else loaded
        self.beyond = beyond

    @property
    def takes(self) -> type:
        return self.stages[0].takes

    @property
    def gives(self) -> type:
        return self.stages[-1].gives

    def until(self, seam: str) -> Pipeline:
        """The pipeline that stops after `seam` ("structure", "decoder", "renderer")."""
        stop = self._index(seam) + 1
        return self._with(*self.stages[:stop], beyond=(*self.stages[stop:], *self.beyond))

    def since(self, seam: str) -> Pipeline:
        """The pipeline that starts from the artifact that `seam` makes."""
        return self._with(*self.stages[self._index(seam) + 1 :], beyond=self.beyond)

    def replace(self, seam: str, stage: Stage) -> Pipeline:
        """The same pipeline with another stage at `seam`."""
        at = self._index(seam)
        return self._with(*self.stages[:at], stage, *self.stages[at + 1 :], beyond=self.beyond)

    def __call__(
        self,
        x: Any,
        sampling: Sampling = Sampling(),
        conditioning: Conditioning | str | None = None,
        progress: Progress = silent,
        *,
        init: Picture | Path | None = None,
        strength: float | None = None,
        mask: Picture | Path | None = None,
    ) -> Any:
        """Run all stages.

        Args:
            x: a prompt or Conditioning, or an artifact that one of the stages takes: those before it are
                left out.
            sampling: settings of this call; with n > 1 a list of n results comes back.
            conditioning: with an artifact as `x`: the words or attributes that go with it.
            progress: called as progress(stage, step, total); False cancels.
            init, strength, mask: a picture that is changed, see `Request`.
        Returns: what the last stage gives; a Waveform or Picture is finished, as `make` writes it.
        Raises:
            InvalidRequest: see `making.understand`.
        """
        from_words = isinstance(x, str | Conditioning)
        words = x if from_words else conditioning
        known = words if isinstance(words, Conditioning) else None
        text = words if isinstance(words, str) else "" if known is None else known.prompt
        if known is None and text.strip() and self.parser is not None:
            known = self.parser(text)
        request = Request(
            text,
            self.kind.name,
            source=None if from_words else x,
            sampling=sampling,
            device=self.device,
            conditioning=known,
            init=init,
            strength=strength,
            mask=mask,
        )
        plan = understand(request, self._fitting(sampling)).sharing(self.loaded)
        plan = dataclasses.replace(plan, beyond=self.beyond)
        results = [take(plan, sampling.item(k), progress).made for k in range(sampling.n)]
        return results[0] if sampling.n == 1 else results

    def _fitting(self, sampling: Sampling) -> tuple[Any, ...]:
        """The stages; for one or two steps with weights distilled for so few, if there are such."""
        return tuple(self._distilled(stage) if sampling.few else stage for stage in self.stages)

    def _distilled(self, stage: Any) -> Any:
        name, weights = stage.name, getattr(stage, "source", {}).get("name")
        try:
            entry = stage_entry(name, self.kind.name)
        except InvalidRequest:
            return stage
        if self.kind.name not in entry.few or weights != entry.weights[self.kind.name]:
            return stage
        return load_stage(name, self.kind.name, self.device, few=True, loaded=self.loaded)

    def _index(self, seam: str) -> int:
        names = [stage.seam for stage in self.stages]
        if seam not in names:
            raise InvalidRequest(f"No seam {seam!r} here; this pipeline has {', '.join(names)}.")
        return names.index(seam)

    def _with(self, *stages: Stage, beyond: tuple[Stage, ...]) -> Pipeline:
        return Pipeline(
            *stages,
            parser=self.parser,
            kind=self.kind.name,
            device=self.device,
            loaded=self.loaded,
            beyond=beyond,
        )


def load_pipeline(
    kind: str = "piano",
    structure: str | None = None,
    decoder: str | None = None,
    renderer: str | None = None,
    device: str = "auto",
    loaded: Loaded | None = None,
    few: bool = False,
) -> Pipeline:
    """The pipeline of a kind of work with shipped weights; any stage by another name, "none" leaves it out.

    Args:
        loaded: stages that several pipelines share: taken from here, and added when first needed.
        few: with weights for one or two steps, where there are such (`Sampling.few`).
    Raises:
        InvalidRequest: no such kind or stage, or stages that do not go together.
    """
    if kind not in kinds():
        raise InvalidRequest(f"No pipeline named {kind!r}; there are: {', '.join(kinds())}.")
    named = {"structure": structure, "decoder": decoder, "renderer": renderer}
    entries = chain(kind_named(kind), named)
    loaded = {} if loaded is None else loaded
    stages = [load_stage(entry.name, kind, device, few, loaded=loaded) for entry in entries.values()]
    return Pipeline(*stages, kind=kind, device=device, loaded=loaded)
