"""Speed and memory, measured on this machine and written to RESULTS.md; run with `make bench`.

machine.py   the processor and its own matrix peak
stages.py    seconds of every stage, warm, and the matrix efficiency of the networks
process.py   the whole command from a cold process: seconds and peak memory
musicgen.py  the real-size MusicGen-small architecture with random weights, for its speed only
page.py      RESULTS.json -> RESULTS.md
"""
