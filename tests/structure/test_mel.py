"""The mel stage: exact length, seeds, endings, attributes, files; and its training task."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Structure
from audiogen.errors import Cancelled
from audiogen.lab.train.mel import MelTask, quiet_start, real_ending, ring_out
from audiogen.media.mel import MelSettings
from audiogen.networks.scenes import (
    CALLS_ARE_CLEAR,
    DROPS_ARE_CLEAR,
    DROPS_DO_NOT_HISS,
    HAS_A_LOW_END,
    Contrast,
)
from audiogen.stage import Sampling, silent
from audiogen.structure.mel.reader import NativeReader, TorchReader
from audiogen.structure.mel.stage import (
    MelStage,
    MelStageConfig,
    attribute_codes,
    colour_codes,
    die_away,
    layers_of,
    left_codes,
    pack_frames,
    unpack_frames,
)

TINY = MelStageConfig(
    entries=16, width=32, layers=2, heads=2, hidden=48, head_hidden=16, context=40, keep_frames=20
)
FOREVER = {"ends": False, "damp_s": 0.0, "quiet_frames": 0, "retries": 0}
TINY_ROWS = {
    "entries": 16,
    "width": 32,
    "layers": 2,
    "heads": 2,
    "hidden": 48,
    "head_hidden": 16,
    "context": 40,
    "keep_frames": 20,
}


@pytest.fixture
def stage() -> MelStage:
    made = MelStage.from_config(TINY, seed=0)
    made.network.quantiser.codebooks.normal_(generator=torch.Generator().manual_seed(0))
    made.network.quantiser.mean.fill_(-8.0)
    return made


def write(stage: MelStage, seconds: float = 2.0, **sampling) -> Structure:
    wanted = Conditioning(seconds=seconds, density=4.0)
    return stage(wanted, wanted, Sampling(**sampling), silent)


@pytest.mark.parametrize("seconds", [0.03, 1.0, 2.01, 3.5])
def test_length_is_exact_also_beyond_the_context(stage: MelStage, seconds: float) -> None:
    mel = MelSettings()
    structure = write(stage, seconds)
    assert structure.mel is not None and structure.onsets is not None
    assert structure.mel.shape == (mel.n_groups, mel.coarse_frames(seconds))
    assert structure.onsets.shape == (mel.frames(seconds),)
    assert np.isfinite(structure.mel).all() and structure.onsets.min() >= 0
    assert structure.mel.min() >= np.log(mel.floor) - 1e-5
    assert structure.mel.dtype == structure.onsets.dtype == np.float32


def test_one_seed_is_one_structure_and_two_are_two(stage: MelStage) -> None:
    first, again, other = (write(stage, seed=s).mel for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.1


def test_it_begins_with_silence(stage: MelStage) -> None:
    torch.manual_seed(0)
    stage.network.quantiser.fit(
        torch.randn(4, 60, 37) * 2 - 8, torch.full((37,), 0.1), torch.Generator().manual_seed(0)
    )
    written = stage.network.quantiser.encode(torch.full((1, 3, 37), -11.2))[1]
    mel = write(stage).mel
    assert mel is not None
    silence = stage.network.quantiser.denormalise(written)[0, :, :34]
    np.testing.assert_allclose(mel[:, :3].mean(), silence.clamp_min(-11.513).mean(), atol=0.5)


def test_a_dead_silence_is_written_anew_and_ends_are_left_alone(stage: MelStage, monkeypatch) -> None:
    asked_for: list[int] = []
    monkeypatch.setattr(MelStage, "silent", lambda self, states: True)
    monkeypatch.setattr(
        NativeReader,
        "choose",
        lambda self, state, u: asked_for.append(1) or torch.zeros(1, 3, dtype=torch.int64),
    )
    frames = MelSettings().coarse_frames(4.0)
    write(stage, 4.0)
    dead = int(TINY.dead_s * 25) + TINY.back_frames
    most = frames - TINY.quiet_frames + TINY.retries * dead
    assert frames + dead < len(asked_for) <= most
    asked_for.clear()
    write(stage, 1.0)  # shorter than such a silence
    assert len(asked_for) == 25 - TINY.quiet_frames


def test_saved_stage_writes_the_same(stage: MelStage, tmp_path) -> None:
    stage.save_pretrained(tmp_path, storage="fp32")
    again = MelStage.from_pretrained(tmp_path)
    np.testing.assert_array_equal(write(again).mel, write(stage).mel)


def test_progress_false_cancels(stage: MelStage) -> None:
    wanted = Conditioning(seconds=4.0)
    with pytest.raises(Cancelled):
        stage(wanted, wanted, Sampling(), lambda name, step, total: step < 50)


def test_time_left_counts_down_and_then_it_is_over() -> None:
    codes = left_codes(TINY, 500, 400)
    assert codes[0] == 0 and codes[400] == 1
    assert set(codes[401:]) == {TINY.left_steps + 1}
    counting = codes[(codes > 0) & (codes <= TINY.left_steps)]
    assert (np.diff(counting) <= 0).all() and counting[0] == TINY.left_steps
    assert not left_codes(TINY, 500, None).any()


def test_after_the_last_onset_everything_falls_to_silence() -> None:
    coarse, onsets = torch.full((34, 100), -4.0), torch.ones(300)
    coarse[:, 80] = -1.0
    die_away(coarse, onsets, 40, TINY)
    assert (coarse[:, :70] == -4.0).all() and (onsets[: 44 * 3] == 1).all()
    assert coarse[:, 44:].max() <= -4.0 + 0.3 and not onsets[44 * 3 :].any()
    assert coarse[:, -1].max() < -8.5
    assert (np.diff(coarse[0, 80:].numpy()) < 0).all()


def test_guidance_moves_towards_what_was_asked(stage: MelStage) -> None:
    for weight in stage.network.parameters():
        weight.data.mul_(2)
    plain = stage.config
    stage.config = dataclasses.replace(plain, guidance=1.0)
    unguided = write(stage).mel
    stage.config = dataclasses.replace(plain, guidance=3.0)
    assert np.abs(write(stage).mel - unguided).mean() > 0.01
    hidden = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    network = stage.network
    wanted = network.stage_logits(hidden, 0)
    likeliest = int((wanted[1] + 3 * (wanted[0] - wanted[1])).argmax())
    for kind in (TorchReader, NativeReader):
        chosen = kind(network, 3.0, 0.05, 0.97).choose(hidden, torch.zeros(1, 3))
        assert int(chosen[0, 0]) == likeliest


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_the_compiled_step_writes_what_torch_writes_also_beyond_the_context(
    stage: MelStage, guidance: float, monkeypatch
) -> None:
    monkeypatch.setattr(stage, "config", dataclasses.replace(stage.config, guidance=guidance))
    wanted = Conditioning(seconds=4.0, density=5.0)
    old, new = (stage(wanted, wanted, Sampling(seed=3, arithmetic=way), silent) for way in (2, 3))
    assert old.mel is not None and new.mel is not None and old.mel.shape[1] > TINY.context
    np.testing.assert_array_equal(old.mel, new.mel)
    np.testing.assert_array_equal(old.onsets, new.onsets)


def test_codes_that_are_hidden_are_not_seen(stage: MelStage) -> None:
    network = stage.network
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, TINY.entries, (1, 6, TINY.stages), generator=generator)
    other = codes.clone()
    other[:, 2] = (other[:, 2] + 1) % TINY.entries
    frames = torch.zeros(1, 6, TINY.dimensions)
    hints, left = torch.zeros(1, 3, dtype=torch.int64), torch.zeros(1, 6, dtype=torch.int64)
    hidden = torch.zeros(1, 6, dtype=torch.bool)
    hidden[:, 2] = True
    shown = [network(c, frames, hints, left, None)[0] for c in (codes, other)]
    assert not torch.equal(shown[0][:, 3], shown[1][:, 3])
    unseen = [network(c, frames, hints, left, hidden)[0] for c in (codes, other)]
    torch.testing.assert_close(unseen[0], unseen[1])
    torch.testing.assert_close(unseen[0][:, :3], shown[0][:, :3])


def test_attributes_become_buckets() -> None:
    low = attribute_codes(TINY, {"density": 0.1, "loudness": 1.0, "register": None})
    high = attribute_codes(TINY, {"density": 99.0, "loudness": 127.0, "register": 60.0})
    assert list(low) == [1, 1, 0]
    assert list(high[:2]) == [TINY.buckets] * 2 and 1 < high[2] < TINY.buckets
    assert list(colour_codes(MelStageConfig(colours=3), np.array([-9.0, 0.0, 9.0]))) == [1, 9, 16]
    assert list(colour_codes(MelStageConfig(colours=3), None)) == [0, 0, 0]


def test_an_ambience_keeps_the_colour_of_its_seed_and_does_not_end() -> None:
    config = dataclasses.replace(
        TINY,
        attributes=(("rain", 0.0, 1.0, "linear"), ("birds", 0.0, 1.0, "linear")),
        colours=2,
        scenes=4,
        **FOREVER,
    )
    stage = MelStage.from_config(config)
    network = stage.network
    generator = torch.Generator().manual_seed(0)
    weights = torch.zeros(4, 9)
    weights[:2, 0] = weights[2:, 1] = 1  # two scenes of rain, two of birds
    network.bank.fit(torch.randn(4, 34, generator=generator), weights, torch.full((4,), 0.5), generator)
    frames = torch.randn(2, 40, config.dimensions, generator=generator) - 6
    network.quantiser.fit(frames, torch.ones(config.dimensions) * 0.1, generator)
    rain = Conditioning(path="ambience", seconds=2.0, sources={"rain": 1.0})
    colour, intensity = stage.draw_scene(rain, 1)
    assert np.array_equal(colour, stage.draw_scene(rain, 1)[0])
    assert 0.3 <= intensity <= 1 and stage.draw_scene(rain, 2)[1] != intensity
    assert stage.draw_scene(dataclasses.replace(rain, intensity=0.1), 1)[1] == 0.1
    wanted = np.eye(9)[0]  # what was asked decides which scenes are near
    chosen = {network.bank.choose(wanted, None, np.random.default_rng(seed)) for seed in range(20)}
    remembered = network.bank.weights.numpy()[:, 0]
    assert {int(n) for n in chosen} == set(np.flatnonzero(remembered))
    assert stage.last_onset(2.0) is None
    made = stage(rain, rain, Sampling(seed=1), silent)
    assert made.mel.shape == (34, 50) and np.isfinite(made.mel).all()
    assert np.array_equal(made.mel, stage(rain, rain, Sampling(seed=1), silent).mel)
    both = dataclasses.replace(rain, sources={"birds": 0.5, "rain": 1.0})
    steps: list[tuple[int, int]] = []
    mixed = stage(
        both, both, Sampling(seed=1), lambda name, step, total: bool(steps.append((step, total))) or True
    )
    assert (mixed.mel >= made.mel - 1e-5).all() and (mixed.mel > made.mel + 1e-3).any()  # power is added
    assert steps == sorted(steps) and steps[-1][0] == steps[-1][1]
    asked = [dataclasses.replace(rain, sources={name: 1.0}) for name in ("rain", "birds")]
    together = stage.write_layers(asked, [4, 5], Sampling(), silent)
    for layer, seed, (coarse, onsets) in zip(asked, (4, 5), together, strict=True):
        ((alone, struck),) = stage.write_layers([layer], [seed], Sampling(), silent)
        torch.testing.assert_close(coarse, alone, atol=1e-4, rtol=0)
        torch.testing.assert_close(onsets, struck, atol=1e-4, rtol=0)
    (first, level), (second, below) = layers_of(both)
    assert (first.sources, level) == ({"rain": 1.0}, 0.0)
    assert second.sources == {"birds": 1.0} and below == pytest.approx(8 - 6.02, abs=0.01)


def test_calls_are_lifted_until_what_lies_between_them_is_as_loud_as_rain() -> None:
    stage = MelStage.from_config(TINY)
    bed, calls = torch.full((34, 50), -6.0), torch.full((34, 50), -9.0)
    calls[20:24, 10:14] = -2.0  # one call does not change what lies between
    onsets = torch.zeros(150)

    def lift(behind: torch.Tensor, *names: str) -> dict[str, float]:
        layers = [(Conditioning(path="ambience", sources={name: 1.0}), 0.0) for name in names]
        return dict(stage.lifts(layers, [(behind, onsets), (calls, onsets)]))

    assert lift(bed - 2, "rain", "birds")["birds"] == pytest.approx(1 + 8.686, abs=0.01)
    assert lift(bed, "rain", "birds") == {"birds": 20.0}  # no more than that
    assert lift(bed, "fire", "birds")["birds"] == 8.0  # a fire lives by its events as they do


def test_birds_are_put_where_they_can_be_heard() -> None:
    mel = MelSettings()
    clear, rumbling = torch.full((34,), -9.0), torch.full((34,), -9.0)
    clear[22] = -6.0
    rumbling[:10] = -5.0
    assert CALLS_ARE_CLEAR(clear, mel) and not CALLS_ARE_CLEAR(rumbling, mel)
    birds = (("rain", 0.0, 1.0, "linear"), ("birds", 0.0, 1.0, "linear"))
    stage = MelStage.from_config(dataclasses.replace(TINY, attributes=birds, colours=2, scenes=8, **FOREVER))
    bank = stage.network.bank
    spectra = torch.stack([clear, rumbling] * 4) + 0.1 * torch.randn(8, 34)
    weights = torch.zeros(8, 9)
    weights[:, :2] = 0.5  # rain and birds everywhere
    bank.fit(spectra, weights, torch.full((8,), 0.8), torch.Generator().manual_seed(0))

    def clear_seeds(source: str) -> list[bool]:
        asked = Conditioning(path="ambience", sources={source: 1.0})
        drawn = [stage.draw_scene(asked, seed)[0] for seed in range(20)]
        return [CALLS_ARE_CLEAR(bank(torch.from_numpy(colour)[None])[0], mel) for colour in drawn]

    assert all(clear_seeds("birds"))
    assert 4 < sum(clear_seeds("waves")) < 16


def test_a_rare_place_is_sought_until_it_is_found_and_recipes_of_before_give_up() -> None:
    mel = MelSettings()
    ringing, humming = torch.full((34,), -9.0), torch.full((34,), -9.0)
    ringing[19:26] = -8.0
    humming[9:15] = -7.0
    known = (("rain", 0.0, 1.0, "linear"),)
    stage = MelStage.from_config(dataclasses.replace(TINY, attributes=known, colours=2, scenes=64, **FOREVER))
    bank = stage.network.bank
    weights = torch.zeros(64, 9)
    weights[:, 0] = 1.0
    spectra = torch.stack([ringing] + [humming] * 63) + 0.05 * torch.randn(64, 34)
    bank.fit(spectra, weights, torch.full((64,), 0.8), torch.Generator().manual_seed(0))
    asked = Conditioning(path="ambience", sources={"rain": 1.0})

    def found(scenes: int) -> int:
        drawn = [stage.draw_scene(asked, seed, scenes)[0] for seed in range(20)]
        return sum(DROPS_ARE_CLEAR(bank(torch.from_numpy(colour)[None])[0], mel) for colour in drawn)

    assert found(4) >= 18 and found(3) <= 12


def test_rain_is_put_where_drops_ring_and_neither_engine_nor_air_is_heard() -> None:
    mel = MelSettings()
    ringing, humming, hissing, running = torch.full((4, 34), -9.0)
    ringing[19:26] = -8.0  # 2 .. 7 kHz
    humming[9:15] = -8.0  # 560 .. 1,300 Hz
    hissing[19:] = -8.0
    running[:6] = -11.0  # a tap: nothing below 300 Hz
    assert DROPS_ARE_CLEAR(ringing, mel) and not DROPS_ARE_CLEAR(humming, mel)
    assert DROPS_DO_NOT_HISS(ringing, mel) and not DROPS_DO_NOT_HISS(hissing, mel)
    assert HAS_A_LOW_END(ringing, mel) and not HAS_A_LOW_END(running, mel)
    known = (("rain", 0.0, 1.0, "linear"), ("waves", 0.0, 1.0, "linear"))
    stage = MelStage.from_config(dataclasses.replace(TINY, attributes=known, colours=2, scenes=8, **FOREVER))
    bank = stage.network.bank
    weights = torch.zeros(8, 9)
    weights[:, 0] = 1.0
    spectra = torch.stack([ringing, humming, ringing, hissing] * 2) + 0.1 * torch.randn(8, 34)
    bank.fit(spectra, weights, torch.full((8,), 0.8), torch.Generator().manual_seed(0))
    rain = Conditioning(path="ambience", sources={"rain": 1.0})

    def clear(rule: Contrast, scenes: int) -> int:
        drawn = [stage.draw_scene(rain, seed, scenes)[0] for seed in range(20)]
        return sum(rule(bank(torch.from_numpy(colour)[None])[0], mel) for colour in drawn)

    assert clear(DROPS_ARE_CLEAR, 3) == clear(DROPS_DO_NOT_HISS, 3) == clear(DROPS_ARE_CLEAR, 2) == 20
    # files of earlier versions
    assert clear(DROPS_DO_NOT_HISS, 2) < 19 and 4 < clear(DROPS_ARE_CLEAR, 1) < 19


def test_of_several_drafts_of_waves_the_one_that_swells_most_is_kept() -> None:
    known = (("rain", 0.0, 1.0, "linear"), ("waves", 0.0, 1.0, "linear"))
    stage = MelStage.from_config(dataclasses.replace(TINY, attributes=known, colours=2, scenes=8, **FOREVER))
    waves = Conditioning(path="ambience", seconds=2.0, sources={"waves": 1.0})
    rain = dataclasses.replace(waves, sources={"rain": 1.0})

    def swelling(hints: torch.Tensor, left: torch.Tensor, generators: list, *_: object) -> torch.Tensor:
        """As many drafts as there are generators, each a sine; the third moves most."""
        assert len({g.initial_seed() for g in generators}) == len(generators)
        sine = torch.linspace(0, 9, left.shape[1]).sin()[None, :, None].expand(-1, -1, 37)
        return torch.stack([sine[0] * height for height in (1.0, 0.5, 2.0, 1.5)[: len(generators)]])

    stage.write = swelling  # type: ignore[method-assign, assignment]

    def height(asked: Conditioning, scenes: int = 2) -> float:
        return float(np.ptp(stage(asked, asked, Sampling(scenes=scenes), silent).mel, axis=1).max())

    assert height(waves) == pytest.approx(4, abs=0.1)
    assert height(waves, scenes=1) == pytest.approx(2, abs=0.1)  # files of earlier versions
    assert height(rain) == pytest.approx(2, abs=0.1)


def test_frames_pack_and_unpack() -> None:
    mel = MelSettings()
    coarse, onsets = torch.randn(34, 10) - 6, torch.rand(30)
    frames = pack_frames(coarse, onsets, mel)
    assert frames.shape == (10, 37)
    back, again = unpack_frames(frames, mel)
    torch.testing.assert_close(back, coarse)
    torch.testing.assert_close(again, onsets)


def rows(*onsets: float) -> np.ndarray:
    return np.array([[60, t, t + 0.2, 64] for t in onsets])


def test_a_drawn_ending_falls_silent_after_its_last_note() -> None:
    rng = np.random.default_rng(0)
    crop = np.full((200, 37), -4.0, np.float32)
    out, kept, last = ring_out(crop, rows(1.0, 3.0, 4.0, 6.0), TINY, rng)
    assert last is not None and kept[:, 1].max() * 25 <= last + 1
    np.testing.assert_array_equal(out[: last + 4], crop[: last + 4])
    assert out[-1, :34].mean() < -9 and np.diff(out[last + 10 :, :34].mean(1)).mean() < 0


def test_real_endings_and_quiet_starts_are_found() -> None:
    assert real_ending(rows(0.5, 2.0), 125, TINY) == 50
    assert real_ending(rows(0.5, 4.5), 125, TINY) is None
    assert real_ending(rows(0.5, 2.0, 7.0), 125, TINY) is None
    rng = np.random.default_rng(0)
    start, quiet = quiet_start(rows(1.0), 7, 40, TINY, rng)
    assert start + quiet == 24 and 1 <= quiet <= 5  # the frame before the attack
    assert quiet_start(rows(9.0), 7, 40, TINY, rng) == (7, 0)


@pytest.fixture
def shards(tmp_path):
    rng = np.random.default_rng(0)
    for name, windows in (("train-000", 6), ("valid-000", 3)):
        level = rng.normal(-8, 1, (windows, 1, 300)) + np.linspace(1, -2, 170)[:, None]
        notes = np.concatenate(
            [
                np.column_stack([np.full(12, w), np.tile(rows(*np.arange(0.2, 2.6, 0.2)), 1)])
                for w in range(windows)
            ]
        )
        np.savez(tmp_path / f"{name}.npz", mid=level.astype(np.float16), notes=notes)
    return tmp_path


def test_task_learns_evaluates_samples_and_exports(shards, tmp_path) -> None:
    settings = {"batch_size": 4, "frames": 40, "valid_windows": 8, "hide": 0.5, "blur": 0.3}
    task = MelTask(TINY_ROWS, settings, shards, 0)
    generator = torch.Generator().manual_seed(0)
    batch = task.batch(generator)
    assert batch["frames"].shape == (4, 40, 37) and batch["left"].shape == (4, 40)
    optimizer = torch.optim.AdamW(task.network.parameters(), lr=3e-3)
    before = task.evaluate(task.network)
    for _ in range(15):
        loss = task.loss(task.network, task.batch(generator), 0.0)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = task.evaluate(task.network)
    assert after["metric"] < before["metric"] - 0.05
    assert after["quantiser_l1"] < 0.5
    task.sample(task.network, tmp_path)
    assert (tmp_path / "coarse-mels.png").exists()
    assert Structure.load(tmp_path / "sample-0.npz").mel is not None
    task.export(task.network, tmp_path / "weights")
    assert next(task.network.parameters()).requires_grad
    assert MelStage.from_pretrained(tmp_path / "weights").config == TINY
