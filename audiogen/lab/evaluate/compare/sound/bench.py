"""The bench of sound: coarse mels to mels, judged before the vocoder and heard after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from audiogen.artifacts import MelSpectrogram
from audiogen.hub.judges import Clap
from audiogen.lab.evaluate.compare import likeness
from audiogen.lab.evaluate.compare.bench import (
    HELD_OUT,
    NONE,
    STAGE,
    Options,
    Progress,
    Rate,
    Result,
    Wording,
    numbers_of,
    tell,
)
from audiogen.lab.evaluate.compare.cells import Cell
from audiogen.lab.evaluate.compare.report import Comparison
from audiogen.lab.evaluate.compare.running import Arrays
from audiogen.lab.evaluate.compare.sound import heard as sounds
from audiogen.lab.evaluate.compare.sound import measures
from audiogen.lab.evaluate.compare.sound import work as works
from audiogen.lab.evaluate.compare.sound.strip import mel_strip
from audiogen.lab.evaluate.compare.sound.work import Item
from audiogen.lab.evaluate.compare.stages import structure_stage
from audiogen.lab.evaluate.scores import Score
from audiogen.registry import load_stage, stage_class
from audiogen.stage import Sampling, silent

EMBEDDING_VERSION = 1  # of lab/evaluate/embedding.py: other features, other keys of cells
OGG_S = 5.0
HOW_TO_READ = """\
**How to read it.** Every cell decodes the same structures with the same seeds. *Evaluations* are counted
calls of the network for one sound: guidance and second-order schedulers count double. *Kernel* and
*Frechet* are distances to held-out recordings, on the mel before the vocoder, less is better
({embedding}); the anchors say what they mean. *Adherence* is 1 where the coarse mel of the result is the
one asked for and 0 where it fits no better than another sound's; a mean of all possible sounds, which is
a blur, adheres best, so read it beside the distances. *Moves* is the correlation over time, which leaves
the colour out. *Diversity* is the distance between two seeds of one structure, 1 is that between two
real recordings of a kind. In brackets: 95 % intervals, bootstrap over sounds. `A < B`: A is better, and
the paired interval of the difference excludes 0; `A = B`: a tie."""


def wording(seconds: float, clap: Clap | None = None) -> Wording:
    """The words for sounds of that length, and whose CLAP score is taken."""
    return Wording(
        measures=(*measures.MEASURES, likeness.CLAP),
        distance=measures.KERNEL,
        adherence=measures.ADHERENCE,
        drawn=(measures.KERNEL, measures.ADHERENCE, measures.MOVES),
        drawn_anchors=("real", "noise at 20 dB"),
        rate=Rate("x real time", "times_real_time", lambda taken: seconds / taken, 0),
        item="sound",
        size=f", {seconds:g} s each",
        taken="heard",
        kind_titles={
            HELD_OUT: "Structures of held-out recordings",
            STAGE: "Structures of the path's own structure stage",
            NONE: "Without a structure",
        },
        anchors=(
            "recordings",
            "Held-out recordings against other held-out recordings, as they are and damaged, the same "
            "number of sounds of the same kinds.",
        ),
        after="As it is heard: after the vocoder",
        how_to_read=HOW_TO_READ + likeness.how_to_read(likeness.CLAP, "sound as it is heard", clap),
    )


@dataclass(eq=False)
class SoundBench:
    """See `compare.bench.Bench`."""

    work: works.Work
    judge: measures.Judge
    vocoder: Any  # None: nothing is heard
    remarks: list[str]
    version: Any = EMBEDDING_VERSION
    heard: bool = True  # after the vocoder as well
    clap: Clap | None = None  # compares what is heard with words
    wording: Wording = field(init=False)

    def __post_init__(self) -> None:
        self.wording = wording(self.work.seconds, self.clap)

    @classmethod
    def of(cls, o: Options, progress: Progress) -> SoundBench:
        """What was asked for.

        Raises:
            InvalidRequest, MissingModel: see `folder.compare`.
        """
        clap = None if o.clap is None else Clap(o.clap)
        vocoder = load_vocoder(o) if o.heard or clap is not None else None
        stage, remarks = structure_stage(o, "mel")
        told = partial(tell, progress, "structures")
        todo = works.build(o.path, o.count, o.seeds, o.data, o.structures, o.prompts, stage, o.seconds, told)
        if todo.pools is None:
            remarks.append("No `--data`: distances to real recordings and diversity are left out.")
        version: Any = EMBEDDING_VERSION
        if clap is not None and vocoder is not None:
            version = [version, clap.sha256, vocoder.source]
        return cls(todo, measures.Judge.of(todo), vocoder, remarks, version, o.heard, clap)

    @property
    def items(self) -> Sequence[Item]:
        return self.work.items

    @property
    def embedding(self) -> str | None:
        pools = self.work.pools
        return f"embedding {pools.projection.fingerprint()}" if pools else None

    @property
    def facts(self) -> dict[str, Any]:
        return {"seconds": self.work.seconds}

    def arrays(self) -> list[np.ndarray]:
        return self.work.arrays()

    def decode(self, decoder: Any, cell: Cell, item: Item) -> MelSpectrogram:
        call = Sampling(seed=item.seed, steps=cell.steps, scheduler=cell.scheduler)
        made: MelSpectrogram = decoder(item.structure, item.conditioning, call, silent)
        return made

    def keep(self, item: Item, made: MelSpectrogram) -> Arrays:
        return measures.keep(item, made) | self._row(made)

    def _row(self, made: MelSpectrogram) -> Arrays:
        """The row by CLAP [D] of what is heard, the mean over its windows; nothing without one."""
        if self.clap is None:
            return {}
        wave = sounds.waveform(self.vocoder, made)
        return {"clap": self.clap.windows(wave.samples, wave.sample_rate).mean(0)}

    def scores(self, made: Arrays, kind: str) -> dict[str, Score]:
        return self._scores(self.judge, made, kind)

    def _scores(self, judge: measures.Judge, made: Arrays, kind: str) -> dict[str, Score]:
        found = judge.scores(made, kind)
        if self.clap is None:
            return found
        first = judge.work.numbers(kind)
        asked = [judge.work.items[k].conditioning for k in first]
        return found | likeness.likeness(likeness.CLAP, made["clap"][first], self.clap, asked)

    def anchors(self) -> dict[str, dict[str, Score]]:
        return self.judge.anchors()

    def show(
        self, page: Comparison, best: dict[str, Result], decoders: dict[str, Any], progress: Progress
    ) -> dict[str, bytes]:
        """The strip; with a vocoder also distances after it, and a few sounds."""
        if self.heard:
            self._hear(page, best, decoders, progress)
        files = self._strip(page, best, decoders)
        return files if not self.heard else files | self._sounds(page, best, decoders)

    def _hear(
        self, page: Comparison, best: dict[str, Result], decoders: dict[str, Any], progress: Progress
    ) -> None:
        todo, kind = self.work, self.work.kinds[0]
        items = [todo.items[k] for k in todo.numbers(kind)]
        first = measures.Judge(works.Work(todo.path, todo.seconds, items, todo.pools), self.judge.distances)
        named: dict[str, sounds.Decode] = {}
        if kind == HELD_OUT:
            named["real recordings, through the vocoder"] = self._real
        for label, result in best.items():
            named[f"{result.name}, through the vocoder"] = partial(
                self.decode, decoders[label], result.run.cell
            )
        for name, make in named.items():
            made = sounds.heard(make, self.vocoder, items, partial(tell, progress, name), self._row)
            page.heard[name] = self._scores(first, made, kind)
            if self.clap is not None and make == self._real:
                asked = [item.conditioning for item in (*items[1:], items[0])]
                page.heard[likeness.ANOTHERS] = likeness.likeness(
                    likeness.CLAP, made["clap"], self.clap, asked
                )

    def _real(self, item: Item) -> MelSpectrogram:
        """The recording that a held-out structure is from."""
        assert self.work.pools is not None
        return sounds.real_mel(self.work.pools.measured[item.number].mid, self.work.seconds)

    def _strip(self, page: Comparison, best: dict[str, Result], decoders: dict[str, Any]) -> dict[str, bytes]:
        kind = self.work.kinds[0]
        numbers = numbers_of(self.items, kind)
        # the second structure, where there is one (birds, in the order of ambience)
        item = self.items[numbers[min(1, len(numbers) - 1)]]
        mel = item.structure.mel
        panels = [] if mel is None else [(f"structure: {item.name}", np.asarray(mel))]
        panels += [(r.name, self.decode(decoders[label], r.run.cell, item).mid) for label, r in best.items()]
        if kind == HELD_OUT and self.work.pools is not None:
            mid = self.work.pools.measured[item.number].mid
            panels.append(("the recording that the structure is from", mid))
        page.pictures["strip.png"] = f"One structure through every decoder: {item.name}"
        return {"strip.png": mel_strip(panels)}

    def _sounds(
        self, page: Comparison, best: dict[str, Result], decoders: dict[str, Any]
    ) -> dict[str, bytes]:
        kind, files = self.work.kinds[0], {}
        for number in numbers_of(self.items, kind)[:2]:
            item = self.items[number]
            for label, r in best.items():
                name = f"{item.number + 1}-{label}.ogg"
                made = self.decode(decoders[label], r.run.cell, item)
                files[name] = sounds.ogg(self.vocoder, beginning(made))
                page.sounds[name] = f"{item.name}, by {r.name}"
            if kind == HELD_OUT and self.work.pools is not None:
                name = f"{item.number + 1}-real.ogg"
                files[name] = sounds.ogg(self.vocoder, beginning(self._real(item)))
                page.sounds[name] = f"{item.name}: the recording itself, through the vocoder, in mono"
        return files


def load_vocoder(o: Options) -> Any:
    """The path's vocoder."""
    if o.vocoder:
        return stage_class("vocoder").from_pretrained(o.vocoder, device=o.device)
    return load_stage("vocoder", o.path, o.device)


def beginning(made: MelSpectrogram) -> MelSpectrogram:
    """The first five seconds."""
    seconds = min(OGG_S, made.seconds)
    frames = made.settings.frames(seconds)
    return replace(made, mid=made.mid[:, :frames], side=made.side[..., :frames], seconds=seconds)
