"""Pretrained models of diffusers and transformers as stages: adapters, not models.

choice.py    which model, and how it is loaded (`--model`, `--controlnet`, `--lora`, `--dtype`, ...)
finding.py   folder or hub id -> which stage it is, and where it lies; no network: one line, exit 4
wording.py   the final prompt and negative prompt: words of a style, of quality (words.yaml, editable)
quantizing.py  weights of fewer bits; memory.py: how much is taken, and tiles where it is short
loading.py   what all loading has in common: device, dtype, memory, and errors in words
piped.py     what the stages around a pipeline of diffusers have in common
schedulers.py  our names of schedulers -> classes of diffusers
pictures.py  text-to-image, image to image, inpainting; ControlNet
upscaling.py  any picture, larger
weights_of_words.py  prompts with weights, and of any length (compel)
translating.py, reading.py  Chinese in English by lists; what a tokenizer cuts off
facts.py     licence, size and memory of a model, before it is loaded
remote.py    pictures from a service with the `images/generations` call
sound.py     pipelines of diffusers from words to sound
judges.py    CLIP, CLAP and other networks of the user's that judge
musicgen.py  MusicGen of transformers: words, a melody, going on from a sound

Only choice, finding, wording and facts are imported where `--help` and `explain` pass: they load no torch.
"""

from audiogen.hub.choice import CallSettings, Lora, ModelChoice

__all__ = ["CallSettings", "Lora", "ModelChoice"]
