"""What every kind asks, takes and reports."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.listen.kinds import KINDS
from audiogen.listen.order import latin_order, williams
from audiogen.listen.report import comparison_words, report
from audiogen.listen.trials import Item, Plan, Stimulus

SYSTEMS = ("ours", "theirs", "third")
GIVEN = {
    "ab": "A",
    "abx": "B",
    "mos": "4",
    "shows": "partly",
    "rank": ["B", "C", "A"],
    "mushra": {"A": 90, "B": 20, "C": 55, "D": 0, "E": 100, "F": 7},
}


def items(count=4, systems=SYSTEMS):
    def stimulus(system, k):
        return Stimulus(system, Path(f"{system}/{k}.wav"), f"{system}{k}")

    return [
        Item(f"piece{k}", tuple(stimulus(s, k) for s in systems), stimulus("reference", k), f"words {k}")
        for k in range(count)
    ]


def systems_for(kind):
    return SYSTEMS[: min(3, KINDS[kind].most)]


def row_of(trial, rater="ann", of=16):
    stimuli = [{"label": label, "system": s.system, "sha256": s.sha256} for label, s in trial.stimuli.items()]
    row = {"kind": trial.kind, "trial": trial.id, "item": trial.item.name, "question": "", "rater": rater}
    row |= {"of": of, "stimuli": stimuli, "forced": False, "systems": list(systems_for(trial.kind))}
    return row | {"comment": "", **({"check": trial.check} if trial.check else {})}


@pytest.mark.parametrize("kind", KINDS)
def test_from_the_plan_to_the_report(kind):
    own = KINDS[kind]
    assert own.name == kind
    rows = []
    for number in range(8):
        for trial in own.draw(items(systems=systems_for(kind)), Plan(seed=3, number=number)):
            row = row_of(trial, f"r{number}")
            row |= own.judge(row, GIVEN[kind])
            assert own.is_valid(row)
            rows.append(row)
    (found,) = report(rows, {}, screening=False)["comparisons"]
    assert (found["raters"], found["items"], found["answers"]) == (8, 4, len(rows))
    assert found["conclusion"]
    assert any(found["conclusion"] in line for line in comparison_words(found))
    assert all(svg.startswith("<svg") and svg.endswith("</svg>") for svg in own.plots(found))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", [None, "Z", 7, [], {}, ["A"], {"A": 101}, {"A": True}, "none "])
def test_what_is_no_answer(kind, answer):
    trial = KINDS[kind].draw(items(systems=systems_for(kind)), Plan())[0]
    row = row_of(trial)
    with pytest.raises(InvalidRequest, match="An answer"):
        KINDS[kind].judge(row, answer)
    assert not KINDS[kind].is_valid(row | {"answer": answer})


@pytest.mark.parametrize("count", [4, 5, 8])
def test_rows_of_the_square_balance_place_and_predecessor(count):
    rows = [list(williams(count, row)) for row in range(count * (1 + count % 2))]
    assert all(sorted(row) == list(range(count)) for row in rows)
    places = Counter((place, trial) for row in rows for place, trial in enumerate(row))
    follows = Counter(pair for row in rows for pair in pairwise(row))
    assert len(set(places.values())) == len(set(follows.values())) == 1
    assert len(follows) == count * (count - 1)
    assert sorted(latin_order(count, 2, seed=9)) == list(range(count))


def test_abx_has_its_number_of_trials_and_x_is_a_in_half():
    trials = KINDS["abx"].draw(items(3, SYSTEMS[:2]), Plan(seed=1))
    assert len(trials) == 16
    same = [t.stimuli["X"] == t.stimuli["A"] for t in trials]
    assert 6 <= sum(same) <= 10
    assert len(KINDS["abx"].draw(items(3, SYSTEMS[:2]), Plan(trials=7))) == 7
    assert len({t.id for t in trials}) == 16


def test_abx_counts_nobody_who_stopped_early_and_says_what_was_needed():
    trials = KINDS["abx"].draw(items(4, SYSTEMS[:2]), Plan(seed=1))
    rows = []
    for rater, count, right in (("ann", 16, 12), ("bob", 9, 9)):
        for k, trial in enumerate(trials[:count]):
            is_a = trial.stimuli["X"] == trial.stimuli["A"]
            row = row_of(trial, rater)
            rows.append(row | KINDS["abx"].judge(row, "A" if is_a == (k < right) else "B"))
    (found,) = report(rows, {})["comparisons"]
    assert found["excluded"] == {"bob": "stopped after 9 of 16 trials"}
    assert (found["count"], found["of"]) == (12, 16)
    assert found["p"] == pytest.approx(0.0384, abs=1e-4)
    assert found["conclusion"].startswith("A difference was perceived: 12 of 16 right gives p = 0.038")


def test_mushra_hides_the_reference_and_two_anchors_and_drops_who_does_not_hear_them():
    mushra = KINDS["mushra"]
    trial = mushra.draw(items(), Plan())[0]
    assert list(trial.stimuli) == ["R", *"ABCDEF"]
    hidden = {s.system: s.lowpass_hz for label, s in trial.stimuli.items() if label != "R"}
    assert hidden == {**dict.fromkeys((*SYSTEMS, "reference"), 0), "anchor35": 3500, "anchor70": 7000}
    rows = []
    raters = [("ann", 100, 40), ("bob", 80, 40), ("cy", 95, 95), ("dee", 100, 30), ("eve", 90, 90)]
    for rater, reference, anchor in raters:
        for one in mushra.draw(items(), Plan()):
            row = row_of(one, rater)
            dull = one.item.name == items()[0].name  # nothing above 7 kHz: two of five hear no difference
            scores = {"reference": reference, "anchor70": 95 if dull and rater in ("ann", "dee") else anchor}
            answer = {x: scores.get(s.system, 50) for x, s in one.stimuli.items() if x != "R"}
            rows.append(row | mushra.judge(row, answer))
    (found,) = report(rows, {})["comparisons"]
    assert found["excluded"] == {
        "bob": "scored the hidden reference below 90 in 4 of 4 trials",
        "cy": "scored the 7 kHz anchor above 90 in 3 of 3 trials",
    }
    assert found["raters"] == 3
    assert {name for pair in found["pairs"] for name in pair["systems"]} == set(SYSTEMS)  # no anchors
    assert report(rows, {}, screening=False)["comparisons"][0]["raters"] == 5
    with pytest.raises(InvalidRequest, match="leave out --checks"):
        mushra.draw(items(), Plan(checks=1))
    with pytest.raises(InvalidRequest, match="needs a reference"):
        mushra.draw([Item("x", items()[0].stimuli)], Plan())


@pytest.mark.parametrize("kind", ["ab", "abx", "mos", "shows", "rank"])
def test_attention_checks_lie_between_and_leave_out_who_fails_half(kind):
    own = KINDS[kind]
    trials = own.draw(items(systems=systems_for(kind)), Plan(seed=2, checks=2))
    checks = [t for t in trials if t.check]
    assert len(checks) == 2 and not trials[0].check and not trials[-1].check
    assert len({t.id for t in trials}) == len(trials)
    rows = []
    for rater in ("reads", "sleeps"):
        for trial in trials:
            row = row_of(trial, rater, len(trials))
            wanted = trial.check or GIVEN[kind]
            if trial.check and kind == "rank":
                wanted = [trial.check, *(x for x in trial.stimuli if x != trial.check)]
            if trial.check and rater == "sleeps":
                wanted = (
                    next(c.value for c in own.choices if c.value != trial.check)
                    if own.choices
                    else wanted[::-1]
                )
            rows.append(row | own.judge(row, wanted))
    (found,) = report(rows, {})["comparisons"]
    assert found["excluded"] == {"sleeps": "failed 2 of 2 attention checks"}
    assert found["answers"] == len(trials) - 2


def test_many_systems_are_ordered_by_strength_and_pairs_by_holm():
    ab = KINDS["ab"]
    better = {"ours": 2, "theirs": 1, "third": 0}
    rows = []
    for number in range(8):
        for trial in ab.draw(items(), Plan(number=number)):
            row = row_of(trial, f"r{number}")
            a, b = (better[s.system] for s in trial.stimuli.values())
            rows.append(row | ab.judge(row, "A" if a > b else "B"))
    assert len(rows) == 8 * 3 * 4
    (found,) = report(rows, {})["comparisons"]
    assert list(found["strength"]) == ["ours", "theirs", "third"]
    assert (
        found["conclusion"] == "Shown to be preferred (Holm): ours to theirs, ours to third, theirs to third."
    )
    assert all(pair["p_holm"] >= pair["p"] for pair in found["pairs"])


def test_scores_of_a_clear_order_and_of_too_few_raters():
    mos = KINDS["mos"]
    rng = np.random.default_rng(0)

    def rows(raters):
        found = []
        for number in range(raters):
            for trial in mos.draw(items(), Plan(number=number, repeats=2)):
                row = row_of(trial, f"r{number}")
                mean = {"ours": 4.5, "theirs": 3.2, "third": 1.6}[trial.item.stimuli[0].system]
                found.append(row | mos.judge(row, str(int(np.clip(round(mean + rng.normal(0, 0.5)), 1, 5)))))
        return found

    (found,) = report(rows(12), {})["comparisons"]
    assert found["conclusion"] == "ours is shown to be better than theirs and third (Wilcoxon, Holm)."
    assert found["interval_over"] == "raters"
    assert min(found["agreement"].values()) > 0.8
    assert found["consistency"]["r0"]["pairs"] == 12
    (few,) = report([r for r in rows(4) if r["item"] == "piece0"], {})["comparisons"]
    assert "n too small: with 4 answers and 3 pairs the smallest p possible is 0.38" in few["conclusion"]
    assert "fewer than 6 say nothing of others" in few["conclusion"]


def test_preference_that_is_too_small_to_show_says_how_many_answers_it_takes():
    ab = KINDS["ab"]
    trials = ab.draw(items(16, SYSTEMS[:2]), Plan())
    rows = []
    for k, trial in enumerate(trials):
        row = row_of(trial) | {"systems": ["ours", "theirs"]}
        label = next(x for x, s in trial.stimuli.items() if (s.system == "ours") == (k < 12))
        rows.append(row | ab.judge(row, label))
    (found,) = report(rows, {})["comparisons"]
    assert "n too small: 12 of 16 gives p = 0.077; about 3" in found["conclusion"]
