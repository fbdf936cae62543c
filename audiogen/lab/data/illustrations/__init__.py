"""Captioned illustrations: upstream sets of emoji and icons -> pictures, looks, subjects and words.

collection.py  the manifest and the archives     looks.py    what a person would call the manner
captions.py    names -> subject and details      colours.py  the colour that a picture mostly has
edges.py       a line drawing of a picture       words.py    the vocabulary
"""
