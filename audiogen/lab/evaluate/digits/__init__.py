"""How well digits are drawn: `audiogen evaluate digits --data build/digits`.

judge      the project's reader of digits
measures   accuracy, classifier score, Frechet distance, KID, diversity, distance to the training digits
report     stages drawn, measured and set side by side; grids of what they drew
"""
