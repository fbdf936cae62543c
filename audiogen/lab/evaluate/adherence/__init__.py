"""Does the score stage do what was asked, and does it write like the pieces it learned from?

    audiogen evaluate adherence --weights piano-score -n 64 --source DIR --data DIR

- pieces.py    prompts -> pieces, through the prompt parser, on several processes
- held_out.py  excerpts of pieces that training never saw
- order.py     loudness, density and register: words in rising order
- tempo.py     asked and heard tempo, clearness of the beat
- mode.py      asked and heard key and mode
- endings.py   how a piece ends
- memory.py    runs of notes that training holds, and repetition within a piece
- texture.py   voices, hands, leaps
- sound.py     tempo and key of the rendered sound, by librosa (with --audio N)
- others.py    every other word, and computing time
- report.py    sections, goals, Markdown and JSON
- command.py   the command
"""
