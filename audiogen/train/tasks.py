"""Every trainable thing by name. To add one: write its `Task` class, add its line."""

from __future__ import annotations

import importlib
from typing import Any

from audiogen.recipe import unknown_name

TASKS: dict[str, str] = {
    "score": "audiogen.train.score:ScoreTask",
    "mel": "audiogen.train.mel:MelTask",
    "flow-decoder": "audiogen.train.decoder:DecoderTask",
    "diffusion-decoder": "audiogen.train.diffusion:DiffusionDecoderTask",
    "ambience-decoder": "audiogen.train.ambience:AmbienceTask",
    "ambience-diffusion": "audiogen.train.diffusion:AmbienceDiffusionTask",
    "ambience-few": "audiogen.train.distil:DistilTask",
    "ambience-mel": "audiogen.train.ambience_mel:AmbienceMelTask",
    "vocoder": "audiogen.train.vocoder:VocoderTask",
    "wavenet": "audiogen.train.wavenet:WavenetTask",
    "picture-autoencoder": "audiogen.train.painter:PainterTask",
    "upsampler": "audiogen.train.upsampler:UpsamplerTask",
    "picture-sketch": "audiogen.train.sketch:SketchTask",
    "picture-flow": "audiogen.train.picture:PictureFlowTask",
    "picture-diffusion": "audiogen.train.picture:PictureDiffusionTask",
    "digit-pixelcnn": "audiogen.train.pixelcnn:PixelCNNTask",
    "digit-pixelcnn-64": "audiogen.train.fine_pixelcnn:FinePixelCNNTask",
    "digit-dcgan": "audiogen.train.gan:DCGANTask",
    "digit-wgan-gp": "audiogen.train.gan:WGANGPTask",
    "digit-cgan": "audiogen.train.gan:ConditionalGANTask",
    "digit-vae": "audiogen.train.vae:VAETask",
    "digit-ddpm": "audiogen.train.digit_diffusion:DigitDiffusionTask",
    "digit-classifier": "audiogen.train.digit_classifier:DigitClassifierTask",
    "transcriber": "audiogen.train.transcriber:TranscriberTask",
}


def task_class(name: str) -> Any:
    """The class behind a task's name.

    Raises:
        InvalidRequest: no such task; the message has the nearest name.
    """
    if name not in TASKS:
        raise unknown_name("The task", name, TASKS)
    module, _, attribute = TASKS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
