"""Listening tests: a blind page, one line of JSON per answer, and what the answers show.

trials.py      what a test is made of: Stimulus, Item, Trial, Plan
order.py       rows of a balanced Latin square
kind.py        what the kinds of test have in common; kinds/ has one file for each
folders.py     folders -> items, the same piece by each system
levels.py      equal loudness, rate, channels and length; anchors.py: the low-passed reference of MUSHRA
pictures.py    pixels without their recipe; presented.py: sounds or pictures, whichever a test has
design.py      a test as it was set up, and what an answer is worth keeping
answers.py     the JSONL file: appended at once, read with its damaged lines
session.py     sittings: who is asked what next
server.py      HTTP on 127.0.0.1, or on the local network; page.py: web/ as one document
sealed.py      a page with the sounds inside, its key, and the answers that come back
report.py      answers of many files -> one report per comparison; report_page.py: with plots, plot.py
stats.py       the statistics; preferences.py and scores.py: the reports of choices and of numbers
webmushra.py   its YAML and CSV

The page and the report know no pipeline: any folders of sounds or pictures can be compared.
"""
