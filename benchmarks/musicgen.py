"""Speed of the MusicGen-small architecture at its real size, with random weights: nothing to listen to.

Decoder of 24 layers, width 1024, 16 heads, four codebooks of 2,048; T5-base text encoder; EnCodec at
32 kHz, 50 frames a second. Sampling with guidance 3 (its default: a batch of two), KV cache on. At
least 200 real steps are timed after a warm-up and scaled to 15 s, to which the measured EnCodec
decoding of 15 s is added. Later steps attend to more, so the scaled figure is a little too kind.

`python -m benchmarks.musicgen THREADS DTYPE STEPS` prints one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import torch

from benchmarks.machine import dtypes

SECONDS = 15.0
WARM_UP_STEPS, STEPS = 4, 200


def build(dtype: torch.dtype) -> Any:
    """The model, random weights, evaluation mode."""
    from audiogen.compat import import_transformers

    transformers = import_transformers()
    text = transformers.T5Config(d_model=768, d_ff=3072, num_layers=12, num_heads=12, d_kv=64)
    audio = transformers.EncodecConfig(
        sampling_rate=32_000,
        audio_channels=1,
        upsampling_ratios=[8, 5, 4, 4],
        num_filters=64,
        codebook_size=2048,
        codebook_dim=128,
        target_bandwidths=[2.2],
        use_causal_conv=False,
        norm_type="weight_norm",
    )
    decoder = transformers.MusicgenDecoderConfig(
        vocab_size=2048, hidden_size=1024, num_hidden_layers=24, ffn_dim=4096, num_attention_heads=16
    )
    config = transformers.MusicgenConfig(text_encoder=text, audio_encoder=audio, decoder=decoder)
    torch.manual_seed(0)
    return transformers.MusicgenForConditionalGeneration(config).eval().to(dtype)


@torch.inference_mode()
def measure(threads: int, dtype: torch.dtype, steps: int = STEPS) -> dict[str, Any]:
    """One row: seconds per step, seconds of EnCodec, and both scaled to 15 s."""
    torch.set_num_threads(threads)
    model = build(dtype)
    words = {"input_ids": torch.arange(3, 15)[None], "attention_mask": torch.ones(1, 12, dtype=torch.long)}

    def generate(count: int) -> float:
        start = time.perf_counter()
        model.generate(**words, do_sample=True, guidance_scale=3.0, max_new_tokens=count, use_cache=True)
        return time.perf_counter() - start

    generate(WARM_UP_STEPS)
    few, many = generate(WARM_UP_STEPS), generate(WARM_UP_STEPS + steps)
    # the difference leaves out the text encoder and the first step; EnCodec of so few frames stays in
    frame_rate = 32_000 / 640
    codes = torch.zeros(1, 1, 4, int(SECONDS * frame_rate), dtype=torch.long)
    model.audio_encoder.decode(codes[..., :50], [None])
    start = time.perf_counter()
    model.audio_encoder.decode(codes, [None])
    encodec_s = time.perf_counter() - start
    step_s = (many - few - encodec_s * steps / codes.shape[-1]) / steps
    return {
        "dtype": str(dtype).removeprefix("torch."),
        "threads": threads,
        "steps": steps,
        "parameters": sum(p.numel() for p in model.parameters()),
        "step_s": step_s,
        "encodec_s": encodec_s,
        "scaled_s": step_s * (SECONDS * frame_rate + 3) + encodec_s,  # 3: the delay of the codebooks
    }


def measure_apart(threads: int, steps: int = STEPS) -> list[dict[str, Any]]:
    """Rows for the dtypes that this processor computes in, each in a process of its own."""
    rows = []
    for dtype in dtypes():
        command = [sys.executable, "-m", "benchmarks.musicgen", str(threads), dtype, str(steps)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        rows.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return rows


if __name__ == "__main__":
    given = sys.argv[1:]
    print(json.dumps(measure(int(given[0]), getattr(torch, given[1]), int(given[2]))))
