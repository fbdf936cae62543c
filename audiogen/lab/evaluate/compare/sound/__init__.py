"""The comparison of decoders of sound: piano and ambience.

work.py       structures, seeds, and the reference of the distances
measures.py   what a cell scored: adherence, distances, diversity
heard.py      one structure through every contender; the best cells as they are heard
strip.py      PNG of one structure through every contender
bench.py      all this as a bench, and the words of the report
"""
