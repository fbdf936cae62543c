"""The kinds of test by name: another kind is one module and one line here (and its half of the page)."""

from __future__ import annotations

from audiogen.listen.ab import PairedPreference
from audiogen.listen.trials import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (PairedPreference(),)}
