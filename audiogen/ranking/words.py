"""How near a take is to its words, by a CLIP (pictures) or a CLAP (sound) of the user's."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from audiogen.errors import InvalidRequest
from audiogen.hub import finding
from audiogen.ranking.verdict import Likeness
from audiogen.request import Take

WordJudge = Callable[[Take], Likeness]
FOR = {True: (finding.CLIP, "pictures"), False: (finding.CLAP, "sounds")}  # whether a picture is judged


def check_judge(source: str, picture: bool) -> None:
    """Refuse, before a network is loaded, what cannot judge a picture, or a sound.

    Raises:
        MissingModel: it is not there. InvalidRequest: it compares words with something else.
    """
    kind, what = FOR[picture]
    if finding.compares(source) != kind:
        raise InvalidRequest(f"{source} compares no words with {what}; give a {kind.upper()}.")


@lru_cache(maxsize=2)
def word_judge(source: str, picture: bool, device: str = "auto") -> WordJudge:
    """A judge by folder or hub id; loaded once.

    Raises:
        MissingModel, InvalidRequest: see `hub.judges.Words`.
    """
    from audiogen.hub import judges
    from audiogen.pretrained import pick_device

    kind = judges.Clip if picture else judges.Clap
    network = kind(source, pick_device(device))

    def judge(take: Take) -> Likeness:
        words = take.conditioning.prompt
        if not words.strip():
            raise InvalidRequest("A take without words cannot be put in order by them; leave out --rank-by.")
        if isinstance(network, judges.Clip):
            assert take.picture is not None
            cosine = float(network.cosines([take.picture.pixels], [words])[0])
        else:
            assert take.waveform is not None
            cosine = network.cosine(take.waveform.samples, take.waveform.sample_rate, words)
        return Likeness(network.hears, source, network.sha256, round(cosine, 6))

    return judge
