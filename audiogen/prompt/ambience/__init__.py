"""Sounds of nature: which, how much of each, how heavy the main one is (sounds.py), one louder than another
(comparing.py); whether they sound beside a piano or are a mood of its music (beside.py).
"""
