"""Which of several takes is best, and why: the project's own checks in one verdict.

for take, verdict in rank(make(Request("calm piano", sampling=Sampling(n=4)))):
    print(verdict.line(), verdict.why)

verdict.py     what a check and a verdict are, how checks become one total; needs nothing heavy
evidence.py    what can be known of a take: its notes, what a listener hears, the signal
closing.py     does it end
signal.py      is the sound clean
obedience.py   is it what was asked
fidelity.py    does the sound play the notes
asked.py       what was asked and what is measured, row by row
words.py       is it like its words, by a CLIP or CLAP of the user's
judge.py       which checks apply to which take; `judge` and `rank`
"""

from __future__ import annotations

from audiogen.ranking.judge import judge, judged, rank, ranked
from audiogen.ranking.verdict import Check, Likeness, Verdict
from audiogen.ranking.words import word_judge

__all__ = ["Check", "Likeness", "Verdict", "judge", "judged", "rank", "ranked", "word_judge"]
