"""Every stage at its smallest, with random weights, as a weights folder that the registry can read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audiogen import registry
from tests.tiny_pictures import tiny_pictures


def write_weights(folder: Path) -> None:
    """What `audiogen/weights` holds, in half a megabyte."""
    from audiogen.decoder.diffusion import DiffusionDecoder, DiffusionDecoderConfig
    from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig
    from audiogen.media.mel import TEXTURE
    from audiogen.networks.transcriber import TranscriberConfig
    from audiogen.ranking.transcribe import TranscriberStage
    from audiogen.render.vocoder import Vocoder, VocoderConfig
    from audiogen.structure.mel.stage import MelStage, MelStageConfig
    from audiogen.structure.score.stage import ScoreConfig, ScoreStage
    from audiogen.structure.wavenet.stage import WaveNetStage

    score = ScoreConfig(width=32, layers=2, heads=2, hidden=32, head_hidden=16, context=64)
    mel = MelStageConfig(stages=2, entries=8, width=16, layers=1, heads=2, hidden=16, head_hidden=16)
    flow = FlowDecoderConfig(width=16, dilations=(1,), templates=2, steps=2)
    weather = MelStageConfig(
        attributes=tuple((name, 0.0, 1.0, "linear") for name in ("rain", "birds")),
        stages=2,
        entries=8,
        width=16,
        layers=1,
        heads=2,
        hidden=16,
        head_hidden=16,
        damp_s=0.0,
        dead_s=1e6,
        ends=False,
    )
    rows: dict[str, Any] = dict(
        width=16,
        dilations=(1,),
        templates=0,
        scenes=4,
        attributes=("rain", "birds", "intensity"),
        take_names=("colour_1", "colour_2"),
        take_centre=(),
        take_spread=(),
        steps=2,
        noise_scale=1.0,
    )
    lasting = FlowDecoderConfig(**rows)
    textured = FlowDecoderConfig(**rows, mel=TEXTURE)
    samples = tiny_wavenet()
    ear = TranscriberConfig(channels=2, squeezed=1, width=8)
    stages = {
        "piano-score": ScoreStage.from_config(score, seed=3),
        "piano-mel": MelStage.from_config(mel, seed=3),
        "piano-flow": FlowDecoder.from_config(flow, seed=3),
        "ambience-mel": MelStage.from_config(weather, seed=3),
        "ambience-flow": FlowDecoder.from_config(textured, seed=3),
        "ambience-few": FlowDecoder.from_config(lasting, seed=4),
        "ambience-diffusion": DiffusionDecoder.from_config(DiffusionDecoderConfig(**rows), seed=3),
        "wavenet": WaveNetStage.from_config(samples, seed=3),
        "vocoder": Vocoder.from_config(VocoderConfig(width=16, blocks=1, iterations=1), seed=3),
        "transcriber": TranscriberStage.from_config(ear, seed=3),
        **tiny_pictures(),
    }
    for name, stage in stages.items():
        stage.save_pretrained(folder / name)
    sums = {name: registry.checksum(folder / name / "model.safetensors") for name in stages}
    (folder / "checksums.json").write_text(json.dumps(sums))


def tiny_wavenet() -> Any:
    """A WaveNet that remembers a few milliseconds."""
    from audiogen.networks.note_wavenet import NoteWavenetConfig
    from audiogen.networks.wavenet import WavenetConfig
    from audiogen.networks.wavenet_tiers import WavenetTiersConfig
    from audiogen.structure.wavenet.stage import WaveNetConfig

    samples = WavenetConfig(width=8, skip=8, dilations=(1, 2), block=4, slow_width=8, slow_dilations=(1, 2))
    sizes = WavenetTiersConfig(NoteWavenetConfig(width=8, dilations=(1, 2)), samples)
    return WaveNetConfig(network=sizes)
