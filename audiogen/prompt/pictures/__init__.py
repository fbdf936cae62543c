"""Pictures: words.py holds their word list, recognition.py finds its words in a prompt.
subjects.py decides what is drawn and how; usual.py fills in what is left open."""
