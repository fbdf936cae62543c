"""Which checks apply to which take; one take judged, several ranked.

A check is registered with what it needs: a sound, notes, or both. Which of them a kind of work is judged by
stands in its record (`kinds.Kind.checks`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from audiogen.errors import InvalidRequest
from audiogen.kinds import kind_named
from audiogen.ranking.evidence import Ear, Evidence
from audiogen.ranking.verdict import Check, Verdict
from audiogen.ranking.words import WordJudge
from audiogen.request import Take


@dataclass(frozen=True)
class Entry:
    """A check.

    Attributes:
        applies: whether this take holds what it needs.
        run: the check itself.
    """

    applies: Callable[[Evidence], bool]
    run: Callable[[Evidence], Check]


def _closing(evidence: Evidence) -> Check:
    from audiogen.ranking.closing import closing

    return closing(evidence)


def _signal(evidence: Evidence) -> Check:
    from audiogen.ranking.signal import signal

    return signal(evidence)


def _obedience(evidence: Evidence) -> Check:
    from audiogen.ranking.adherence import obedience

    return obedience(evidence)


def _fidelity(evidence: Evidence) -> Check:
    from audiogen.ranking.fidelity import fidelity

    return fidelity(evidence)


def _asked(evidence: Evidence) -> bool:
    from audiogen.ranking.adherence import named

    sampling = evidence.take.sampling
    given = "source" in evidence.take.recipe and not getattr(sampling, "variation", 0.0)
    return not given and evidence.notes is not None and bool(named(evidence))


CHECKS: dict[str, Entry] = {
    "closing": Entry(lambda e: e.notes is not None or e.take.waveform is not None, _closing),
    "signal": Entry(lambda e: e.take.waveform is not None, _signal),
    "obedience": Entry(_asked, _obedience),
    "fidelity": Entry(lambda e: e.played is not None and e.heard is not None, _fidelity),
}


def judge(take: Take, ear: Ear | None = None, by: WordJudge | None = None) -> Verdict:
    """Every check that applies to a take.

    Args:
        ear: what hears notes in a sound; None: the shipped transcriber, where a sound is to be heard.
        by: a network that says how near the take is to its words, see `words.word_judge`; None: none.
    Raises:
        MissingModel: its weights are not there.
        InvalidRequest: nothing in the take can be checked.
    """
    kind = kind_named(take.conditioning.path)
    evidence = Evidence(take, ear)
    if ear is None and "fidelity" in kind.checks and take.waveform is not None:
        evidence.ear = shipped_ear()
    found = [e.run(evidence) for name, e in CHECKS.items() if name in kind.checks and e.applies(evidence)]
    if not found and by is None:
        raise InvalidRequest(
            f"Nothing in this take can be checked: it holds neither notes nor sound ({kind.name})."
        )
    return Verdict(tuple(found), likeness=None if by is None else by(take))


def rank(
    takes: Iterable[Take], ear: Ear | None = None, by: WordJudge | None = None
) -> list[tuple[Take, Verdict]]:
    """Takes, best first, each with its verdict and place; of equals the earlier comes first.

    All takes are held in memory; to keep only the best of many, `judge` them one by one and `ranked`.
    """
    return ranked([(take, judge(take, ear, by)) for take in takes])


def ranked(rows: list[tuple[Take, Verdict]]) -> list[tuple[Take, Verdict]]:
    """The rows in order, their places filled in."""
    order = sorted(rows, key=lambda row: -row[1].merit)
    return [
        (take, dataclasses.replace(verdict, place=k + 1, of=len(order)))
        for k, (take, verdict) in enumerate(order)
    ]


def judged(take: Take, verdict: Verdict) -> Take:
    """The take with its verdict in its recipe, as it is written into files."""
    return dataclasses.replace(take, recipe=take.recipe | {"verdict": verdict.to_dict()})


def shipped_ear() -> Ear:
    """The project's own transcriber, on the CPU; loaded once.

    Raises:
        MissingModel: its weights are absent or damaged.
    """
    from audiogen.registry import find_weights

    return _ear(find_weights("transcriber"))


@lru_cache(maxsize=1)
def _ear(folder: Path) -> Ear:
    from audiogen.ranking.transcribe import TranscriberStage

    return TranscriberStage.from_pretrained(folder, device="cpu").transcribe
