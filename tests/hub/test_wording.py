"""Chinese for models that know only English, and what a tokenizer cuts off."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from audiogen.cli import main
from audiogen.hub import CallSettings, ModelChoice, wording
from audiogen.hub.translating import translated
from audiogen.making import Request, understand
from audiogen.prompt import chinese_words


def model(path: Path, **rows: object) -> ModelChoice:
    path.mkdir(exist_ok=True)
    name = "config.json" if "model_type" in rows else "model_index.json"
    (path / name).write_text(json.dumps(rows))
    return ModelChoice(str(path))


@pytest.fixture
def english(tmp_path: Path) -> ModelChoice:
    encoder = ["transformers", "CLIPTextModel"]
    return model(tmp_path / "sd", _class_name="StableDiffusionPipeline", text_encoder=encoder)


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("一只在月亮上拉小提琴的猫", "a cat on moon playing the violin"),
        ("桌子上的苹果和书", "apple and book on table"),
        ("骑着龙的骑士飞过火山", "knight riding dragon flying volcano"),
        ("两只狗在奔跑", "two dog running"),
        ("水彩风格的数字 7", "watercolor style digit 7"),
        ("没有鼓的钢琴曲", "piano music no drums"),
        ("古筝和笛子，中国风，宁静的湖边", "guzheng and flute, chinese style, quiet lakeside"),
        ("lofi吉他, 12 秒", "lofi guitar, 12 s"),
        (
            "三只戴着帽子的橙色小猫，背景是城市夜景。",
            "three orange kitten with hat, background city at night.",
        ),
    ],
)
def test_chinese_becomes_english_word_by_word(chinese: str, english: str) -> None:
    assert wording.in_english(chinese, {}) == (english, ())


def test_the_words_of_our_own_models_count_too_and_the_lists_come_first() -> None:
    assert "珍珠奶茶" in chinese_words()
    assert wording.in_english("珍珠奶茶", chinese_words()) == ("bubble tea", ())
    assert wording.in_english("猫", {"猫": "something else"}) == ("cat", ())


def test_what_no_list_holds_stays_and_is_named(english: ModelChoice, monkeypatch: pytest.MonkeyPatch) -> None:
    assert translated("红猫饕餮", {"红": "red", "猫": "cat"}) == ("red cat 饕餮", ("饕餮",))
    asked = Request("红色的饕餮", model=english, negative="模糊", style="oil")
    plan = understand(asked)
    assert plan.conditioning.wording.startswith("red 饕餮, oil painting")
    assert plan.conditioning.negative.startswith("blurry, photo")
    assert any(remark.startswith("not translated: 饕餮; say it in English") for remark in plan.remarks)
    own = Path(english.source) / "words.yaml"
    own.write_text("chinese:\n  taotie beast: [饕餮]\n", encoding="utf-8")
    monkeypatch.setenv(wording.OWN_LIST, str(own))
    plan = understand(Request("紅色的饕餮", model=english))  # in traditional characters
    assert plan.conditioning.wording == "red taotie beast"
    assert not any("not translated" in remark for remark in plan.remarks)


def test_a_model_that_reads_chinese_is_handed_chinese(tmp_path: Path, english: ModelChoice) -> None:
    words = "一只猫"
    kolors = model(tmp_path / "k", _class_name="KolorsPipeline", text_encoder=["kolors", "ChatGLMModel"])
    ace = model(tmp_path / "a", _class_name="AceStepPipeline", text_encoder=["transformers", "Qwen3Model"])
    umt5 = model(tmp_path / "u", model_type="musicgen", text_encoder={"model_type": "umt5"})
    for choice in (kolors, ace, umt5):
        assert understand(Request(words, model=choice)).conditioning.wording == ""
    t5 = model(tmp_path / "t", model_type="musicgen", text_encoder={"model_type": "t5"})
    for choice in (english, t5):
        assert understand(Request(words, model=choice)).conditioning.wording == "a cat"
    as_it_is = Request(words, model=english, settings=CallSettings(language="zh"))
    assert understand(as_it_is).conditioning.wording == ""


@pytest.mark.slow
def test_explain_shows_what_is_cut_off(
    hub: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The toy's tokenizer reads letters, 75 of them beside its first and last token."""
    words = "x" * 75 + "yyyy"
    assert main(["explain", words, "--model", str(hub("pictures"))]) == 0
    shown = capsys.readouterr().out
    assert f"prompt        {words}" in shown
    assert "(tokenizer reads 77 of 81 tokens)" in shown and "cut off       yyyy" in shown
    assert main(["explain", "x" * 75, "--model", str(hub("pictures"))]) == 0
    assert "cut off" not in capsys.readouterr().out
    assert main(["explain", words, "--model", str(hub("sd3")), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert {cut["tokenizer"]: cut["limit"] for cut in row["cut"]} == {
        "tokenizer": 77,
        "tokenizer_2": 77,
        "tokenizer_3": 32,
    }
