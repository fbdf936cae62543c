"""`audiogen compare`: decoders, schedulers and steps on the same work.

bench.py      what a comparison needs to know of its material, and what was asked (Options)
cells.py      what is compared: a contender, a scheduler, a number of steps; names on the command line
stages.py     the structure stage of a comparison
running.py    runs cells one after the other and keeps each in the folder; seconds, memory, evaluations
likeness.py   by a CLIP or CLAP of the user's: how near results are to their words
verdicts.py   who is better: at equal evaluations, each at its best; ties
folder.py     a whole comparison into a folder
report.py     report.md and report.json
figures.py    quality against evaluations as PNG
sound/        the bench of piano and ambience
picture/      the bench of digits and illustrations

Only `sound/` and `picture/` know what is decoded.
"""
