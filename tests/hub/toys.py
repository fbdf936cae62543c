"""Pretrained models at toy size: the real classes with random weights, saved in the true form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from audiogen.compat import import_diffusers, import_transformers

WIDTH = 16  # of the text encoders
SIDE = 32  # pixels to a side of the pictures
_LETTERS = [chr(code) for code in range(33, 127)]


def write_pictures(folder: Path) -> None:
    """A Stable Diffusion of 32x32 pixels."""
    diffusers = import_diffusers()
    torch.manual_seed(1)
    unet = diffusers.UNet2DConditionModel(
        sample_size=SIDE // 2,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=WIDTH,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8),
        norm_num_groups=4,
        latent_channels=4,
        sample_size=SIDE,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    scheduler = diffusers.DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    diffusers.StableDiffusionPipeline(
        vae=vae,
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def write_xl(folder: Path) -> None:
    """A Stable Diffusion XL of 32x32 pixels: two text encoders, a pooled embedding."""
    diffusers, transformers = import_diffusers(), import_transformers()
    torch.manual_seed(7)
    second = 24
    words = transformers.CLIPTextConfig(
        **(clip_text().config.to_dict() | {"hidden_size": second, "projection_dim": second})
    )
    unet = diffusers.UNet2DConditionModel(
        sample_size=SIDE // 2,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=WIDTH + second,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + second,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8),
        norm_num_groups=4,
        latent_channels=4,
        sample_size=SIDE,
        force_upcast=False,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    diffusers.StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=clip_text(),
        text_encoder_2=transformers.CLIPTextModelWithProjection(words),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(),
    ).save_pretrained(folder)


def write_controlnet(folder: Path) -> None:
    """A ControlNet for `write_pictures` that does steer: its last layers are not zero as before training."""
    torch.manual_seed(2)
    net = import_diffusers().ControlNetModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=WIDTH,
        conditioning_embedding_out_channels=(8, 8),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
    )
    for part in net.parameters():
        if not part.any():
            torch.nn.init.normal_(part, std=0.3)
    net.save_pretrained(folder)


def clip_text(width: int = WIDTH) -> Any:
    transformers = import_transformers()
    tokens = len(clip_tokenizer())
    config = transformers.CLIPTextConfig(
        vocab_size=tokens,
        hidden_size=width,
        intermediate_size=width,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=tokens - 2,
        eos_token_id=tokens - 1,
        pad_token_id=tokens - 1,
    )
    return transformers.CLIPTextModel(config)


def clip_tokenizer() -> Any:
    """Letter by letter, as CLIP's own falls back to."""
    rows = [*_LETTERS, *(f"{letter}</w>" for letter in _LETTERS), "<|startoftext|>", "<|endoftext|>"]
    vocab = {token: number for number, token in enumerate(rows)}
    return import_transformers().CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)


def t5_tokenizer() -> Any:
    """Letter by letter."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(letter, -3.0) for letter in _LETTERS]
    return import_transformers().T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=32)


def t5_config() -> Any:
    return import_transformers().T5Config(
        vocab_size=len(t5_tokenizer()), d_model=WIDTH, d_kv=8, d_ff=WIDTH, num_layers=1, num_heads=2
    )


def write_audioldm2(folder: Path) -> None:
    """An AudioLDM 2 of 1000 Hz, 40 mel frames a second."""
    diffusers, transformers = import_diffusers(), import_transformers()
    torch.manual_seed(3)
    rows = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "\u0120", *_LETTERS]
    vocab = {token: number for number, token in enumerate(rows)}
    tokenizer = transformers.RobertaTokenizer(vocab=vocab, merges=[], model_max_length=32)
    words = dict(vocab_size=len(rows), hidden_size=WIDTH, intermediate_size=WIDTH, projection_dim=WIDTH)
    words |= dict(num_attention_heads=2, num_hidden_layers=1, bos_token_id=0, pad_token_id=1, eos_token_id=2)
    heard = dict(spec_size=64, num_mel_bins=64, depths=[1, 1], num_attention_heads=[2, 2], window_size=4)
    heard |= dict(patch_size=4, patch_stride=[4, 4], hidden_size=32, patch_embeds_hidden_size=16)
    clap = transformers.ClapConfig(text_config=words, audio_config=heard, projection_dim=WIDTH)
    language = transformers.GPT2Config(
        n_embd=WIDTH, n_head=2, n_layer=1, vocab_size=8, n_positions=99, bos_token_id=0, eos_token_id=0
    )
    language.max_new_tokens = 4
    diffusers.AudioLDM2Pipeline(
        vae=diffusers.AutoencoderKL(
            in_channels=1,
            out_channels=1,
            block_out_channels=(8, 8),
            norm_num_groups=4,
            latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
        ),
        text_encoder=transformers.ClapModel(clap),
        text_encoder_2=transformers.T5EncoderModel(t5_config()),
        projection_model=diffusers.AudioLDM2ProjectionModel(WIDTH, WIDTH, WIDTH),
        language_model=transformers.GPT2LMHeadModel(language),
        tokenizer=tokenizer,
        tokenizer_2=t5_tokenizer(),
        feature_extractor=transformers.ClapFeatureExtractor(),
        unet=diffusers.AudioLDM2UNet2DConditionModel(
            sample_size=8,
            in_channels=4,
            out_channels=4,
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            attention_head_dim=4,
            cross_attention_dim=([None, WIDTH, WIDTH], [None, WIDTH, WIDTH]),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
        scheduler=diffusers.DDIMScheduler(clip_sample=False),
        vocoder=transformers.SpeechT5HifiGan(
            transformers.SpeechT5HifiGanConfig(
                model_in_dim=8,
                sampling_rate=1000,
                upsample_initial_channel=8,
                upsample_rates=[5, 5],
                upsample_kernel_sizes=[5, 5],
                resblock_kernel_sizes=[3],
                resblock_dilation_sizes=[[1]],
                normalize_before=False,
            )
        ),
    ).save_pretrained(folder)


def write_stable(folder: Path) -> None:
    """A Stable Audio of 400 Hz stereo, at most 2 s."""
    diffusers, transformers = import_diffusers(), import_transformers()
    torch.manual_seed(4)
    diffusers.StableAudioPipeline(
        vae=diffusers.AutoencoderOobleck(
            encoder_hidden_size=4,
            downsampling_ratios=[2, 4],
            channel_multiples=[1, 2],
            decoder_channels=4,
            decoder_input_channels=4,
            audio_channels=2,
            sampling_rate=400,
        ),
        text_encoder=transformers.T5EncoderModel(t5_config()),
        tokenizer=t5_tokenizer(),
        projection_model=diffusers.StableAudioProjectionModel(WIDTH, 4, 0, 32),
        transformer=diffusers.StableAudioDiTModel(
            sample_size=100,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            attention_head_dim=4,
            num_attention_heads=2,
            num_key_value_attention_heads=2,
            cross_attention_dim=8,
            cross_attention_input_dim=4,
            time_proj_dim=8,
            global_states_input_dim=8,
        ),
        scheduler=diffusers.EDMDPMSolverMultistepScheduler(
            sigma_data=1.0, prediction_type="v_prediction", sigma_schedule="exponential"
        ),
    ).save_pretrained(folder)


def write_musicgen(folder: Path) -> None:
    """A MusicGen of 500 Hz, 50 frames a second in two codebooks of 16."""
    transformers = import_transformers()
    torch.manual_seed(5)
    decoder = transformers.MusicgenDecoderConfig(**_DECODER)
    config = transformers.MusicgenConfig(text_encoder=t5_config(), audio_encoder=_codec(), decoder=decoder)
    _save_musicgen(transformers.MusicgenForConditionalGeneration(config), folder)
    extractor = transformers.EncodecFeatureExtractor(feature_size=1, sampling_rate=500)
    transformers.MusicgenProcessor(extractor, t5_tokenizer()).save_pretrained(folder)


def write_melody(folder: Path) -> None:
    """The same as a melody model, which is given the melody at 8 kHz."""
    transformers = import_transformers()
    torch.manual_seed(7)
    decoder = transformers.MusicgenMelodyDecoderConfig(**_DECODER)
    config = transformers.MusicgenMelodyConfig(
        text_encoder=t5_config(), audio_encoder=_codec(), decoder=decoder, chroma_length=20
    )
    model = transformers.MusicgenMelodyForConditionalGeneration(config)
    for part in (model.audio_enc_to_dec_proj.weight, *model.decoder.parameters()):
        if part.ndim > 1:
            torch.nn.init.normal_(part, std=0.5)  # those of before training hardly follow it
    _save_musicgen(model, folder)
    extractor = transformers.MusicgenMelodyFeatureExtractor(
        sampling_rate=8000, hop_length=400, chunk_length=4, n_fft=2048
    )
    transformers.MusicgenMelodyProcessor(extractor, t5_tokenizer()).save_pretrained(folder)


_DECODER: dict[str, Any] = dict(
    vocab_size=16,
    num_codebooks=2,
    hidden_size=WIDTH,
    ffn_dim=WIDTH,
    num_hidden_layers=1,
    num_attention_heads=2,
    max_position_embeddings=256,
    pad_token_id=16,
    bos_token_id=16,
)


def _codec() -> Any:
    return import_transformers().EncodecConfig(
        sampling_rate=500,
        target_bandwidths=[0.4],
        codebook_size=16,
        hidden_size=8,
        num_filters=4,
        num_lstm_layers=1,
        upsampling_ratios=[5, 2],
    )


def _save_musicgen(model: Any, folder: Path) -> None:
    for name, codes in model.audio_encoder.named_buffers():
        if name.endswith(".embed"):
            torch.nn.init.normal_(codes)  # all zero before training: every token would sound the same
    usual = model.generation_config
    usual.decoder_start_token_id, usual.pad_token_id, usual.bos_token_id = 16, 16, 16
    usual.guidance_scale = 3.0
    model.save_pretrained(folder)


def write_lora(folder: Path) -> None:
    """Rank 2 on the attention of `write_pictures`, in the form that diffusers writes."""
    torch.manual_seed(6)
    unet = import_diffusers().UNet2DConditionModel.from_pretrained(folder.parent / "pictures" / "unet")
    rows = {}
    for name, part in unet.named_modules():
        if name.endswith(("to_q", "to_v")):
            wide, deep = part.weight.shape
            rows[f"{name}.lora_A.weight"] = torch.randn(2, deep)
            rows[f"{name}.lora_B.weight"] = torch.randn(wide, 2)
    import_diffusers().StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=rows)


def write_single(folder: Path) -> None:
    """`write_pictures` as one file in the form in which Stable Diffusion was published."""
    from safetensors.torch import save_file

    pipe = import_diffusers().StableDiffusionPipeline.from_pretrained(folder.parent / "pictures")
    rows = {f"model.diffusion_model.{_unet_key(k)}": v for k, v in pipe.unet.state_dict().items()}
    for name, part in pipe.vae.state_dict().items():
        convolved = "attentions" in name and name.endswith("weight") and part.ndim == 2
        rows[f"first_stage_model.{_vae_key(name)}"] = part[..., None, None] if convolved else part
    words = pipe.text_encoder.state_dict()
    whole = {f"text_model.{name.removeprefix('text_model.')}": part for name, part in words.items()}
    rows |= {f"cond_stage_model.transformer.{name}": part for name, part in whole.items()}
    folder.mkdir()
    save_file({name: part.contiguous().clone() for name, part in rows.items()}, folder / "toy.safetensors")


def _unet_key(name: str) -> str:
    """Of diffusers -> of the first Stable Diffusion; two levels, one layer each."""
    steps = {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2"}
    steps |= {"time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2"}
    steps |= {"mid_block.resnets.0": "middle_block.0", "mid_block.resnets.1": "middle_block.2"}
    steps |= {"mid_block.attentions.0": "middle_block.1"}
    steps |= {"down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op"}
    steps |= {"up_blocks.0.upsamplers.0": "output_blocks.1.2"}
    for kind, at in (("resnets", 0), ("attentions", 1)):
        steps |= {f"down_blocks.{k}.{kind}.0": f"input_blocks.{2 * k + 1}.{at}" for k in range(2)}
        steps |= {
            f"up_blocks.{k}.{kind}.{j}": f"output_blocks.{2 * k + j}.{at}" for k in range(2) for j in range(2)
        }
    inner = {"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3"}
    inner |= {"time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection"}
    name = _replaced(name, steps)
    return name if "transformer_blocks" in name else _replaced(name, inner)


def _vae_key(name: str) -> str:
    steps = {"mid_block.attentions.0": "mid.attn_1", "conv_norm_out": "norm_out"}
    steps |= {"mid_block.resnets.0": "mid.block_1", "mid_block.resnets.1": "mid.block_2"}
    steps |= {"conv_shortcut": "nin_shortcut", "down_blocks.0.downsamplers.0": "down.0.downsample"}
    steps |= {"up_blocks.0.upsamplers.0": "up.1.upsample"}
    steps |= {f"down_blocks.{k}.resnets.0": f"down.{k}.block.0" for k in range(2)}
    steps |= {f"up_blocks.{k}.resnets.{j}": f"up.{1 - k}.block.{j}" for k in range(2) for j in range(2)}
    steps |= {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
    return _replaced(name, steps)


def _replaced(name: str, steps: dict[str, str]) -> str:
    """Every part of a dotted name once, longest first."""
    for old in sorted(steps, key=len, reverse=True):
        if f".{old}." in f".{name}":
            name = f".{name}".replace(f".{old}.", f".{steps[old]}.")[1:]
    return name
