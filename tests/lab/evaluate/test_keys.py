"""Keys heard in notes, and read from titles."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import Notes
from audiogen.lab.evaluate.keys import PROFILES, heard_key, same_key, title_key
from audiogen.structure.score.attributes import TONICS

STEPS = {
    "major": (0, 4, 7, 12, 5, 9, 12, 7, 11, 14, 0, 2, 4, 7),
    "minor": (0, 3, 7, 12, 5, 8, 12, 7, 11, 14, 0),
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("mode", STEPS)
def test_cadences_are_heard_in_every_key(profile, mode):
    for tonic, name in enumerate(TONICS):
        pitch = 48 + tonic + np.array(STEPS[mode])
        onset = 0.5 * np.arange(len(pitch))
        notes = Notes.from_rows(np.stack([pitch, onset, onset + 0.4, np.full(len(pitch), 70)], 1))
        assert heard_key(notes, profile) == f"{name} {mode}"


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Polonaise in D minor BWV Anh. 128", "D minor"),
        ("Fugue in E-flat Major KV 153", "Eb major"),
        ("Prelude and Fugue in G-sharp minor BWV 863", "Ab minor"),
        ("Romance op. 28, no. 2, fis-dur", "F# major"),
        ("Impromptu in Ges-dur D.899", "F# major"),
        ("Impromptu in As-dur D.899", "Ab major"),
        ("Militärmarsch in es-dur", "Eb major"),
        ("Walzer h-moll Op. 69, No. 2", "B minor"),
        ("Scherzo b-moll, op. 31", "Bb minor"),
        ("Spanish rhapsody in c♯ minor", "C# minor"),
        ("Sonata no. 12, f-dur = fa majeur = f major", "F major"),
        ("Sonata appassionata: op. 57, F minor: 1st movement", "F minor"),
        ("Sonata f minor, op. 5: 2nd movement", None),
        ("Concerto e minor: Part II", None),
        ("Preludes: No. 3, G major ; No. 6, B minor", None),
        ("Rhapsodie hongroise, no. 2: key of E", None),
        ("Invention 8", None),
    ],
)
def test_titles(title, key):
    found = title_key(title)
    assert (found is None) == (key is None)
    assert key is None or same_key(str(found), key)


def test_one_key_has_two_names():
    assert same_key("Db major", "C# major") and same_key("G# minor", "Ab minor")
    assert not same_key("Db major", "C# minor") and not same_key("D major", "D minor")
