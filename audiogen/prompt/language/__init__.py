"""Text in normal form, tokens, numbers; lengths.py, formats.py and order.py: what a text says of time and files.
lexicon.py holds the word lists (yaml_lines.py reads them), recognition.py finds their words, spelling.py slips."""
