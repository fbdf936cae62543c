"""The workshop: prepares data, trains and measures weights.

Nothing that makes a sound or a picture imports it.

data      recordings, MIDI files and pictures -> prepared shards
train     recipes, tasks and the loop that runs them
evaluate  measures of weights on held-out data
"""
