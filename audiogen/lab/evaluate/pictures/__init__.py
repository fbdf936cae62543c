"""How well pictures are made: `audiogen evaluate pictures --data build/pictures`.

features   the feature network: the encoder of the project's own autoencoder at three sizes
damage     pictures damaged in known ways: what the distances mean
gallery    prepared pictures with what was asked of them
reading    the digit and the style that are read from a picture
novelty    distance to the nearest training picture
measures   distances, contour IoU, accuracy, diversity, novelty, with intervals
report     decoders measured between held-out and damaged pictures
"""
