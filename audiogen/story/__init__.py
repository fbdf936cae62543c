"""Picture stories: one hero in several frames.

    from audiogen.story import StoryRequest, tell

    for frame in tell(StoryRequest("a red fox", ("wearing a scarf in a meadow", "playing in the snow"))):
        frame.save(f"fox-{frame.number}.png")

request.py    StoryRequest, StoryPlan, Frame
telling.py    understand_story (no network is loaded), tell (frame after frame, progress as everywhere)
own.py        by our own models: hero and things painted once, composed, painted over
figures.py    cuts figures out; composing.py puts them where they belong in a `scenery`
album.py      all frames as one picture, as an animation, as a page

With a pretrained model the frames are those of One-Prompt-One-Story, see `hub/stories.py`.
"""

from audiogen.story.request import Frame, StoryPlan, StoryRequest
from audiogen.story.telling import tell, understand_story

__all__ = ["Frame", "StoryPlan", "StoryRequest", "tell", "understand_story"]
