"""Proof of origin: a mark that is not heard or seen, found again when a file has lost its recipe.

- `code`: how a pattern is dealt out, and the id that it carries
- `sound`, `picture`: laying the mark and finding it
- `credentials`: C2PA, a statement signed by the user

What they withstand, and what not, is measured in docs/origin.md.
"""

VERSION = 1  # of the marks; a recipe says by which its file was marked
