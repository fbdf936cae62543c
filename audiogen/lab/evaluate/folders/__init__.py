"""audiogen evaluate sound|pictures A/ B/: two folders of files held against each other, whoever made them.

sets.py       distances, density and coverage of two sets of rows, with intervals and anchors
sounds.py     sounds as rows and figures; pictures.py  the same of pictures
cache.py      what has been measured of a file is not measured again
page.py       tables and the HTML report
command.py    the verb
"""
