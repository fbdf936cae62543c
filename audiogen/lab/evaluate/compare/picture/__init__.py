"""The comparison of decoders of pictures: painted digits and illustrations.

work.py       contours and wishes, with their seeds
bench.py      all this as a bench, judged by `evaluate/pictures`, and the words of the report
"""
