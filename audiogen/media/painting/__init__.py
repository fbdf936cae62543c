"""Painting by rule: paper, pigment, brush, pencil and pen, at 512x512.

textures.py  noise and blur       paper.py     grounds          strokes.py  strokes as machine code
hatching.py  where lines begin    brush.py     thick paint      outlines.py the middle of drawn lines
areas.py     plain areas of colour, and what of a picture is the figure
body.py      how a form bulges, and light on it
mediums.py   a picture in watercolour, oil, pencil or ink, or as an illustration, up to `painting: 5`
bodied.py    the same since, as bodies in the light
"""

# `Request.painting` from which a figure has proportions and colours of its own, and oil a primed canvas; and
# from which outlines are smooth, of one width and of one colour; from which light falls on a body; and from
# which what lies within a figure is moved as a whole
OWN, CRISP, BODIED, WHOLE = 4, 5, 6, 7
