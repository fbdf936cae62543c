"""--best K: make every take, judge it, keep the best, and say why.

Only K takes are held at a time. The others are not written; each is named with its seed, which makes it
again.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiogen.cli import output
from audiogen.cli.delivery import announce, deliver
from audiogen.errors import Cancelled, InvalidRequest

if TYPE_CHECKING:
    from audiogen.cli.job import Job, Ready
    from audiogen.cli.progress import Reporter
    from audiogen.ranking import Verdict
    from audiogen.ranking.words import WordJudge
    from audiogen.request import Plan, Take


def load(ready: Ready) -> None:
    """What judging needs: the transcriber, and the network that takes are put in order by."""
    from audiogen.ranking.judge import shipped_ear

    if "fidelity" in ready.plan.kind.checks:
        shipped_ear()
    word_judge_of(ready)


def check(job: Job, plan: Plan) -> None:
    """Raise InvalidRequest or MissingModel where --rank-by cannot put the takes in order."""
    if job.rank_by is None:
        return
    if job.best is None:
        raise InvalidRequest("--rank-by puts takes in order for --best; give --best K as well.")
    if not plan.conditioning.prompt.strip():
        raise InvalidRequest("--rank-by compares takes with words, and here are none; give a prompt.")
    from audiogen.ranking.words import check_judge

    check_judge(job.rank_by, plan.kind.is_picture)


def word_judge_of(ready: Ready) -> WordJudge | None:
    """The network that takes are put in order by; None: by the checks."""
    from audiogen.ranking import word_judge

    job = ready.job
    if job.rank_by is None:
        return None
    return word_judge(job.rank_by, ready.plan.kind.is_picture, job.request.device)


class Best:
    """The K best takes so far, and the verdicts of all.

    Attributes:
        kept: number of the take (from 0) -> take, the best K.
        verdicts: number of the take -> verdict.
    """

    def __init__(self, keep: int, by: WordJudge | None = None) -> None:
        self.keep = keep
        self.by = by
        self.kept: dict[int, Take] = {}
        self.verdicts: dict[int, Verdict] = {}
        self.labels: dict[int, str] = {}
        self.seeds: dict[int, dict[str, int]] = {}

    def add(self, number: int, take: Take) -> None:
        """Judge a take, and let go of what is no longer among the best."""
        from audiogen.ranking import judge

        self.verdicts[number] = judge(take, by=self.by)
        self.kept[number] = take
        varied = take.sampling.variation > 0
        self.seeds[number] = {"seed": take.seed}
        self.labels[number] = take.label
        if varied:
            self.seeds[number]["variation_seed"] = take.sampling.variation_seed
        best = self.order()[: self.keep]
        self.kept = {k: self.kept[k] for k in best}

    def order(self) -> list[int]:
        """Numbers of the takes, best first; of equals the earlier."""
        return sorted(self.verdicts, key=lambda k: (-self.verdicts[k].merit, k))

    def placed(self) -> dict[int, Verdict]:
        """The verdicts with their places."""
        order = self.order()
        return {
            k: dataclasses.replace(self.verdicts[k], place=place, of=len(order))
            for place, k in enumerate(order, 1)
        }


def perform(ready: Ready, reporter: Reporter) -> list[Path]:
    """As `work.perform`; interrupted, a single job still keeps the best of what is finished."""
    from audiogen import making

    if not ready.missing:
        for place in ready.places:
            if place.exists:
                reporter.say(f"{place.file} exists; left alone")
        return []
    count = ready.job.request.sampling.n
    best = Best(ready.job.best or 1, word_judge_of(ready))
    try:
        for k in range(count):
            reporter.take(k + 1, count)
            (take,) = making.make(ready.plan, reporter, items=[k])
            reporter.begin("judging")
            with reporter.interrupt.held():
                best.add(k, take)
    except (KeyboardInterrupt, Cancelled):
        if best.kept and ready.job.number is None:
            _write(ready, best, reporter)
        raise
    return _write(ready, best, reporter)


def _write(ready: Ready, best: Best, reporter: Reporter) -> list[Path]:
    """The kept takes into their files, the verdicts to the user; returns the main files."""
    from audiogen.ranking import judged

    verdicts = best.placed()
    for line in table(best, verdicts):
        reporter.say(line)
    written = []
    for place, number in enumerate(best.order()):
        verdict = verdicts[number]
        if number not in best.kept:
            if ready.job.json:
                output.print_json(_dropped(ready, best.seeds[number], verdict))
            continue
        target = ready.places[number if ready.apart else place]
        if target.exists:
            reporter.say(f"{target.file} exists; left alone")
            continue
        take = judged(best.kept[number], verdict)
        with reporter.interrupt.held():
            files = deliver(ready.job, take, target)
            announce(ready.job, take, files, reporter)
        written += files[:1]
    return written


def table(best: Best, verdicts: dict[int, Verdict]) -> list[str]:
    """The ranking for people: two lines a take, best first."""
    count = len(verdicts)
    likeness = next(iter(verdicts.values())).likeness
    how = "0 to 1" if likeness is None else f"by {likeness.model}, a cosine of sound and words"
    if likeness is not None and likeness.kind == "clip":
        how = how.replace("sound", "picture")
    lines = [f"ranking of {count} take{'s' * (count > 1)}, {how}:"]
    width = max(len(label) for label in best.labels.values())
    for number in best.order():
        verdict = verdicts[number]
        mark = "kept" if number in best.kept else ""
        lines.append(f"{verdict.place:>3}  {best.labels[number]:<{width}}  {verdict.line()}  {mark}".rstrip())
        lines.append(f"     {verdict.why}")
    if len(best.kept) < count:
        option = "--variation-seed" if "variation_seed" in best.seeds[0] else "--seed"
        lines.append(f"the others are not written; {option} with its number makes any of them again")
    return lines


def _dropped(ready: Ready, seeds: dict[str, int], verdict: Verdict) -> dict[str, Any]:
    """The line of JSON of a take that was not kept."""
    row: dict[str, Any] = {} if ready.job.number is None else {"job": ready.job.number}
    return row | {"file": None, **seeds, "verdict": verdict.to_dict()}
