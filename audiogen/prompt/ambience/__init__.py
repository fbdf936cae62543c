"""Sounds of nature: sounds.py says which, how much of each and how heavy the main one is, comparing.py which is
louder; beside.py says whether they are asked for as sounds beside a piano, or are a mood of its music."""
