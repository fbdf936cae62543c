"""The project's own reader of digits, to judge what the structure stages draw.

    judge = DigitClassifier.from_pretrained("digit-classifier")
    reading = judge.read(ink)              # [N, h, w] in 0..1, white on black
    (reading.digits == asked).mean()

It was trained on the training digits of MNIST only; no stage was trained with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from audiogen.errors import InvalidRequest
from audiogen.networks.digit_classifier import ClassifierSizes, DigitClassifierNetwork, shrunk
from audiogen.pretrained import Pretrained

AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in N contours: logits float64 [N, 10], features float64 [N, F]."""

    logits: np.ndarray
    features: np.ndarray

    @property
    def digits(self) -> np.ndarray:
        """int64 [N]."""
        return self.logits.argmax(1)


class DigitClassifier(Pretrained):
    """Contours -> digits. Owns the network; not a stage of any pipeline."""

    config_class = ClassifierSizes
    config: ClassifierSizes

    @staticmethod
    def build(config: ClassifierSizes) -> DigitClassifierNetwork:
        return DigitClassifierNetwork(config)

    def read(self, ink: np.ndarray) -> Reading:
        """Read contours, float [N, h, w] in 0..1; larger ones than it knows are averaged down.

        Raises:
            InvalidRequest: another shape, or smaller ones.
        """
        ink = np.asarray(ink, np.float32)
        size = self.config.size
        if ink.ndim != 3 or min(ink.shape[1:], default=0) < size:
            raise InvalidRequest(f"Contours to read are [N, h, w] from {size}x{size}, not {list(ink.shape)}.")
        logits: list[np.ndarray] = []
        features: list[np.ndarray] = []
        with torch.inference_mode():  # float32 on every machine: a judge must not depend on the CPU
            for first in range(0, len(ink), AT_ONCE):
                part = torch.from_numpy(ink[first : first + AT_ONCE]).to(self.device)
                for rows, made in zip((logits, features), self.network(shrunk(part, size)), strict=True):
                    rows.append(made.double().cpu().numpy())
        if not logits:
            raise InvalidRequest("There is no contour to read.")
        return Reading(np.concatenate(logits), np.concatenate(features))
