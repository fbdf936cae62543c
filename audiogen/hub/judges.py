"""Networks of the user's that judge: CLIP and CLAP, an encoder of pictures, a model of masks.

A judge turns what it is given into rows of length 1, so that an inner product is a cosine. Whatever
transformers loads will do, by folder or hub id: CLIP, SigLIP, Chinese-CLIP and the like for pictures, CLAP
for sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiogen.compat import import_transformers
from audiogen.errors import InvalidRequest
from audiogen.hub import finding, loading

Pictures = Sequence[np.ndarray]  # float [3, H, W] in 0..1
Rows = np.ndarray  # float64 [N, D], each of length 1
# pictures, and who is looked for -> how much of each pixel that is, float32 [H, W] in 0..1
Cut = Callable[[Pictures, str], list[np.ndarray]]
AT_ONCE = 8  # pictures, sentences or windows


class Words:
    """A network with words and something else in one space.

    Attributes:
        source: as it was named. folder: where it lies. sha256: of its files.
    """

    hears: str  # CLIP or CLAP, see `finding`
    first = 0  # position of the first token

    def __init__(self, source: str, device: str | torch.device = "cpu") -> None:
        """Raises:
        MissingModel: it is not there, incomplete or damaged. InvalidRequest: a model of another kind.
        """
        check(source, self.hears)
        transformers = import_transformers()
        self.source, self.folder = source, finding.part_folder(source)
        with loading.loading(source):
            self.model = _loaded(transformers.AutoModel, self.folder, device)
            self.processor = transformers.AutoProcessor.from_pretrained(str(self.folder))
        self.sha256 = finding.digest([self.folder])
        self.device = device

    def sentences(self, texts: Sequence[str]) -> Rows:
        """Rows of sentences; of a long one what the text encoder reads."""
        longest = self.model.config.text_config.max_position_embeddings - self.first
        tokens = self.processor.tokenizer
        settings: dict[str, Any] = {"truncation": True, "return_tensors": "pt"}
        # SigLIP was trained on sentences that are filled up to their longest
        settings["padding"] = "max_length" if "siglip" in self.model.config.model_type else True
        settings["max_length"] = min(longest, tokens.model_max_length)
        with loading.running(self.source), torch.inference_mode():
            return _stacked(
                self.model.get_text_features(**tokens(part, **settings).to(self.device))
                for part in _parts(list(texts))
            )


class Clip(Words):
    """Pictures and sentences."""

    hears = finding.CLIP

    def pictures(self, pictures: Pictures) -> Rows:
        """Rows of pictures [3, H, W] in 0..1."""
        look = self.processor.image_processor
        with loading.running(self.source), torch.inference_mode():
            return _stacked(
                self.model.get_image_features(**look(images=part, return_tensors="pt").to(self.device))
                for part in _parts(_images(pictures))
            )

    def cosines(self, pictures: Pictures, texts: Sequence[str]) -> np.ndarray:
        """Of each picture and its sentence, [N]; CLIPScore (arXiv 2104.08718) is 2.5 times that."""
        return np.asarray((self.pictures(pictures) * self.sentences(texts)).sum(1))


class Clap(Words):
    """Sounds and sentences."""

    hears = finding.CLAP
    first = 2  # RoBERTa counts from behind its padding

    def windows(self, samples: np.ndarray, sample_rate: int) -> Rows:
        """Rows of a sound [C, T], in mono, one for each window of what the network hears at once (10 s).

        The windows lie evenly and meet or overlap; a shorter sound is one window. The network's own way with
        long sounds, a window by chance, is not used: the same sound has the same rows.
        """
        import soxr

        ear = self.processor.feature_extractor
        mono = np.asarray(samples, np.float64).mean(0)
        if sample_rate != ear.sampling_rate:
            mono = soxr.resample(mono, sample_rate, ear.sampling_rate)
        size = int(ear.nb_max_samples)
        count = max(1, -(-len(mono) // size))
        starts = np.linspace(0, max(0, len(mono) - size), count).round().astype(int)
        heard = [mono[start : start + size].astype(np.float32) for start in starts]
        with loading.running(self.source), torch.inference_mode():
            return _stacked(self._heard(ear, part) for part in _parts(heard))

    def _heard(self, ear: Any, part: list[np.ndarray]) -> Any:
        given = ear(part, sampling_rate=ear.sampling_rate, return_tensors="pt").to(self.device)
        # the extractor calls one of them long, by chance, where none is: of use in training alone
        given["is_longer"] = torch.zeros_like(torch.as_tensor(given["is_longer"]))
        return self.model.get_audio_features(**given)

    def cosine(self, samples: np.ndarray, sample_rate: int, text: str) -> float:
        """Of a sound [C, T] and its sentence: the mean over its windows."""
        return float((self.windows(samples, sample_rate) @ self.sentences([text])[0]).mean())


class Features:
    """Any encoder of pictures that transformers loads (DINOv2, a DreamSim backbone): its pooled output."""

    def __init__(self, source: str, device: str | torch.device = "cpu") -> None:
        """Raises:
        MissingModel: it is not there, incomplete or damaged.
        """
        transformers = import_transformers()
        folder = finding.part_folder(source)
        with loading.loading(source):
            self.model = _loaded(transformers.AutoModel, folder, device)
            self.look = transformers.AutoImageProcessor.from_pretrained(str(folder))
        self.source, self.sha256, self.device = source, finding.digest([folder]), device

    def pictures(self, pictures: Pictures) -> Rows:
        """Rows of pictures [3, H, W] in 0..1."""
        with loading.running(self.source), torch.inference_mode():
            return _stacked(self._seen(part) for part in _parts(_images(pictures)))

    def _seen(self, part: list[Any]) -> Any:
        given = self.look(images=part, return_tensors="pt").to(self.device)
        if hasattr(self.model, "get_image_features"):  # a CLIP
            return self.model.get_image_features(**given)
        made = self.model(**given)
        pooled = getattr(made, "pooler_output", None)
        return made.last_hidden_state[:, 0] if pooled is None else pooled.flatten(1)


def cut_by(source: str, device: str | torch.device = "cpu") -> Cut:
    """Masks by a segmentation model of transformers: what is not background, or what words name (CLIPSeg).

    Raises:
        MissingModel: it is not there, incomplete, damaged, or segments nothing.
    """
    if finding.manifest(source)[1].get("model_type") == "clipseg":
        return _looking_for_words(source, device)
    transformers = import_transformers()
    with loading.loading(source):
        folder = str(finding.part_folder(source))
        segment = transformers.pipeline("image-segmentation", model=folder, device=device)

    def cut(pictures: Pictures, words: str) -> list[np.ndarray]:
        with loading.running(source):
            return [_foreground(segment(image), image.size) for image in _images(pictures)]

    return cut


def _foreground(found: list[dict[str, Any]], size: tuple[int, int]) -> np.ndarray:
    """What is called no background; where nothing is left, the whole picture."""
    seen = [np.asarray(row["mask"], np.float32) / 255 for row in found if not _behind(str(row["label"]))]
    mask = np.max(seen, 0) if seen else np.zeros(size[::-1], np.float32)
    return mask if mask.any() else np.ones_like(mask)


def _behind(label: str) -> bool:
    return "back" in label.lower()


def _looking_for_words(source: str, device: str | torch.device) -> Cut:
    """CLIPSeg: where words are seen; where they nowhere are, the whole picture."""
    transformers = import_transformers()
    folder = finding.part_folder(source)
    with loading.loading(source):
        model = _loaded(transformers.CLIPSegForImageSegmentation, folder, device)
        processor = transformers.AutoProcessor.from_pretrained(str(folder))

    def one(image: Any, words: str) -> np.ndarray:
        given = processor(text=[words], images=[image], padding=True, return_tensors="pt").to(device)
        logits = model(**given).logits
        seen = torch.sigmoid(logits).reshape(1, 1, *logits.shape[-2:])
        size = image.size[::-1]
        mask = torch.nn.functional.interpolate(seen, size, mode="bilinear")[0, 0].cpu().numpy()
        return mask if (mask > 0.5).any() else np.ones(size, np.float32)

    def cut(pictures: Pictures, words: str) -> list[np.ndarray]:
        with loading.running(source), torch.inference_mode():
            return [one(image, words) for image in _images(pictures)]

    return cut


def check(source: str, kind: str) -> None:
    """Raise InvalidRequest unless a model compares words with what it should, `finding.CLIP` or `CLAP`."""
    if (found := finding.compares(source)) != kind:
        what, other = ("pictures", "CLIP") if kind == finding.CLIP else ("sounds", "CLAP")
        is_ = "compares no words with them" if found is None else f"is a {found.upper()}"
        raise InvalidRequest(f"{source} {is_}, and {what} are compared here; give a {other}.")


def _loaded(loader: Any, folder: Path, device: str | torch.device) -> Any:
    return loader.from_pretrained(str(folder), use_safetensors=True).eval().to(device)


def _parts(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[k : k + AT_ONCE] for k in range(0, len(rows), AT_ONCE))


def _images(pictures: Pictures) -> list[Any]:
    from PIL import Image

    levels = (
        np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8).transpose(1, 2, 0) for picture in pictures
    )
    return [Image.fromarray(each) for each in levels]


def _stacked(made: Iterator[Any]) -> Rows:
    """Batches of what transformers gives as rows of length 1."""
    rows = torch.cat([getattr(each, "pooler_output", each).double().cpu() for each in made]).numpy()
    return unit(rows)


def unit(rows: np.ndarray) -> Rows:
    """Rows of length 1."""
    array = np.asarray(rows, np.float64)
    return np.asarray(array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-12))
