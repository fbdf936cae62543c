"""Pretrained models at toy size: the real classes with random weights, saved in the true form."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from audiogen.compat import import_diffusers, import_transformers

WIDTH = 16  # of the text encoders
SECOND = 24  # of the second one of `write_xl`
SIDE = 32  # pixels to a side of the pictures
_LETTERS = [chr(code) for code in range(33, 127)]


def write_pictures(folder: Path) -> None:
    """A Stable Diffusion of 32x32 pixels."""
    diffusers = import_diffusers()
    torch.manual_seed(1)
    unet, vae = _unet(), _vae()
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
    words = transformers.CLIPTextConfig(
        **(clip_text().config.to_dict() | {"hidden_size": SECOND, "projection_dim": SECOND})
    )
    diffusers.StableDiffusionXLPipeline(
        vae=_vae(force_upcast=False),
        text_encoder=clip_text(),
        text_encoder_2=transformers.CLIPTextModelWithProjection(words),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=_unet(cross_attention_dim=WIDTH + SECOND, **_with_sizes(6)),
        scheduler=diffusers.EulerDiscreteScheduler(),
    ).save_pretrained(folder)


def write_refiner(folder: Path) -> None:
    """A refiner for `write_xl`: only the second text encoder, and a score of beauty."""
    diffusers = import_diffusers()
    torch.manual_seed(10)
    base = diffusers.StableDiffusionXLPipeline.from_pretrained(folder.parent / "xl")
    diffusers.StableDiffusionXLImg2ImgPipeline(
        vae=base.vae,
        text_encoder=None,
        text_encoder_2=base.text_encoder_2,
        tokenizer=None,
        tokenizer_2=base.tokenizer_2,
        unet=_unet(cross_attention_dim=SECOND, **_with_sizes(5)),
        scheduler=diffusers.EulerDiscreteScheduler(),
        requires_aesthetics_score=True,
    ).save_pretrained(folder)


def write_sd3(folder: Path) -> None:
    """A Stable Diffusion 3 of 32x32 pixels: flow matching, three text encoders."""
    diffusers, transformers = import_diffusers(), import_transformers()
    torch.manual_seed(8)
    words = transformers.CLIPTextConfig(**(clip_text().config.to_dict() | {"projection_dim": WIDTH}))
    diffusers.StableDiffusion3Pipeline(
        transformer=diffusers.SD3Transformer2DModel(**_SD3),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_vae(latent_channels=16, shift_factor=0.06),
        text_encoder=transformers.CLIPTextModelWithProjection(words),
        tokenizer=clip_tokenizer(),
        text_encoder_2=transformers.CLIPTextModelWithProjection(words),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=transformers.T5EncoderModel(t5_config(2 * WIDTH)),
        tokenizer_3=t5_tokenizer(),
    ).save_pretrained(folder)


def write_flux(folder: Path) -> None:
    """A Flux of 32x32 pixels: flow matching, its guidance built in."""
    diffusers, transformers = import_diffusers(), import_transformers()
    torch.manual_seed(9)
    diffusers.FluxPipeline(
        transformer=diffusers.FluxTransformer2DModel(**_FLUX),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_vae(shift_factor=0.1),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=transformers.T5EncoderModel(t5_config(2 * WIDTH)),
        tokenizer_2=t5_tokenizer(),
    ).save_pretrained(folder)


_SD3: dict[str, Any] = dict(
    sample_size=SIDE // 2,
    patch_size=2,
    in_channels=16,
    out_channels=16,
    num_layers=2,  # the last one takes nothing from a ControlNet
    attention_head_dim=8,
    num_attention_heads=4,
    joint_attention_dim=2 * WIDTH,
    caption_projection_dim=32,
    pooled_projection_dim=2 * WIDTH,
)
_FLUX: dict[str, Any] = dict(
    patch_size=1,
    in_channels=16,
    num_layers=1,
    num_single_layers=1,
    attention_head_dim=16,
    num_attention_heads=2,
    joint_attention_dim=2 * WIDTH,
    pooled_projection_dim=WIDTH,
    axes_dims_rope=(4, 4, 8),
    guidance_embeds=True,
)


def write_sd3control(folder: Path) -> None:
    """A ControlNet for `write_sd3`, see `write_controlnet`."""
    torch.manual_seed(15)
    _steered(import_diffusers().SD3ControlNetModel(**_SD3)).save_pretrained(folder)


def write_fluxcontrol(folder: Path) -> None:
    """A ControlNet for `write_flux`, see `write_controlnet`."""
    torch.manual_seed(16)
    _steered(import_diffusers().FluxControlNetModel(**_FLUX)).save_pretrained(folder)


def write_sana(folder: Path) -> None:
    """A Sana of 512x512 pixels: linear attention, a Gemma 2, latents 32 times smaller than the picture."""
    diffusers, transformers = import_diffusers(), import_transformers()
    torch.manual_seed(17)
    levels = dict(encoder_block_out_channels=(8,) * 6, decoder_block_out_channels=(8,) * 6)
    levels |= dict(encoder_layers_per_block=(1,) * 6, decoder_layers_per_block=(1,) * 6)
    levels |= dict(encoder_qkv_multiscales=((),) * 6, decoder_qkv_multiscales=((),) * 6)
    rows = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "\u2581", *_LETTERS]
    words = transformers.Gemma2Config(
        vocab_size=len(rows),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    diffusers.SanaPipeline(
        tokenizer=transformers.GemmaTokenizer(vocab={row: number for number, row in enumerate(rows)}),
        text_encoder=transformers.Gemma2Model(words),
        vae=diffusers.AutoencoderDC(latent_channels=4, attention_head_dim=4, **levels),
        transformer=diffusers.SanaTransformer2DModel(
            in_channels=4,
            out_channels=4,
            num_attention_heads=2,
            attention_head_dim=8,
            num_layers=1,
            num_cross_attention_heads=2,
            cross_attention_head_dim=8,
            cross_attention_dim=WIDTH,
            caption_channels=WIDTH,
            sample_size=16,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    ).save_pretrained(folder)


def write_x4(folder: Path) -> None:
    """The upscaler by 4 in small: latents as large as the picture, which is laid beside them."""
    diffusers = import_diffusers()
    torch.manual_seed(11)
    diffusers.StableDiffusionUpscalePipeline(
        vae=_vae(
            block_out_channels=(8, 8, 8),
            scaling_factor=0.08333,
            down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3,
        ),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        unet=_unet(in_channels=7, num_class_embeds=1000),
        low_res_scheduler=diffusers.DDPMScheduler(),
        scheduler=diffusers.DDIMScheduler(prediction_type="v_prediction", clip_sample=False),
        watermarker=None,
    ).save_pretrained(folder)


def write_x2(folder: Path) -> None:
    """The latent upscaler by 2 in small."""
    diffusers = import_diffusers()
    torch.manual_seed(12)
    unet = diffusers.UNet2DConditionModel(
        act_fn="gelu",
        attention_head_dim=8,
        norm_num_groups=None,
        block_out_channels=[32, 32, 64, 64],
        time_cond_proj_dim=128 + WIDTH,  # of the noise level beside the pooled words
        conv_in_kernel=1,
        conv_out_kernel=1,
        cross_attention_dim=WIDTH,
        down_block_types=("KDownBlock2D", *("KCrossAttnDownBlock2D",) * 3),
        in_channels=8,
        mid_block_type=None,
        only_cross_attention=False,
        out_channels=5,
        resnet_time_scale_shift="scale_shift",
        time_embedding_type="fourier",
        timestep_post_act="gelu",
        up_block_types=(*("KCrossAttnUpBlock2D",) * 3, "KUpBlock2D"),
    )
    diffusers.StableDiffusionLatentUpscalePipeline(
        vae=_vae(
            block_out_channels=(8, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(prediction_type="sample"),
    ).save_pretrained(folder)


def _unet(**more: Any) -> Any:
    """Two levels, one layer each, attention in the second."""
    usual: dict[str, Any] = dict(
        sample_size=SIDE // 2,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=WIDTH,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    return import_diffusers().UNet2DConditionModel(**(usual | more))


def _with_sizes(numbers: int) -> dict[str, Any]:
    """Of a UNet that is told so many numbers about sizes beside a pooled embedding."""
    return dict(
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=numbers * 8 + SECOND,
    )


def _vae(**more: Any) -> Any:
    usual: dict[str, Any] = dict(
        block_out_channels=(8, 8),
        norm_num_groups=4,
        latent_channels=4,
        sample_size=SIDE,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    return import_diffusers().AutoencoderKL(**(usual | more))


def write_controlnet(folder: Path) -> None:
    """A ControlNet for `write_pictures` that does steer: its last layers are not zero as before training."""
    _save_controlnet(folder)


def write_xlcontrol(folder: Path) -> None:
    """The same for `write_xl`."""
    _save_controlnet(folder, cross_attention_dim=WIDTH + SECOND, **_with_sizes(6))


def _save_controlnet(folder: Path, **more: Any) -> None:
    torch.manual_seed(2)
    usual: dict[str, Any] = dict(
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=WIDTH,
        conditioning_embedding_out_channels=(8, 8),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
    )
    net = import_diffusers().ControlNetModel(**(usual | more))
    _steered(net).save_pretrained(folder)


def _steered(net: Any) -> Any:
    """A network whose last layers are not zero, as they are before training: what it is given counts."""
    for part in net.parameters():
        if not part.any():
            torch.nn.init.normal_(part, std=0.3)
    return net


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


def t5_config(width: int = WIDTH) -> Any:
    return import_transformers().T5Config(
        vocab_size=len(t5_tokenizer()), d_model=width, d_kv=8, d_ff=WIDTH, num_layers=1, num_heads=2
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
            encoder_hidden_size=8,  # mean and spread of four
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


def write_stable3(folder: Path) -> None:
    """A Stable Audio 3 of 400 Hz stereo: flow matching, its text encoder a T5Gemma."""
    diffusers, transformers = import_diffusers(), import_transformers()
    torch.manual_seed(13)
    rows = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "\u2581", *_LETTERS]
    vocab = {token: number for number, token in enumerate(rows)}
    layers: dict[str, Any] = dict(vocab_size=len(rows), hidden_size=WIDTH, intermediate_size=WIDTH)
    layers |= dict(num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, head_dim=8)
    config = transformers.T5GemmaConfig(encoder=layers, decoder=layers, is_encoder_decoder=False)
    diffusers.StableAudio3Pipeline(
        vae=_steered(
            diffusers.AutoencoderSAME(
                patch_size=4,
                encoder_channels=8,
                encoder_c_mults=[1],
                encoder_strides=[2],
                encoder_transformer_depths=[1],
                latent_dim=4,
                dim_heads=8,
                sampling_rate=400,
            )
        ),
        text_encoder=transformers.T5GemmaEncoderModel(config),
        tokenizer=transformers.GemmaTokenizer(vocab=vocab, model_max_length=64),
        duration_embedder=diffusers.StableAudio3DurationEmbedder(output_dim=WIDTH, fourier_dim=8),
        transformer=_steered(
            diffusers.StableAudio3DiTModel(
                io_channels=4,
                embed_dim=WIDTH,
                depth=1,
                num_heads=2,
                cond_token_dim=WIDTH,
                global_cond_dim=WIDTH,
                local_add_cond_dim=5,
                timestep_features_dim=8,
                num_memory_tokens=2,
            )
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(stochastic_sampling=True),
    ).save_pretrained(folder)


def write_ace(folder: Path) -> None:
    """An ACE-Step 1.5 of 400 Hz stereo, with the tokenizer of its plan."""
    from diffusers.pipelines import ace_step

    parts = import_module("tokenizers")  # comes with transformers

    diffusers, transformers = import_diffusers(), import_transformers()
    torch.manual_seed(14)
    rows = ["<pad>", "<unk>", "<|endoftext|>", *_LETTERS]
    letters = parts.models.BPE(
        vocab={token: number for number, token in enumerate(rows)}, merges=[], unk_token="<unk>"
    )
    fast = parts.Tokenizer(letters)
    fast.pre_tokenizer = parts.pre_tokenizers.Whitespace()
    layers: dict[str, Any] = dict(hidden_size=WIDTH, intermediate_size=WIDTH, num_attention_heads=2)
    layers |= dict(num_key_value_heads=1, head_dim=8)
    words = transformers.Qwen3Config(vocab_size=len(rows), num_hidden_layers=1, **layers)
    plan: dict[str, Any] = dict(audio_acoustic_hidden_dim=4, num_attention_pooler_hidden_layers=1, **layers)
    diffusers.AceStepPipeline(
        vae=diffusers.AutoencoderOobleck(
            encoder_hidden_size=8,  # mean and spread of four
            downsampling_ratios=[2, 4],
            channel_multiples=[1, 2],
            decoder_channels=4,
            decoder_input_channels=4,
            audio_channels=2,
            sampling_rate=400,
        ),
        text_encoder=transformers.Qwen3Model(words),
        tokenizer=transformers.PreTrainedTokenizerFast(
            tokenizer_object=fast, pad_token="<pad>", unk_token="<unk>"
        ),
        transformer=diffusers.AceStepTransformer1DModel(
            num_hidden_layers=1, in_channels=12, audio_acoustic_hidden_dim=4, **layers
        ),
        condition_encoder=ace_step.AceStepConditionEncoder(
            text_hidden_dim=WIDTH,
            timbre_hidden_dim=4,
            num_lyric_encoder_hidden_layers=1,
            num_timbre_encoder_hidden_layers=1,
            **layers,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
        audio_tokenizer=ace_step.AceStepAudioTokenizer(fsq_dim=WIDTH, **plan),
        audio_token_detokenizer=ace_step.AceStepAudioTokenDetokenizer(**plan),
    ).save_pretrained(folder)
