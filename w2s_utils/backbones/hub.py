"""The papers' backbones through Hugging Face transformers: one row each, from the reader's own copy of the weights.

The rows have been run on tiny models with random weights only, saved to a folder; with their published weights
they have not been run for this book. Needs the extra ``backbones``; torch and transformers are imported when a row
is loaded. Nothing is downloaded here: weights are looked for in ``$W2S_MODELS/<name>`` and in the hub's local
cache, as safetensors, or as a torch file that is converted once by the reader of `w2s_utils.backbones._unpickle`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils.backbones.images import batch_of
from w2s_utils.sources import cache_folder

FloatArray = npt.NDArray[np.float32]
PIXELS = 224
NONE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


@dataclass(frozen=True)
class Model:
    """A published model.

    Attributes
    ----------
    name, repository : str
        The row's name here and on the hub.
    architecture : str
        A class of transformers.
    width : int
    pooling : {"pooler", "first token"}
        The model's ``pooler_output``, or the first token of its last layer.
    normalisation : tuple
        Mean and standard deviation per channel, subtracted and divided after scaling to [0, 1].
    paper : str
        Which paper uses it, and what of the preprocessing is known to be the authors'.
    """

    name: str
    repository: str
    architecture: str
    width: int
    pooling: str
    normalisation: tuple[tuple[float, float, float], tuple[float, float, float]]
    paper: str


_DONG = "dong2025: 224 x 224, no normalisation, average pool, as the authors' code"
_LIU = "liu2026: pooling and normalisation are the model's own; the authors' are not known to us"
MODELS = tuple(
    [
        Model(f"resnet{depth}", f"microsoft/resnet-{depth}", "ResNetModel", width, "pooler", NONE, _DONG)
        for depth, width in ((18, 512), (34, 512), (50, 2048), (101, 2048), (152, 2048))
    ]
    + [
        Model("mae_b16", "facebook/vit-mae-base", "ViTMAEModel", 768, "first token", IMAGENET, _LIU),
        Model(
            "clip_b32", "openai/clip-vit-base-patch32", "CLIPVisionModel", 768, "pooler", CLIP,
            "dong2025: pooled output of the vision tower, the processor's normalisation, as the authors' code",
        ),
        Model(
            "dinov2_s14", "facebook/dinov2-small", "Dinov2Model", 384, "pooler", IMAGENET,
            "dong2025: the authors' preprocessing is not known to us",
        ),
        Model("convnext_l", "facebook/convnext-large-224", "ConvNextModel", 1536, "pooler", IMAGENET, _LIU),
        Model("dinov2_l14", "facebook/dinov2-large", "Dinov2Model", 1024, "pooler", IMAGENET, _LIU),
    ]
)  # fmt: skip


def folder_of(model: Model) -> Path:
    """Folder with ``config.json`` and ``model.safetensors`` of a model.

    Raises
    ------
    ValueError
        If there is none; the message holds the command that gets it.
    """
    own = os.environ.get("W2S_MODELS")
    folder = Path(own).expanduser() / model.name if own else None
    if folder is None or not folder.is_dir():
        folder = _snapshot(model.repository)
    if folder is None or not (folder / "config.json").is_file():
        raise ValueError(
            f"weights of {model.name} are not on this machine; get them by: hf download {model.repository} "
            f"config.json model.safetensors (or pytorch_model.bin), or put both in $W2S_MODELS/{model.name}"
        )
    if (folder / "model.safetensors").is_file():
        return folder
    if (folder / "pytorch_model.bin").is_file():
        return _converted(folder, model.name)
    raise ValueError(f"{folder} holds no model.safetensors; get it by: hf download {model.repository}")


def identity(model: Model) -> str:
    """Changes with the weights, the pooling or the preprocessing."""
    weights = folder_of(model) / "model.safetensors"
    return f"{model.architecture} {model.pooling} {model.normalisation} {PIXELS} {_sha256(weights)} 1"


def load(model: Model) -> Callable[[Sequence[Any]], FloatArray]:
    """What gives a model's features of a batch of images."""
    folder = folder_of(model)
    torch, transformers = _libraries()
    kind = getattr(transformers, model.architecture)
    extra = {"mask_ratio": 0.0} if model.architecture == "ViTMAEModel" else {}
    network, report = kind.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, output_loading_info=True, **extra
    )
    if report["missing_keys"]:  # transformers would go on with random numbers in their place
        raise ValueError(f"{folder} lacks weights of {model.name}, among them {sorted(report['missing_keys'])[0]}")
    network.eval()
    mean, deviation = (np.array(part, np.float32) for part in model.normalisation)

    def encode(images: Sequence[Any]) -> FloatArray:
        pixels = (batch_of(images, PIXELS, PIXELS) - mean) / deviation
        given = {"pixel_values": torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))}
        if model.architecture == "ViTMAEModel":
            # nothing is masked, and the patches keep their order
            patches = (PIXELS // network.config.patch_size) ** 2
            given["noise"] = torch.arange(patches, dtype=torch.float32).repeat(len(images), 1)
        with torch.inference_mode():
            out = network(**given)
        pooled = out.pooler_output if model.pooling == "pooler" else out.last_hidden_state[:, 0]
        features: FloatArray = pooled.reshape(len(images), -1).float().numpy()
        return features

    return encode


def _libraries() -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise ValueError(
            f"the papers' backbones need torch and transformers ({error.name} is missing); "
            "install them by: pip install 'w2s-utils[backbones]'"
        ) from None
    return torch, transformers


def _snapshot(repository: str) -> Path | None:
    try:
        import huggingface_hub
    except ImportError:
        return None
    try:
        return Path(huggingface_hub.snapshot_download(repository, local_files_only=True))
    except (OSError, ValueError):
        return None


def _converted(folder: Path, name: str) -> Path:
    """The same weights as safetensors, in the cache folder."""
    from safetensors import numpy as safetensors

    from w2s_utils.backbones._unpickle import read_torch
    from w2s_utils.backbones.convert import write_bytes

    source = folder / "pytorch_model.bin"
    made = cache_folder() / "weights" / f"{name}-{_sha256(source)[:12]}"
    if not (made / "model.safetensors").is_file():
        arrays = {key: value.copy() for key, value in read_torch(source.read_bytes()).items()}
        made.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "config.json", made / "config.json")
        write_bytes(made / "model.safetensors", safetensors.save(arrays, metadata={"format": "pt"}))
    return made


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
