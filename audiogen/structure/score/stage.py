"""Score stage: writes a piano part from prompt attributes, note by note.

    Conditioning -> Structure(notes)

An autoregressive transformer over events (`networks/score_transformer.py`), one pass per event, on one
CPU thread in float32 on every machine, so that one seed is one score everywhere. An asked tempo or
metre makes the music metrical: it is written on a grid of 24 ticks a quarter and humanised afterwards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import numpy as np
import torch

from audiogen.artifacts import Conditioning, Notes, Structure, quarters_per_beat
from audiogen.conditions import FIRST_PERIODS
from audiogen.errors import InvalidRequest
from audiogen.networks.score_transformer import ScoreTransformer, ScoreTransformerConfig
from audiogen.pretrained import Pretrained
from audiogen.stage import PLAIN, Edit, Options, Progress, Sampling, report, silent
from audiogen.structure.score.attributes import TONICS, asked, codes
from audiogen.structure.score.events import (
    FIELDS,
    FREE,
    INPUTS,
    METRICAL,
    N_PITCH,
    OFFSETS,
    TICKS,
    vocabulary,
)
from audiogen.structure.score.form import returning, returning_freely
from audiogen.structure.score.grammar import GUIDANCE, LAST_ONSET_S, Plan
from audiogen.structure.score.performance import perform
from audiogen.structure.score.script import Span
from audiogen.structure.score.writer import Writer, one_thread

FREE_SHARE = 0.75  # of the pieces whose prompt asks for no tempo and no metre
METRE_SHARES = {(4, 4): 0.55, (3, 4): 0.3, (2, 4): 0.15}  # of an asked tempo; compound time is asked for
MINOR_SHARE = 0.4
TEXTURES = {FREE: 2.1, METRICAL: 1.8}  # notes struck together, medians of the training pieces
TONIC_SHARES = np.array([16, 4, 13, 9, 7, 11, 4, 13, 7, 9, 7, 4]) / 104  # C .. B: keys with few signs first
SHORTEST_S, LONGEST_S = 1.0, 600.0
# of a loop: so much of the opening is written again; so long before the end nothing is struck, all is let go
AGAIN_S, CLOSE_S, LET_GO_S = 4.0, 0.02, 0.005


@dataclass(frozen=True)
class ScoreConfig:
    """Sizes of the network, see `ScoreTransformerConfig`; periods: that it can be asked for, in its order."""

    width: int = 256
    layers: int = 5
    heads: int = 4
    hidden: int = 640
    head_hidden: int = 256
    context: int = 256
    dropout: float = 0.05
    periods: tuple[str, ...] = FIRST_PERIODS

    def network(self) -> ScoreTransformerConfig:
        pitch, sizes = list(INPUTS).index("pitch"), asdict(self)
        del sizes["periods"]
        return ScoreTransformerConfig(
            vocabulary(len(self.periods)),
            FIELDS,
            trace_input=pitch,
            trace_first=int(OFFSETS[pitch]) + 1,
            trace_size=N_PITCH,
            **sizes,
        )


class ScoreStage(Pretrained):
    """Conditioning -> Structure with notes."""

    name = "score"
    seam = "structure"
    takes, gives = Conditioning, Structure
    config_class: ClassVar[type] = ScoreConfig
    editable: ClassVar[bool] = True

    @staticmethod
    def build(config: ScoreConfig) -> ScoreTransformer:
        return ScoreTransformer(config.network())

    def __init__(self, config: ScoreConfig, network: ScoreTransformer, device: str = "auto") -> None:
        """`device` is not followed: a pass of one event is faster on a CPU than any launch of it."""
        super().__init__(config, network, device="cpu")
        self.dtype = torch.float32

    def __call__(
        self,
        x: Conditioning,
        conditioning: Conditioning,
        sampling: Sampling = Sampling(),
        progress: Progress = silent,
        options: Options = PLAIN,
    ) -> Structure:
        """Write a part of `x.seconds`; the attributes are those of `x`.

        Args:
            options: its edit is a part with a gap; only that is written.
        Raises:
            InvalidRequest: a length outside 1 .. 600 s.
        """
        if options.edit is not None:
            return self.fill(options.edit, x, sampling, progress)
        if sampling.loop and not sampling.variation:
            return self.circle(x, sampling, progress)
        if not SHORTEST_S <= x.seconds <= LONGEST_S:
            raise InvalidRequest(f"A score takes {SHORTEST_S:g} to {LONGEST_S:g} s, not {x.seconds:g}.")
        if sampling.variation:
            base = self(x, conditioning, replace(sampling, variation=0.0), progress)
            assert base.notes is not None
            return self.vary(base, x, sampling, progress, metrical=base.notes.tempo is not None)
        seed = sampling.seed_for("structure")
        generator = torch.Generator().manual_seed(seed)
        rng = np.random.default_rng(seed)
        known = complete(x, rng)
        metre = known["metre"] or (4, 4)
        bar = 4 * TICKS * metre[0] / metre[1]
        spans: list[Span] = []
        if known["kind"] == METRICAL:
            spans = returning(bar, x.seconds * known["quarters"] / 60 * TICKS, rng)
        elif sampling.melodies > 1:
            spans = returning_freely(x.seconds, rng)
        plan = Plan(
            seconds=x.seconds,
            kind=known["kind"],
            bpm=known["quarters"],
            bar=bar,
            attributes=codes(known, self.config.periods),
            guidance=GUIDANCE,
            beat=TICKS * quarters_per_beat(metre),
            density=known["density"],
            texture=known["texture"],
            key=known["key"],
            spans=tuple(spans),
        )
        total = int(x.seconds * 10)
        with one_thread(), torch.inference_mode():
            writer = Writer(self.network, plan, generator, sampling)  # type: ignore[arg-type]
            written = writer.write(lambda now: report(progress, "structure", int(now * 10), total))
        report(progress, "structure", total, total)
        rows, pedal = perform(written, plan, x, known["loudness"], rng)
        time = {} if plan.kind == FREE else {"tempo": plan.bpm, "metre": metre}
        return Structure(x.seconds, Notes.from_rows(rows, pedal, key=known["key"], **time))

    def circle(self, x: Conditioning, sampling: Sampling, progress: Progress) -> Structure:
        """A part whose end leads back into its beginning, in whole bars where it has any.

        It is written on into the return of its own opening, and cut where that begins.
        """
        seed = sampling.seed_for("structure")
        rng = np.random.default_rng(seed)
        known = complete(x, rng)
        metre = known["metre"] or (4, 4)
        bar = 4 * TICKS * metre[0] / metre[1]
        end, again = x.seconds, min(AGAIN_S, x.seconds)
        if known["kind"] == METRICAL:
            bars = max(1, round(x.seconds * known["quarters"] * TICKS / (60 * bar)))
            known["tempo"] = known["quarters"] = bars * bar * 60 / (TICKS * x.seconds)
            end, again = bars * bar, min(2, bars) * bar
        unit_s = x.seconds / end
        returns = returning(bar, end, rng) if known["kind"] == METRICAL else []
        plan = Plan(
            seconds=x.seconds + again * unit_s + LAST_ONSET_S,
            kind=known["kind"],
            bpm=known["quarters"],
            bar=bar,
            attributes=codes(known, self.config.periods),
            guidance=GUIDANCE,
            beat=TICKS * quarters_per_beat(metre),
            density=known["density"],
            texture=known["texture"],
            key=known["key"],
            spans=(*returns, Span(end, end + again, copy_of=0.0)),
        )
        total = int(x.seconds * 10)
        with one_thread(), torch.inference_mode():
            generator = torch.Generator().manual_seed(seed)
            writer = Writer(self.network, plan, generator, sampling)  # type: ignore[arg-type]
            written = writer.write(
                lambda now: report(progress, "structure", min(int(now * 10), total), total)
            )
        report(progress, "structure", total, total)
        rows, pedal = perform(written, plan, x, known["loudness"], rng, circular=True)
        rows = rows[rows[:, 1] < x.seconds - CLOSE_S]
        let_go = x.seconds - LET_GO_S
        rows[:, 2] = np.minimum(rows[:, 2], let_go)
        pedal = pedal[pedal[:, 0] < let_go]
        if len(pedal) and pedal[-1, 1]:
            pedal = np.concatenate([pedal, [[let_go, 0.0]]])
        time = {} if plan.kind == FREE else {"tempo": plan.bpm, "metre": metre}
        return Structure(x.seconds, Notes.from_rows(rows, pedal, key=known["key"], **time))

    def fill(self, edit: Edit, asked: Conditioning, sampling: Sampling, progress: Progress) -> Structure:
        """The notes of the edit with its span written; see `score.region.fill`."""
        from audiogen.structure.score.region import fill

        total = int(edit.span_s[1] * 10)

        def tell(now_s: float) -> None:
            report(progress, "structure", min(int(now_s * 10), total), total)

        made = fill(self.network, edit.begin, edit.span_s, asked, sampling, tell, self.config.periods)  # type: ignore[arg-type]
        report(progress, "structure", total, total)
        return made

    def vary(
        self,
        base: Structure,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress = silent,
        metrical: bool | None = None,
    ) -> Structure:
        """`base` with `sampling.variation` of its notes written anew; see `score_variation.vary`."""
        from audiogen.structure.score.variation import vary

        total = int(base.seconds * 10)

        def tell(now_s: float) -> None:
            report(progress, "variation", min(int(now_s * 10), total), total)

        made = vary(self.network, base, conditioning, sampling, tell, metrical, self.config.periods)  # type: ignore[arg-type]
        report(progress, "variation", total, total)
        return made


def complete(x: Conditioning, rng: np.random.Generator) -> dict:
    """The asked attributes, and what every piece needs drawn where it is not asked.

    Training windows are balanced over density and loudness; without a wish of its own a piece would as
    often be a thunderstorm as a song, so both, the register and the texture are drawn around a moderate
    middle. Every piece gets a key: with none in mind the model wanders from one to the next.
    """
    known = asked(x)
    middle = 6.5 if not x.tempo else 5.5 * (x.tempo / 100) ** 0.5  # scores are thinner, slow ones most
    wish = float(np.exp(rng.normal(np.log(middle), 0.35)))
    known["density"] = known["density"] or wish
    level = 44 + 2.2 * known["density"] + rng.normal(0, 7)
    known["loudness"] = known["loudness"] or float(np.clip(level, 34, 96))
    known["register"] = known["register"] or float(rng.normal(62, 3.5))
    known["key"] = full_key(known["key"], rng)
    kind = METRICAL if x.tempo or x.metre or rng.random() >= FREE_SHARE else FREE
    metres = list(METRE_SHARES)
    drawn = metres[int(rng.choice(len(metres), p=list(METRE_SHARES.values())))]
    bpm = float(np.round(np.exp(rng.normal(np.log(80 if x.density and x.density < 4 else 104), 0.2))))
    known |= {"kind": kind, "place": 1, "quarters": 60.0}
    chords = float(np.clip(rng.normal(TEXTURES[kind], 0.3), 1.4, 3.0))
    known["texture"] = known["texture"] or chords
    if kind == METRICAL:
        known["metre"] = known["metre"] or drawn
        known["tempo"] = known["quarters"] = (known["tempo"] or bpm) * quarters_per_beat(known["metre"])
    return known


def full_key(wanted: str | None, rng: np.random.Generator) -> str:
    """A key with tonic and mode: as asked, the rest drawn ("minor" -> "D minor")."""
    tonic = TONICS[int(rng.choice(len(TONICS), p=TONIC_SHARES))]
    mode = "minor" if rng.random() < MINOR_SHARE else "major"
    if wanted and " " in wanted:
        return wanted
    return f"{tonic} {wanted or mode}"
