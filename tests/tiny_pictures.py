"""The stages of pictures at their smallest, with random weights."""

from __future__ import annotations

from typing import Any

import torch

from audiogen.artifacts import LOOKS, STYLES

WORDS = ("cat", "dog", "fox", "big eyes", "smiling", "tree", "tulip", "flower", "house", "scarf")


def tiny_pictures() -> dict[str, Any]:
    """Name of the weights -> stage: digits of 28x28, latents of 8x8, pictures of 128x128 before scaling."""
    from audiogen.decoder.picture import (
        PictureDecoderConfig,
        PictureDiffusionDecoder,
        PictureDiffusionDecoderConfig,
        PictureFlowDecoder,
    )
    from audiogen.lab.evaluate.digits.judge import DigitClassifier
    from audiogen.networks.dcgan import GeneratorSizes
    from audiogen.networks.digit_classifier import ClassifierSizes
    from audiogen.networks.digit_unet import UNetSizes
    from audiogen.networks.digit_vae import VAESizes
    from audiogen.networks.gated_pixelcnn import PixelCNNSizes
    from audiogen.networks.sketch_transformer import SketchSizes
    from audiogen.render.painter import Painter, PainterConfig
    from audiogen.structure.digits.ddpm import DDPMConfig, DDPMStage
    from audiogen.structure.digits.fine_pixelcnn import FinePixelCNNConfig, FinePixelCNNStage
    from audiogen.structure.digits.gan import ConditionalGANStage, DCGANStage, GANConfig, WGANGPStage
    from audiogen.structure.digits.pixelcnn import PixelCNNConfig, PixelCNNStage
    from audiogen.structure.digits.vae import VAEConfig, VAEStage
    from audiogen.structure.sketch import SketchConfig, SketchStage

    sizes: dict[str, Any] = dict(
        channels=4, grid=8, size=64, widths=(8, 8, 16), blocks=(1, 1, 1), heads=2, hidden=16, word=8
    )
    told: dict[str, Any] = dict(condition=8, styles=(*STYLES, *LOOKS), vocabulary=WORDS, words=4, steps=2)
    heard = ("styles", "vocabulary", "words")
    lines = SketchSizes(
        stages=2,
        entries=8,
        words=len(WORDS),
        styles=len(STYLES) + len(LOOKS),
        width=16,
        layers=1,
        heads=2,
        hidden=16,
    )
    painter = PainterConfig(4, (4, 8), (8, 8, 4), (1, 1), (1, 1, 1), 4, 1, size=64)
    pixelcnn = PixelCNNSizes(width=4, dilations=(1, 1), head=8)
    larger = PixelCNNSizes(size=64, patch=2, levels=2, width=4, dilations=(1, 1), head=8, sketched=True)
    sketch = PixelCNNConfig(pixelcnn, guidance=1.0)
    stages = {
        # unguided: what an untrained network exaggerates is ink up to the border, which reads as paper
        "digit-pixelcnn": PixelCNNStage.from_config(sketch, seed=3),
        "digit-pixelcnn-64": FinePixelCNNStage.from_config(FinePixelCNNConfig(larger, sketch=sketch), seed=3),
        "digit-dcgan": DCGANStage.from_config(
            GANConfig(GeneratorSizes(latent=4, width=4, classes=0)), seed=3
        ),
        "digit-wgan-gp": WGANGPStage.from_config(GANConfig(GeneratorSizes(latent=4, width=4)), seed=3),
        "digit-cgan": ConditionalGANStage.from_config(GANConfig(GeneratorSizes(latent=4, width=4)), seed=3),
        "digit-vae": VAEStage.from_config(VAEConfig(VAESizes(latent=4, hidden=8)), seed=3),
        "digit-ddpm": DDPMStage.from_config(
            DDPMConfig(UNetSizes(width=8, deep=8, condition=8), steps=2), seed=3
        ),
        "digit-classifier": DigitClassifier.from_config(ClassifierSizes(width=4, features=8), seed=3),
        "picture-sketch": SketchStage.from_config(SketchConfig(lines, **{k: told[k] for k in heard}), seed=3),
        "picture-painter": Painter.from_config(painter, seed=3),
        "picture-flow": PictureFlowDecoder.from_config(PictureDecoderConfig(**sizes, **told), seed=3),
        "picture-diffusion": PictureDiffusionDecoder.from_config(
            PictureDiffusionDecoderConfig(**sizes, **told), seed=3
        ),
    }
    for name in ("picture-flow", "picture-diffusion"):
        _stir(stages[name].network)
    books = stages["picture-sketch"].network.quantiser.codebooks
    books += 0.3 * torch.randn(books.shape, generator=torch.Generator().manual_seed(0))
    return stages


def _stir(network: torch.nn.Module) -> None:
    """Weights that begin at zero would make every picture the same."""
    generator = torch.Generator().manual_seed(0)
    for values in network.parameters():
        values.data += 0.1 * torch.randn(values.shape, generator=generator).to(values)
