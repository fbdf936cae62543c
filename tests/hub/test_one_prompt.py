"""The arithmetic of One-Prompt-One-Story: windows, token search, reweighting. No model is needed."""

from __future__ import annotations

import math

import pytest
import torch

from audiogen.errors import InvalidRequest
from audiogen.hub.one_prompt import OnePrompt, found, places, windows
from audiogen.hub.reweighting import END_DAMPING, expressed, reweighted


def count(text: str) -> int:
    """A token to a word."""
    return len(text.split())


def test_all_frames_share_one_prompt_where_they_fit() -> None:
    made = windows("a fox", ("in snow", "at sea", "at home"), count, longest=10)
    assert {window.text for window in made} == {"a fox in snow at sea at home"}
    assert [window.frames[window.express] for window in made] == ["in snow", "at sea", "at home"]


def test_a_smaller_window_goes_around_and_begins_with_its_own_frame() -> None:
    made = windows("a fox", ("A", "B", "C", "D"), count, longest=3)
    assert [window.frames for window in made] == [
        ("A", "B", "C"),
        ("B", "C", "D"),
        ("C", "D", "A"),
        ("D", "A", "B"),
    ]
    assert all(window.express == 0 for window in made)


def test_the_window_is_as_long_as_the_encoder_reads_wherever_it_begins() -> None:
    frames = ("one", "one two", "one two three", "one two three four")
    made = windows("a fox", frames, count, longest=10, room=10)  # 2 + 3 + 4 fit, with a third frame 10 do not
    assert [len(window.frames) for window in made] == [2, 2, 2, 2]
    assert max(count(window.text) for window in made) == 9


def test_what_does_not_fit_is_said_by_name() -> None:
    with pytest.raises(InvalidRequest, match="identity has 8 tokens"):
        windows("a b c d e f g h", ("x",), count, 10, room=8)
    with pytest.raises(InvalidRequest, match=r"frame 2 \('far too many words'\) have 6 tokens"):
        windows("a fox", ("x", "far too many words"), count, 10, room=5)
    with pytest.raises(InvalidRequest, match="needs frames"):
        windows("a fox", (), count, 10)


def test_phrases_are_found_one_after_the_other_and_a_truncated_one_nowhere() -> None:
    tokens = [0, 5, 1, 2, 3, 1, 2, 9, 9]
    assert found(tokens, [1, 2]) == range(2, 4)
    assert places(tokens, [[1, 2], [3], [1, 2]]) == [range(2, 4), range(4, 5), range(5, 7)]
    assert found(tokens, [9, 9, 9]) is None and found(tokens, []) is None
    assert places(tokens, [[1, 2], [7, 7], [1, 2]]) == [range(2, 4), None, range(5, 7)]


def test_reweighting_of_two_orthogonal_rows_by_hand() -> None:
    """Rows 3 e1 and 4 e2 have the singular values 3 and 4: each is scaled by beta exp(-alpha s)."""
    rows = torch.zeros(2, 5)
    rows[0, 0], rows[1, 1] = 3.0, 4.0
    made = reweighted(rows, alpha=0.5, beta=0.2)
    wanted = torch.zeros(2, 5)
    wanted[0, 0], wanted[1, 1] = 0.2 * math.exp(-1.5) * 3, 0.2 * math.exp(-2.0) * 4
    torch.testing.assert_close(made, wanted)


def test_reweighting_by_hand_where_the_rows_are_not_orthogonal() -> None:
    """Two equal rows [2, 0] have one singular value, 2 sqrt 2, and stay equal."""
    rows = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    made = reweighted(rows, alpha=-0.1, beta=1.0)
    torch.testing.assert_close(made, rows * math.exp(0.1 * 2 * math.sqrt(2)))


def by_hand(embeds: torch.Tensor, sets: list[tuple[list[int], float, float]]) -> torch.Tensor:
    made = embeds.clone()
    for rows, alpha, beta in sets:
        u, s, v = torch.linalg.svd(made[rows].double().T, full_matrices=False)
        made[rows] = (u @ torch.diag(s * beta * torch.exp(-alpha * s)) @ v).T.float()
    return made


def test_others_are_suppressed_in_turn_then_the_frame_is_expressed_the_ends_each_time() -> None:
    torch.manual_seed(0)
    embeds = torch.randn(8, 6)
    how = OnePrompt(rescale=False)
    ends = [6, 7]
    made = expressed(embeds, range(1, 3), [range(3, 4), range(4, 6)], ends, how)
    down, up = (0.01, 0.05), (-0.01, 1.0)
    sets = [([3, 6, 7], *down), ([4, 5, 6, 7], *down), ([1, 2, 6, 7], *up)]
    torch.testing.assert_close(made, by_hand(embeds, sets))
    torch.testing.assert_close(made[0], embeds[0])  # neither the first token nor the identity
    other = expressed(
        embeds, range(1, 3), [range(3, 4), range(4, 6)], ends, OnePrompt(rescale=False, order="express-first")
    )
    torch.testing.assert_close(other, by_hand(embeds, [sets[2], *sets[:2]]))


def test_the_other_modes() -> None:
    torch.manual_seed(0)
    embeds = torch.randn(8, 6)
    same = expressed(embeds, range(1, 3), [range(3, 6)], [6, 7], OnePrompt(svr="original", rescale=False))
    torch.testing.assert_close(same, embeds)
    made = expressed(embeds, range(1, 3), [range(3, 6)], [6, 7], OnePrompt(svr="svr-eot", rescale=False))
    wanted = by_hand(embeds, [([3, 4, 5], 0.01, 0.05), ([1, 2], -0.01, 1.0)])
    wanted[6:] *= END_DAMPING**2  # once a call
    torch.testing.assert_close(made, wanted)


def test_a_rescaled_alpha_does_not_depend_on_the_scale_of_the_embeddings() -> None:
    torch.manual_seed(0)
    embeds = torch.randn(8, 6)
    how = OnePrompt(rescale=True)
    small = expressed(embeds, range(1, 3), [range(3, 6)], [6, 7], how)
    large = expressed(100 * embeds, range(1, 3), [range(3, 6)], [6, 7], how)
    torch.testing.assert_close(large, 100 * small)


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": 0},
        {"svr": "none"},
        {"order": "random"},
        {"ipca_from": -1},
        {"dropout": 1.0},
        {"weaken": (9, 1)},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(InvalidRequest):
        OnePrompt(**wrong)
