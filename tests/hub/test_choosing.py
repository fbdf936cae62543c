"""Which stage a model is, what is refused before torch is loaded, and the final words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest, MissingModel
from audiogen.hub import Lora, ModelChoice, facts, finding, wording
from audiogen.making import Request, understand
from audiogen.rows import from_rows


def folder(path: Path, manifest: str, **rows: str) -> str:
    path.mkdir(exist_ok=True)
    (path / manifest).write_text(json.dumps(rows))
    return str(path)


@pytest.fixture
def pictures(tmp_path: Path) -> str:
    return folder(tmp_path / "sd", "model_index.json", _class_name="StableDiffusionPipeline")


@pytest.mark.parametrize(
    ("manifest", "rows", "stage"),
    [
        ("model_index.json", {"_class_name": "StableDiffusionXLPipeline"}, "text-to-image"),
        ("model_index.json", {"_class_name": "AudioLDM2Pipeline"}, "text-to-sound"),
        ("config.json", {"model_type": "musicgen"}, "musicgen"),
    ],
)
def test_a_folder_says_which_stage_it_is(tmp_path: Path, manifest: str, rows: dict, stage: str) -> None:
    model = ModelChoice(folder(tmp_path / "model", manifest, **rows))
    plan = understand(Request("a violin on the moon", model=model))
    assert plan.stages == {"decoder": stage}
    assert plan.conditioning.prompt == "a violin on the moon" and not plan.conditioning.unknown


def test_what_is_no_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(source: str | Path, kind: type[Exception], words: str) -> None:
        with pytest.raises(kind, match=words):
            finding.stage_of(ModelChoice(str(source)))

    refused(tmp_path / "nowhere", MissingModel, "There is no folder")
    refused(tmp_path, MissingModel, "holds neither model_index.json nor config.json")
    refused(folder(tmp_path / "a", "config.json", model_type="bert"), InvalidRequest, "is a bert model")
    net = folder(tmp_path / "b", "config.json", _class_name="ControlNetModel")
    refused(net, InvalidRequest, "give it with --controlnet")
    (tmp_path / "a" / "config.json").write_text("{")
    refused(tmp_path / "a", MissingModel, "cannot be read")
    for name, kind, words in (
        ("x.safetensors", MissingModel, "damaged or no safetensors file"),
        ("x.gguf", InvalidRequest, "single file and no .safetensors"),
        ("x.ckpt", InvalidRequest, "is a pickle"),
    ):
        (tmp_path / name).write_bytes(b"x")
        refused(tmp_path / name, kind, words)
    refused(tmp_path / "gone.safetensors", MissingModel, "There is no file")
    with pytest.raises(InvalidRequest, match="--config is of a single"):
        ModelChoice(str(tmp_path), config="owner/name")


def test_without_a_network_a_hub_id_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import LocalEntryNotFoundError

    def unreachable(*args: object, **more: object) -> str:
        raise LocalEntryNotFoundError("no network\nand nothing in the cache")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", unreachable)
    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    with pytest.raises(MissingModel, match="owner/name is not here and the hub cannot be reached") as caught:
        finding.stage_of(ModelChoice("owner/name"))
    assert "\n" not in str(caught.value)


def test_what_does_not_go_together_is_refused(pictures: str, tmp_path: Path) -> None:
    sound = folder(tmp_path / "music", "config.json", model_type="musicgen")
    for request, words in (
        (dict(model=ModelChoice(pictures), decoder="flow"), "of the stage text-to-image, not flow"),
        (dict(decoder="musicgen"), "musicgen needs a model"),
        (dict(negative="blurry"), "--negative is for pretrained models"),
        (dict(model=ModelChoice(pictures), decoder="controlnet"), "--controlnet"),
        (dict(model=ModelChoice(sound, controlnet="x/y")), "makes sound"),
        (dict(model=ModelChoice(pictures), structure="sketch"), "no structure stage sketch"),
        (dict(model=ModelChoice(pictures), size=50), "multiple of 8, not 50"),
        (dict(model=ModelChoice(pictures), size=80_000), "16 to 2048 pixels"),
        (dict(model=ModelChoice(pictures), style="watercolour-ish"), "No style"),
        (dict(model=ModelChoice(pictures), quality="superb"), "--quality is good or off"),
        (dict(model=ModelChoice(pictures), seconds=3.0), "--seconds"),
        (dict(model=ModelChoice(sound), size=512), "--size"),
        (dict(model=ModelChoice(sound), seconds=1000.0), "takes 1 to 300 seconds"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            understand(Request("a cat", **request))  # type: ignore[arg-type]
    for how, words in ((dict(dtype="int3"), "--dtype is"), (dict(offload="disk"), "--offload is")):
        with pytest.raises(InvalidRequest, match=words):
            ModelChoice("x/y", **how)  # type: ignore[arg-type]


def test_a_lora_has_a_scale() -> None:
    assert Lora.parsed("owner/name:0.5") == Lora("owner/name", 0.5)
    assert Lora.parsed("./folder") == Lora("./folder", 1.0)
    assert Lora.parsed("C:/folder") == Lora("C:/folder", 1.0)
    for wrong in ("x:much", ":1", "x:11", "x:nan"):
        with pytest.raises(InvalidRequest, match="--lora is"):
            Lora.parsed(wrong)


def test_a_choice_comes_back_from_its_recipe() -> None:
    choice = ModelChoice("x/y", "v1", "x/net", (Lora("x/l", 0.5), Lora("x/m")), "float16", "model", True)
    assert from_rows(ModelChoice, json.loads(json.dumps(choice.to_dict()))) == choice
    assert ModelChoice("x/y").to_dict() == {"source": "x/y"}


def test_words_of_a_style_and_of_quality_are_added_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert wording.final("a cat", None, None, "", "picture") == ("a cat", "")
    prompt, negative = wording.final("a cat, sharp focus", "水彩", "good", "photo", "picture")
    assert prompt.startswith("a cat, sharp focus, watercolor painting") and prompt.count("sharp focus") == 1
    assert negative.startswith("photo, 3d render, blurry") and negative.count("photo") == 1


def test_anyone_can_edit_the_lists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "words.yaml"
    monkeypatch.setenv(wording.OWN_LIST, str(own))
    with pytest.raises(InvalidRequest, match="which is not there"):
        wording.styles()
    own.write_text("styles:\n  woodcut: {prompt: [woodcut print]}\n")
    assert wording.final("a cat", "woodcut", None, "", "picture") == ("a cat, woodcut print", "")
    assert "watercolor" in wording.styles()
    for broken in ("styles: [a]", "styels: {}", "styles: {a: {prompt: word}}", "styles: {"):
        own.write_text(broken)
        with pytest.raises(InvalidRequest, match="The word list"):
            wording.styles()


def test_a_model_is_shown_before_it_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch
    from safetensors.torch import save_file

    from audiogen.cli import main

    model = tmp_path / "sd"
    folder(model, "model_index.json", _class_name="StableDiffusionPipeline")
    (model / "unet").mkdir()
    rows = {"weight": torch.zeros(1024, 512)}
    for name in ("model.safetensors", "model.fp16.safetensors"):
        save_file(rows, model / "unet" / name)
    save_file(rows, model / "single.safetensors")  # the same once more, for other programs
    (model / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    assert main(["models", "show", str(model)]) == 0
    said = capsys.readouterr().out
    for line in ("stage         text-to-image", "commercial    no", "2.0 MiB in float32, 1.0 MiB in 16 bit"):
        assert line in said
    assert main(["models", "show", str(model), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 1024 * 512
    (model / "unet" / "model.safetensors").write_bytes(b"broken")
    assert main(["models", "show", str(model)]) == MissingModel.exit_code
    assert main(["models", "show"]) == InvalidRequest.exit_code


def test_what_a_licence_allows() -> None:
    assert facts.commercial("apache-2.0") == "yes"
    assert facts.commercial("cc-by-nc-4.0") == "no"
    assert facts.commercial("creativeml-openrail-m").startswith("yes, but not for the uses")
    assert facts.commercial("other") == facts.commercial("") == "read its licence"
