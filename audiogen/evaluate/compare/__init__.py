"""`audiogen compare`: decoders, schedulers and steps on the same work.

cells.py      what is compared: a contender, a scheduler, a number of steps; names on the command line
running.py    runs cells one after the other and keeps each in the folder; seconds, memory, evaluations
work.py       the work in sound: structures, seeds, and the reference of the distances
measures.py   what a cell scored in sound: adherence, distances, diversity
verdicts.py   who is better: at equal evaluations, each at its best; ties
report.py     report.md and report.json
pictures.py   report's PNG files
sounds.py     one structure through every contender; the best cells as they are heard

cells, running, verdicts and the pictures of figures know nothing of sound.
"""
