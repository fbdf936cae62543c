"""Amounts of music as people write them: keys.py, tempi.py, bars.py, harmony.py (chords).
Words: attributes.py (ranges), qualified.py (said of another word), terms.py (for a value).
"""
