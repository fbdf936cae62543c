"""Amounts of music as people write them: keys.py, tempi.py, bars.py, harmony.py (chords); qualified.py: "a long reverb".
attributes.py holds the ranges of what words can ask for, terms.py the musician's word for a value."""
