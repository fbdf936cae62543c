"""The kinds of test by name: another kind is one module, with its trials, page and report, and one line here.

ab.py      which of two is preferred; of many systems every pair (Bradley-Terry)
abx.py     is X A or B
mushra.py  scores beside a reference, with it hidden and two anchors among them (ITU-R BS.1534-3)
mos.py     one at a time, from 1 to 5 (ITU-T P.800)
rank.py    from best to worst
shows.py   does it show, or sound like, what was asked
"""

from __future__ import annotations

from audiogen.listen.kind import Kind
from audiogen.listen.kinds.ab import PairedPreference
from audiogen.listen.kinds.abx import Abx
from audiogen.listen.kinds.mos import OpinionScore
from audiogen.listen.kinds.mushra import Mushra
from audiogen.listen.kinds.rank import Ranking
from audiogen.listen.kinds.shows import Shows

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (PairedPreference(), Abx(), Mushra(), OpinionScore(), Ranking(), Shows())
}
