"""Text, tokens, numbers; lengths (lengths.py), files (formats.py) and what should come after what (order.py).
lexicon.py holds the word lists (yaml_lines.py reads them), recognition.py finds their words in a text.
"""
