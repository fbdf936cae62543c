"""From a request to finished takes: what `audiogen make`, `decode` and `again` do, without a terminal.

    request = Request(prompt="calm piano, 15 s", sampling=Sampling(seed=7))
    for take in make(request):
        take.save("calm.wav")

`understand` checks everything that can be checked before a network is loaded, and imports no torch.

    understanding  a request becomes a plan      sound     length, loudness, bed, loop
    words          kind of work, vocabulary      pictures  size, style, contour
    sources        files that are started from   retouch   a picture that is changed, and its mask
    revision       a sound that is changed in one place    mixing    sounds laid under another
    engine         the stages of a plan, one take after the other
"""

from audiogen.making.engine import artifacts, make, take, use_dtypes
from audiogen.making.sound import SUFFIXES as SOUND_SUFFIXES
from audiogen.making.sound import target_lufs, with_length
from audiogen.making.sources import STRUCTURE_SUFFIXES, load_source
from audiogen.making.understanding import understand
from audiogen.request import Plan, Request, Take

__all__ = [
    "SOUND_SUFFIXES",
    "STRUCTURE_SUFFIXES",
    "Plan",
    "Request",
    "Take",
    "artifacts",
    "load_source",
    "make",
    "take",
    "target_lufs",
    "understand",
    "use_dtypes",
    "with_length",
]
