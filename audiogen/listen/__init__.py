"""Listening tests: a blind page on loopback, one line of JSON per answer, and what the answers show.

pairs.py      two folders -> items, the same piece by each system
trials.py     what a test is made of: Sound, Item, Trial, and the protocol of a kind of test
ab.py         the A/B kind: which side is which, what an answer means
ab_report.py  counts, exact p and interval of A/B answers, and a plain sentence
kinds.py      the kinds by name; ABX and MUSHRA will be lines there
levels.py     equal loudness, rate, channels and length; the WAV files that the page plays
answers.py    the JSONL file: appended at once, read with its damaged lines
session.py    one rater's sitting: which trial is next, what an answer is worth keeping
server.py     HTTP on 127.0.0.1
page.py       page.html with page.css, texts.js, player.js and page.js inside
report.py     answers of many files -> one report per comparison

The page and the report know no pipeline: any two folders of sounds can be compared.
"""
