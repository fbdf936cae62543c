"""Proof of origin: a mark that is not heard or seen, found again when a file has lost its recipe.

- `code`: how a pattern is dealt out, and the id that it carries
- `sound`, `picture`: laying the mark, and finding that of sound
- `picture_search`, `lattice`: finding that of pictures
- `carrier`, `shaping`: of sound, the noise that is laid and how strong it is; `shaping_v1`: up to version 1
- `credentials`: C2PA, a statement signed by the user

What they withstand, and what not, is measured in docs/origin.md.
"""

# versions of the marks; a recipe says by which its file was marked, and a replay lays that one
# 2: of sound, shaped by `shaping`; of pictures, stronger where flat, and not cut off at black and white
SOUND, PICTURE = 2, 2
