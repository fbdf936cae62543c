"""Every trainable thing by name. To add one: write its `Task` class, add its line."""

from __future__ import annotations

import importlib
from typing import Any

from audiogen.recipe import unknown_name

TASKS: dict[str, str] = {
    "score": "audiogen.lab.train.score:ScoreTask",
    "mel": "audiogen.lab.train.mel:MelTask",
    "flow-decoder": "audiogen.lab.train.decoder:DecoderTask",
    "diffusion-decoder": "audiogen.lab.train.diffusion:DiffusionDecoderTask",
    "ambience-decoder": "audiogen.lab.train.ambience:AmbienceTask",
    "ambience-diffusion": "audiogen.lab.train.diffusion:AmbienceDiffusionTask",
    "ambience-few": "audiogen.lab.train.distil:DistilTask",
    "ambience-mel": "audiogen.lab.train.ambience_mel:AmbienceMelTask",
    "envelopes": "audiogen.lab.train.envelopes:EnvelopeTask",
    "vocoder": "audiogen.lab.train.vocoder:VocoderTask",
    "wavenet": "audiogen.lab.train.wavenet:WavenetTask",
    "picture-autoencoder": "audiogen.lab.train.painter:PainterTask",
    "upsampler": "audiogen.lab.train.upsampler:UpsamplerTask",
    "picture-sketch": "audiogen.lab.train.sketch:SketchTask",
    "picture-flow": "audiogen.lab.train.picture:PictureFlowTask",
    "picture-diffusion": "audiogen.lab.train.picture:PictureDiffusionTask",
    "digit-pixelcnn": "audiogen.lab.train.pixelcnn:PixelCNNTask",
    "digit-pixelcnn-64": "audiogen.lab.train.fine_pixelcnn:FinePixelCNNTask",
    "digit-dcgan": "audiogen.lab.train.gan:DCGANTask",
    "digit-wgan-gp": "audiogen.lab.train.gan:WGANGPTask",
    "digit-cgan": "audiogen.lab.train.gan:ConditionalGANTask",
    "digit-vae": "audiogen.lab.train.vae:VAETask",
    "digit-ddpm": "audiogen.lab.train.digit_diffusion:DigitDiffusionTask",
    "digit-classifier": "audiogen.lab.train.digit_classifier:DigitClassifierTask",
    "lora": "audiogen.lab.train.lora:LoraTask",
    "transcriber": "audiogen.lab.train.transcriber:TranscriberTask",
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
