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
judge.py       which checks apply to which take; `judge` and `rank`
"""

from __future__ import annotations

from audiogen.ranking.judge import judge, judged, rank, ranked
from audiogen.ranking.verdict import Check, Verdict

__all__ = ["Check", "Verdict", "judge", "judged", "rank", "ranked"]
