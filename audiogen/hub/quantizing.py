"""Weights of fewer bits while a model is loaded: int8 by torchao, four bits (nf4) by bitsandbytes.

Both go through the hooks of diffusers and transformers. Only the weights of linear layers shrink, and they
are brought back for every product: memory is saved, and no time. int8 works on a CPU; for nf4 diffusers wants
an accelerator, and transformers does not.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch

from audiogen.compat import import_diffusers, import_transformers
from audiogen.errors import InvalidRequest, MissingPackage
from audiogen.hub.choice import ModelChoice
from audiogen.hub.loading import DENOISERS

PACKAGES = {"int8": "torchao", "nf4": "bitsandbytes"}
LARGE_ENCODERS = ("T5EncoderModel", "UMT5EncoderModel")


def of_pipeline(
    choice: ModelChoice, parts: dict[str, Any], dtype: torch.dtype, where: torch.device
) -> dict[str, Any]:
    """What `from_pretrained` of a pipeline is given beside the others; empty where nothing is quantized.

    Args:
        parts: of the pipeline, by name: (library, class), as its manifest has them.
    Raises:
        MissingPackage: of `PACKAGES`. InvalidRequest: nf4 on a CPU, or no part is large enough.
    """
    if choice.quantize is None:
        return {}
    _check(choice.quantize)
    if choice.quantize == "nf4" and where.type == "cpu":
        raise InvalidRequest(
            "--quantize nf4 needs an accelerator for models of diffusers; on a CPU take --quantize int8."
        )
    libraries = {"diffusers": import_diffusers(), "transformers": import_transformers()}
    large = {
        name: libraries[row[0]]
        for name, row in parts.items()
        if isinstance(row, list | tuple)
        and row[0] in libraries
        and (name in DENOISERS or row[1] in LARGE_ENCODERS)
    }
    if not large:
        raise InvalidRequest(f"--quantize finds nothing large in {choice.source}; leave it out.")
    mapping = {name: _settings(choice.quantize, library, dtype) for name, library in large.items()}
    return {"quantization_config": import_diffusers().PipelineQuantizationConfig(quant_mapping=mapping)}


def of_model(choice: ModelChoice, dtype: torch.dtype, where: torch.device) -> dict[str, Any]:
    """The same for a model of transformers, which is placed while it is loaded.

    Raises:
        MissingPackage: see `of_pipeline`.
    """
    if choice.quantize is None:
        return {}
    _check(choice.quantize)
    settings = _settings(choice.quantize, import_transformers(), dtype)
    return {"quantization_config": settings, "dtype": dtype, "device_map": {"": str(where)}}


def _check(how: str) -> None:
    needed = [name for name in (PACKAGES[how], "accelerate") if find_spec(name) is None]
    if needed:
        raise MissingPackage(
            f"--quantize {how} needs {' and '.join(needed)}: pip install 'audiogen[quantize]'."
        )


def _settings(how: str, library: Any, dtype: torch.dtype) -> Any:
    if how == "int8":
        from torchao.quantization import Int8WeightOnlyConfig

        return library.TorchAoConfig(Int8WeightOnlyConfig())
    return library.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )
