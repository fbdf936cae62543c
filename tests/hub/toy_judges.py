"""Networks that judge, at toy size: the real classes with random weights, saved in the true form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from audiogen.compat import import_transformers
from tests.hub.toys import _LETTERS, clip_tokenizer

SIDE = 32  # pixels to a side
SECONDS = 2  # that the CLAP hears at once
_SIZE: dict[str, Any] = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
_SIDES = {"height": SIDE, "width": SIDE}


def write_clip(folder: Path) -> None:
    """A CLIP that reads letters."""
    transformers = import_transformers()
    torch.manual_seed(11)
    config = transformers.CLIPConfig(
        text_config=_letters(), vision_config=dict(image_size=SIDE, patch_size=8, **_SIZE), projection_dim=8
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    images = transformers.CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=_SIDES)
    transformers.CLIPProcessor(images, clip_tokenizer()).save_pretrained(folder)


def write_siglip(folder: Path) -> None:
    """A SigLIP."""
    transformers = import_transformers()
    torch.manual_seed(12)
    tokenizer = transformers.T5Tokenizer(vocab=_pieces(), extra_ids=0, model_max_length=64)
    words = dict(vocab_size=len(tokenizer), max_position_embeddings=64, projection_size=16, **_SIZE)
    config = transformers.SiglipConfig(
        text_config=words, vision_config=dict(image_size=SIDE, patch_size=8, **_SIZE)
    )
    transformers.SiglipModel(config).save_pretrained(folder)
    transformers.SiglipProcessor(transformers.SiglipImageProcessor(size=_SIDES), tokenizer).save_pretrained(
        folder
    )


def write_clap(folder: Path, fused: bool = False) -> None:
    """A CLAP that hears two seconds at once; fused: as those that blend crops of long sounds."""
    transformers = import_transformers()
    torch.manual_seed(13)
    rows = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "\u0120", *_LETTERS]
    tokenizer = transformers.RobertaTokenizer(
        vocab={token: number for number, token in enumerate(rows)}, merges=[], model_max_length=64
    )
    words = dict(vocab_size=len(rows), projection_dim=8, bos_token_id=0, pad_token_id=1, eos_token_id=2)
    heard = dict(spec_size=64, num_mel_bins=64, depths=[1, 1], num_attention_heads=[2, 2], window_size=4)
    heard |= dict(patch_size=4, patch_stride=[4, 4], hidden_size=32, patch_embeds_hidden_size=16)
    heard |= dict(enable_fusion=fused, aff_block_r=2)
    config = transformers.ClapConfig(text_config={**words, **_SIZE}, audio_config=heard, projection_dim=8)
    transformers.ClapModel(config).save_pretrained(folder)
    ear = transformers.ClapFeatureExtractor(
        max_length_s=SECONDS,
        hop_length=1600,
        fft_window_size=2048,
        truncation="fusion" if fused else "rand_trunc",
    )
    transformers.ClapProcessor(ear, tokenizer).save_pretrained(folder)


def write_dino(folder: Path) -> None:
    """A DINOv2."""
    transformers = import_transformers()
    torch.manual_seed(14)
    size = dict(image_size=SIDE, patch_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    transformers.Dinov2Model(transformers.Dinov2Config(mlp_ratio=2, **size)).save_pretrained(folder)
    transformers.BitImageProcessor(size={"shortest_edge": SIDE}, crop_size=_SIDES).save_pretrained(folder)


def write_clipseg(folder: Path) -> None:
    """A CLIPSeg, which looks for words."""
    transformers = import_transformers()
    torch.manual_seed(15)
    seen = dict(image_size=SIDE, patch_size=8, **(_SIZE | {"num_hidden_layers": 2}))
    config = transformers.CLIPSegConfig(
        text_config=_letters(),
        vision_config=seen,
        projection_dim=8,
        extract_layers=[0, 1],
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
        conditional_layer=0,
    )
    transformers.CLIPSegForImageSegmentation(config).save_pretrained(folder)
    images = transformers.ViTImageProcessor(size=_SIDES)
    transformers.CLIPSegProcessor(images, clip_tokenizer()).save_pretrained(folder)


def write_segmenter(folder: Path) -> None:
    """A Segformer of two classes, one of which is the background."""
    transformers = import_transformers()
    torch.manual_seed(16)
    config = transformers.SegformerConfig(
        depths=[1, 1],
        num_encoder_blocks=2,
        hidden_sizes=[8, 16],
        num_attention_heads=[1, 2],
        sr_ratios=[2, 1],
        patch_sizes=[7, 3],
        strides=[4, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=16,
        id2label={0: "background", 1: "animal"},
        label2id={"background": 0, "animal": 1},
    )
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(folder)
    transformers.SegformerImageProcessor(size=_SIDES).save_pretrained(folder)


def _letters() -> dict[str, Any]:
    tokens = len(clip_tokenizer())
    ids = dict(bos_token_id=tokens - 2, eos_token_id=tokens - 1, pad_token_id=tokens - 1)
    return dict(vocab_size=tokens, **_SIZE, **ids)


def _pieces() -> list[tuple[str, float]]:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    return pieces + [(letter, -3.0) for letter in _LETTERS]
