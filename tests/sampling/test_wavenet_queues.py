"""The compiled loop gives what the network gives: mixtures, and codes from the same uniforms."""

from __future__ import annotations

import numba
import numpy as np
import pytest
import torch

from audiogen import native
from audiogen.lab.train.wavenet import mixture_bits
from audiogen.media.mulaw import encode
from audiogen.networks.wavenet import Wavenet, WavenetConfig
from audiogen.sampling import wavenet_queues
from audiogen.sampling.wavenet_queues import Queues, pick
from audiogen.structure.wavenet.stage import queue_weights

SUM_ERROR = 1e-4  # float32 sums in another order
SMALL = WavenetConfig(
    width=12, skip=16, dilations=(1, 2, 4, 8), block=4, slow_width=10, slow_dilations=(1, 2, 1), roll=5
)
PLAIN = WavenetConfig(width=12, skip=16, dilations=(1, 2, 4, 8, 1), block=4, slow_dilations=(), roll=5)
CONFIGS = pytest.mark.parametrize("config", [SMALL, PLAIN, WavenetConfig()], ids=["small", "plain", "full"])


def pair(config: WavenetConfig) -> tuple[Wavenet, Queues]:
    torch.manual_seed(1)
    network = Wavenet(config).eval().requires_grad_(False)
    torch.nn.init.normal_(network.mixture.weight, std=0.2)  # as after training: no component like another
    return network, Queues(queue_weights(network))


def told(config: WavenetConfig, length: int) -> tuple[np.ndarray, np.ndarray]:
    """What is expected of every sample, and a roll: anything, but at levels between 0.01 and 1."""
    rng = np.random.default_rng(2)
    expected = rng.uniform(-1, 1, (length, 4)).astype(np.float32)
    expected[:, 1] = 10 ** rng.uniform(-2, 0, length)
    expected[:, 0] *= expected[:, 1]
    return expected, rng.random((length // config.block, config.roll)).astype(np.float32)


def plain(network: Wavenet, codes: np.ndarray) -> np.ndarray:
    """Through the whole network at once: [T, 3, K]."""
    expected, roll = told(network.config, len(codes))
    rows = (torch.from_numpy(x)[None] for x in (codes, expected, roll))
    return network(*rows)[0].numpy()


def noisy_tone(length: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.05, length)
    return encode(0.4 * np.sin(np.arange(length) / 8) + noise).astype(np.int64)


@CONFIGS
def test_queue_mixtures_equal_the_plain_forward_pass(config):
    network, queues = pair(config)
    codes = noisy_tone(800)
    expected = plain(network, codes)
    assert expected[:, 0].std() > 0.1  # random weights, and not all alike
    np.testing.assert_allclose(queues.hear(codes, *told(config, 800)), expected, atol=SUM_ERROR)


def test_the_rings_go_on_from_call_to_call():
    _, once = pair(SMALL)
    _, twice = pair(SMALL)
    codes = noisy_tone(400)
    expected, roll = told(SMALL, 400)
    parts = [
        twice.hear(codes[:36], expected[:36], roll[:9]),
        twice.hear(codes[36:], expected[36:], roll[9:]),
    ]
    np.testing.assert_array_equal(once.hear(codes, expected, roll), np.concatenate(parts))


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_two_thousand_codes_are_those_of_the_plain_network(temperature):
    """Each mixture is computed from the codes so far, through the whole network."""
    network, queues = pair(SMALL)
    uniforms = np.random.default_rng(3).random(2000)
    written = queues.write(uniforms, *told(SMALL, 2000), temperature)
    rows = zip(plain(network, written), uniforms, strict=True)
    np.testing.assert_array_equal(written, [sample(row, u, temperature) for row, u in rows])
    assert len(np.unique(written)) > 50


def sample(mixture: np.ndarray, uniform: float, temperature: float) -> int:
    """Inverting the cumulative weights, then the logistic of the component; the code of its amplitude."""
    shares = torch.from_numpy(mixture[0]).double().softmax(-1).numpy()
    cumulative = np.concatenate([[0.0], shares.cumsum()])
    k = int(np.searchsorted(cumulative, uniform, side="right")) - 1
    inside = (uniform - cumulative[k]) / shares[k]
    value = mixture[1, k] + temperature * np.exp(mixture[2, k]) * np.log(inside / (1 - inside))
    return int(encode(np.array([value]))[0])


def test_codes_come_as_often_as_the_mixture_says():
    """Drawn codes against the bits that training counts."""
    mixture = np.array([[0.0, -2.0], [-0.02, 0.3], [-5.0, -3.0]], np.float32)
    uniforms = (np.arange(20_000) + 0.5) / 20_000
    drawn = np.array([pick(mixture, u, 1.0) for u in uniforms])
    codes = torch.arange(1, 256)
    share = 2 ** -mixture_bits(torch.from_numpy(mixture).expand(255, 3, 2), codes).numpy()
    np.testing.assert_allclose(np.bincount(drawn, minlength=256)[1:] / len(drawn), share, atol=2e-3)


def test_temperature_narrows_the_components_and_keeps_their_weights():
    """A blow is an unlikely component of every sample; a cold choice must not forbid it."""
    mixture = np.array([[0.0, -4.0], [0.02, 0.5], [-6.0, -4.0]], np.float32)
    uniforms = np.random.default_rng(0).random(20_000)
    warm, cold = (np.array([pick(mixture, u, t) for u in uniforms]) for t in (1.0, 0.2))
    assert (warm > 220).mean() == (cold > 220).mean() > 0.01
    assert cold[cold < 220].std() < 0.4 * warm[warm < 220].std()


def test_compiling_is_announced_once_and_kept(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "cache"
    folder.mkdir()
    assert not wavenet_queues.cached(folder)
    (folder / f"wavenet_queues.{wavenet_queues.run.__name__}-1.py311.nbi").write_bytes(b"")
    assert wavenet_queues.cached(folder)
    monkeypatch.setattr(wavenet_queues, "cached", lambda folder: False)
    wavenet_queues.compiled.cache_clear()
    try:
        wavenet_queues.compiled()
        wavenet_queues.compiled()
    finally:
        wavenet_queues.compiled.cache_clear()
    said = capsys.readouterr().err
    assert said.count("Compiling the WaveNet loop") == 1
    assert "kept in" in said


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(monkeypatch):
    """numba refuses a cache when neither the package's folder nor the user's is writable."""
    plain = numba.njit

    def unwritable(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return plain(**options)

    monkeypatch.setattr(numba, "njit", unwritable)
    made = native.native(lambda x: x + 1)
    assert made(1) == 2
    assert made.stats.cache_path is None
