"""Weights: by name, folder or hub id; damage is noticed; what is uploaded is what is saved."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from audiogen import registry
from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.pipeline import load_pipeline
from audiogen.pretrained import pick_device
from audiogen.render.vocoder import Vocoder, VocoderConfig
from audiogen.rows import from_rows

TINY = VocoderConfig(width=8, blocks=1)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    Vocoder.from_config(TINY).save_pretrained(tmp_path / "weights")
    return tmp_path / "weights"


def test_a_folder_is_loaded_and_named_in_the_source(saved: Path) -> None:
    stage = Vocoder.from_pretrained(saved)
    assert stage.config == TINY
    assert stage.source["sha256"] == registry.checksum(saved / "model.safetensors")


def test_weights_are_stored_in_bf16_and_normalisation_in_float32(saved: Path) -> None:
    from safetensors.torch import load_file

    state = load_file(saved / "model.safetensors")
    assert state["enter.weight"].dtype == torch.bfloat16
    assert state["mean"].dtype == torch.float32


def test_int8_halves_the_file_and_keeps_every_weight_within_half_a_step(tmp_path: Path) -> None:
    config = VocoderConfig(width=64, blocks=1)
    stage = Vocoder.from_config(config)
    sizes = {}
    for storage in ("bf16", "int8"):
        stage.save_pretrained(tmp_path / storage, storage=storage)
        sizes[storage] = (tmp_path / storage / "model.safetensors").stat().st_size
    assert sizes["int8"] < 0.65 * sizes["bf16"]
    kept = Vocoder.from_pretrained(tmp_path / "int8").network.state_dict()
    for name, value in stage.network.state_dict().items():
        if value.dim() > 1 and value.numel() >= 4096 and name in dict(stage.network.named_parameters()):
            step = value.flatten(1).abs().amax(1) / 127
            off = (kept[name] - value).flatten(1).abs().amax(1)
            assert (off <= 0.51 * step).all(), name
            assert off.max() > 0 or not value.any(), name
        else:
            torch.testing.assert_close(kept[name], value, atol=1e-2, rtol=1e-2)


def test_a_hub_id_is_downloaded(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(name: str, **options: object) -> str:
        asked.append(name)
        return str(saved)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert Vocoder.from_pretrained("someone/piano-vocoder").config == TINY
    assert asked == ["someone/piano-vocoder"]


def test_pushing_uploads_config_and_weights(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    class Api:
        def create_repo(self, repo_id: str, exist_ok: bool) -> None:
            seen["repo"] = repo_id

        def upload_folder(self, repo_id: str, folder_path: str, **options: object) -> None:
            seen["files"] = {p.name for p in Path(folder_path).iterdir()}
            seen["options"] = options

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    Vocoder.from_pretrained(saved).push_to_hub("me/vocoder", commit_message="first")
    assert seen["repo"] == "me/vocoder"
    assert seen["files"] == {"config.json", "model.safetensors"}
    assert seen["options"] == {"commit_message": "first"}


def test_damaged_shipped_weights_are_refused(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (saved).rename(tmp_path / "vocoder")
    (tmp_path / "checksums.json").write_text('{"vocoder": "0"}')
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(MissingModel, match="damaged"):
        Vocoder.from_pretrained("vocoder")


def test_weights_that_are_not_there_are_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingModel, match="neither a folder"):
        Vocoder.from_pretrained("nonsense")
    with pytest.raises(MissingModel, match=r"model\.safetensors"):
        Vocoder.from_pretrained(tmp_path)
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(MissingModel, match="reinstall"):
        Vocoder.from_pretrained("vocoder")


def test_weights_of_another_stage_do_not_fit(saved: Path) -> None:
    with pytest.raises((MissingModel, InvalidRequest)):
        FlowDecoder.from_pretrained(saved)


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(InvalidRequest, match="did you mean 'width'"):
        from_rows(FlowDecoderConfig, {"widht": 3})


def test_an_unusable_device_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="nonsense"):
        pick_device("nonsense")


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(InvalidRequest, match="score"):
        registry.stage_class("wavelet")
    with pytest.raises(InvalidRequest, match="piano"):
        load_pipeline("guitar")
    with pytest.raises(InvalidRequest, match="flow"):
        load_pipeline("piano", decoder="score")
