"""Amounts of music as people write them: keys.py, tempi.py (tempo, metre, notes per second).
attributes.py holds the ranges of what words can ask for, terms.py the musician's word for a value."""
