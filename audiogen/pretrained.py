"""`from_pretrained`, `save_pretrained`, `push_to_hub` for stages that own one network.

A weights folder holds `config.json` (the stage's frozen dataclass), `model.safetensors` and
`README.md` (the model card). Shipped weights are bf16 or int8 (`weight_files.py`); they are computed in
the dtype that suits the machine.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from audiogen.calibration import calibrated
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.memory import give_back
from audiogen.registry import checksum, find_weights
from audiogen.rows import from_rows, shown
from audiogen.weight_files import load_weights, save_weights

DEVICES = ("cpu", "cuda", "mps", "xpu")


class Pretrained:
    """Mixin for a stage made as `Stage(config, network)` with `config_class` and `build(config)`.

    Attributes:
        source: name, sha256 of the weights, for the recipe of every output; folder: where they lie, or None.
    """

    config_class: ClassVar[type]
    config: Any
    network: Any  # an nn.Module, of the class that `build` makes
    source: dict[str, str]
    folder: Path | None = None
    device: torch.device
    dtype: torch.dtype

    @staticmethod
    def build(config: Any) -> nn.Module:
        """A network with random weights for this configuration."""
        raise TypeError("a stage that owns a network says how to build it")

    def __init__(self, config: Any, network: nn.Module, device: str = "auto") -> None:
        self.config = config
        self.device = pick_device(device)
        self.dtype = compute_dtype(self.device.type)
        self.network = network.to(self.device).eval().requires_grad_(False)
        self.source = {"name": "unnamed"}

    @classmethod
    def from_config(cls, config: Any, seed: int = 0, device: str = "auto") -> Any:
        """A stage with random weights: for training and tests."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return cls(config, cls.build(config), device=device)

    @classmethod
    def from_pretrained(cls, source: str | Path, device: str = "auto") -> Any:
        """Load by registered name, folder or hub id.

        Raises:
            MissingModel: not found, damaged, or of another kind of stage.
        """
        folder = find_weights(source)
        config = read_config(cls.config_class, folder / "config.json")
        with _Undrawn():
            network = cls.build(config)
        try:
            state = load_weights(folder / "model.safetensors")
            network.load_state_dict(state, assign=True)  # without a second copy
        except Exception as problem:
            raise MissingModel(f"The weights in {folder} do not fit {cls.__name__}: {problem}") from problem
        stage = cls(config, network, device=device)
        stage.source = {"name": str(source), "sha256": checksum(folder / "model.safetensors")}
        stage.folder = folder
        return stage

    def let_go(self) -> None:
        """Give the memory of the network back; the stage cannot be called any more."""
        self.network = None
        give_back()

    def save_pretrained(self, folder: str | Path, storage: str = "bf16") -> None:
        """Write config and weights; `storage` is one of `weight_files.STORAGES`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.network, folder / "model.safetensors", storage)
        rows = {"stage": type(self).__name__, **dataclasses.asdict(self.config)}
        (folder / "config.json").write_text(json.dumps(rows, indent=1) + "\n")

    def push_to_hub(self, repo_id: str, **options: Any) -> None:
        """Upload what `save_pretrained` writes; options go to `HfApi.upload_folder`."""
        import tempfile

        from huggingface_hub import HfApi

        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            HfApi().create_repo(repo_id, exist_ok=True)
            HfApi().upload_folder(repo_id=repo_id, folder_path=folder, **options)


class _Undrawn(TorchFunctionMode):
    """Inside, weights are not drawn: every one is about to be read from a file."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func in (nn.init.kaiming_uniform_, nn.init.normal_, nn.init.uniform_):
            return given["tensor"]
        return func(*args, **given)


def read_tensors(source: str | Path, names: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Some tensors of a weights folder as they are stored, without the network, and its config.

    Raises:
        MissingModel: not there, or damaged.
    """
    from safetensors import SafetensorError, safe_open

    folder = find_weights(source)
    try:
        config = json.loads((folder / "config.json").read_text())
        with safe_open(folder / "model.safetensors", "pt") as file:
            return config, {name: file.get_tensor(name) for name in names}
    except (OSError, ValueError, SafetensorError) as problem:
        raise MissingModel(f"Cannot read {folder} ({problem}); reinstall audiogen.") from problem


def read_config(cls: type, file: Path) -> Any:
    """A frozen dataclass from JSON; nested dataclasses and tuples are restored."""
    try:
        rows = json.loads(file.read_text())
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise MissingModel(
            f"Cannot read {file} ({reason}); reinstall audiogen, or get these weights again."
        ) from problem
    rows.pop("stage", None)
    return from_rows(cls, rows)


def pick_device(name: str) -> torch.device:
    """The device of that name; `auto` takes CUDA where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.partition(":")[0] not in DEVICES:
        raise InvalidRequest(f"No device {shown(name)}; there are auto, {', '.join(DEVICES)}.")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as problem:  # its words are pages of torch
        raise InvalidRequest(f"Device {shown(name)} is not usable here; take cpu or auto.") from problem
    return device


def compute_dtype(device: str) -> torch.dtype:
    """bf16 on CUDA; on a CPU what was measured to be faster there; else float32."""
    if device == "cuda":
        return torch.bfloat16
    return getattr(torch, calibrated().dtype) if device == "cpu" else torch.float32
