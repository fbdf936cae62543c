"""Text in normal form, tokens, numbers and lengths; slips of the pen (spelling.py).
lexicon.py holds the word lists (yaml_lines.py reads them), recognition.py finds their words in a text."""
