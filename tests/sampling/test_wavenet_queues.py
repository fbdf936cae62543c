"""The compiled loop gives what the network gives: logits, and codes from the same uniforms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.networks.wavenet import Wavenet, WavenetConfig
from audiogen.sampling import wavenet_queues
from audiogen.sampling.wavenet_queues import Queues
from audiogen.structure.wavenet import queue_weights

LOGIT_ERROR = 1e-4  # float32 sums in another order
SMALL = WavenetConfig(
    width=12, skip=16, dilations=(1, 2, 4, 8), block=4, slow_width=10, slow_dilations=(1, 2, 1)
)
PLAIN = WavenetConfig(width=12, skip=16, dilations=(1, 2, 4, 8, 1), block=4, slow_dilations=())
CONFIGS = pytest.mark.parametrize("config", [SMALL, PLAIN, WavenetConfig()], ids=["small", "plain", "full"])
ASKED = torch.tensor([0.3, -1.0, 0.0, 1.0, 1.0, 0.0])


def pair(config: WavenetConfig) -> tuple[Wavenet, Queues]:
    torch.manual_seed(1)
    network = Wavenet(config).eval().requires_grad_(False)
    return network, Queues(queue_weights(network, ASKED))


@CONFIGS
def test_queue_logits_equal_the_plain_forward_pass(config):
    network, queues = pair(config)
    codes = np.random.default_rng(0).integers(0, 256, 400)
    plain = network(torch.from_numpy(codes)[None], ASKED[None])[0].numpy()
    assert plain.std() > 0.1  # random weights, and not all alike
    np.testing.assert_allclose(queues.hear(codes), plain, atol=LOGIT_ERROR)


def test_the_rings_go_on_from_call_to_call():
    _, once = pair(SMALL)
    _, twice = pair(SMALL)
    codes = np.random.default_rng(0).integers(0, 256, 90)
    parts = np.concatenate([twice.hear(codes[:37]), twice.hear(codes[37:])])
    np.testing.assert_array_equal(once.hear(codes), parts)


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_two_thousand_codes_are_those_of_the_plain_network(temperature):
    """Each plain logit is computed from the codes so far, through the whole network."""
    network, queues = pair(SMALL)
    uniforms = np.random.default_rng(3).random(2000)
    written = queues.write(uniforms, temperature)
    logits = network(torch.from_numpy(written)[None], ASKED[None])[0].double()
    cumulative = (logits / temperature).softmax(-1).cumsum(-1)
    expected = torch.searchsorted(cumulative, torch.from_numpy(uniforms)[:, None], right=True)[:, 0]
    np.testing.assert_array_equal(written, expected.clamp_max(255).numpy())
    assert len(np.unique(written)) > 50


def test_a_nucleus_keeps_to_the_likely():
    network, queues = pair(SMALL)
    written = queues.write(np.random.default_rng(3).random(300), top_p=0.3)
    shares = network(torch.from_numpy(written)[None], ASKED[None])[0].double().softmax(-1)
    better = torch.where(shares > shares[torch.arange(300), written][:, None], shares, 0.0).sum(-1)
    assert (better < 0.3).all()  # what is likelier than the chosen one does not fill the nucleus


def test_the_slow_clock_alone_leaves_it_as_if_all_had_been_heard():
    _, whole = pair(SMALL)
    _, quick = pair(SMALL)
    codes = np.random.default_rng(0).integers(0, 256, 80)
    expected = whole.hear(codes)[-20:]
    quick.hear(codes[:40], slow_only=True)
    np.testing.assert_allclose(quick.hear(codes[40:])[-20:], expected, atol=LOGIT_ERROR)


def test_compiling_is_announced_once_and_kept(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "cache"
    folder.mkdir()
    assert not wavenet_queues.cached(folder)
    name = f"wavenet_queues.{wavenet_queues.run.__name__}-1.py311.nbi"
    (folder / name).write_bytes(b"")
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
