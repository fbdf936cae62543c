"""What a prompt for pictures leaves open."""

from __future__ import annotations

import dataclasses

from audiogen.artifacts import Conditioning

LOOK = "3d"  # of a picture whose style is left open
# Seen from the front where nothing else is said.
FACES = {"cat", "dog", "mouse", "monkey", "tiger", "pig", "cow", "rabbit", "horse", "fox", "frog"}


def as_usual(known: Conditioning) -> Conditioning:
    """What is left open, as most pictures of such a subject have it."""
    if not (known.style or known.look):
        known = dataclasses.replace(known, look=LOOK)
    if known.subject in FACES:
        known = dataclasses.replace(known, details=tuple(dict.fromkeys((*known.details, "face"))))
    return known
