"""Painterly rendering: a digit's strokes -> a 512x512 picture in one of four styles.

form.py        the form: ink, distance, tangent, and the 64x64 contour
watercolor.py  washes, wet edges, blooms      oil.py  strokes, impasto, canvas
pencil.py      graphite hatching              ink.py  pen lines, cross-hatching, stipple
outlines.py    outlines piece by piece        palettes.py  colours of real paintings
render.py      all styles by name

Strokes, papers and noise are those of `media.painting`.
"""
