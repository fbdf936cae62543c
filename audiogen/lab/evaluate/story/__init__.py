"""Picture stories measured: identity from frame to frame, what was asked, layouts, time and memory.

sets.py      a benchmark in YAML, as that of One-Prompt-One-Story (ConsiStory+) is laid out
systems.py   what is compared: the story, each frame alone, the naive long prompt
judges.py    CLIP or another network of the user's, or the project's own features
measures.py  pairs of frames to figures with intervals
command.py   audiogen evaluate story
"""
