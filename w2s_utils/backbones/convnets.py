"""Four small image networks in numpy, for the embedded features: pooled output of the last convolution.

Arrays are (images, rows, columns, channels), float32. Imports numpy only; weights come from
`w2s_utils.backbones.convert`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Weights = Mapping[str, FloatArray]
# blocks per stage and stride of a stage's first block
_MOBILENET = ((1, 1), (2, 2), (3, 2), (4, 2), (3, 1), (3, 2), (1, 1))
_LITE0 = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
_LITE2 = ((1, 1), (3, 2), (3, 2), (4, 2), (4, 1), (5, 2), (1, 1))


def padded(x: FloatArray, kernel: int, stride: int, same: bool) -> FloatArray:
    """Zero padding of rows and columns before a convolution.

    Parameters
    ----------
    x : ndarray, shape (images, rows, columns, channels)
    kernel, stride : int
    same : bool
        True: as TensorFlow's "SAME" for this size, the odd one below and to the right. False: (kernel - 1) // 2
        on every side, as PyTorch.

    Examples
    --------
    >>> padded(np.ones((1, 4, 4, 1), np.float32), 3, 2, same=True)[0, :, :, 0].sum(0).tolist()
    [4.0, 4.0, 4.0, 4.0, 0.0]
    """
    if same:
        total = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[1:3]]
        pads = [(amount // 2, amount - amount // 2) for amount in total]
    else:
        pads = [((kernel - 1) // 2,) * 2] * 2
    return np.pad(x, [(0, 0), *pads, (0, 0)])


def convolve(x: FloatArray, kernel: FloatArray, bias: FloatArray, stride: int = 1) -> FloatArray:
    """Convolution of an input padded beforehand: kernel (k, k, in, out), or (k, k, channels) for a depthwise one."""
    k = kernel.shape[0]
    rows, columns = ((size - k) // stride + 1 for size in x.shape[1:3])
    if k == 1:
        return x[:, ::stride, ::stride] @ kernel[0, 0] + bias
    windows = (
        (x[:, i : i + stride * rows : stride, j : j + stride * columns : stride][:, :rows, :columns], kernel[i, j])
        for i in range(k)
        for j in range(k)
    )
    if kernel.ndim == 4:
        patches = np.concatenate([window for window, _ in windows], axis=-1)
        return patches @ kernel.reshape(-1, kernel.shape[3]) + bias
    out = np.empty((len(x), rows, columns, kernel.shape[2]), np.float32)
    out[:] = bias
    part = np.empty_like(out)
    for window, weight in windows:
        np.multiply(window, weight, out=part)
        out += part
    return out


def squeezenet(x: FloatArray, w: Weights) -> FloatArray:
    """SqueezeNet 1.1, output of fire9, mean over positions: (images, 512). Input: RGB in [0, 1]."""

    def layer(x: FloatArray, name: str, stride: int = 1) -> FloatArray:
        return np.maximum(convolve(x, w[f"{name}.kernel"], w[f"{name}.bias"], stride), 0)

    # trained on blue, green, red from 0 to 255, less the means of ImageNet
    shifted: FloatArray = x[..., ::-1] * np.float32(255) - np.array([103.939, 116.779, 123.68], np.float32)
    x = _max_pool(layer(np.pad(shifted, [(0, 0), (0, 1), (0, 1), (0, 0)]), "conv1", 2))
    for number in range(2, 10):
        x = layer(x, f"fire{number}.squeeze1x1")
        wide = layer(padded(x, 3, 1, same=False), f"fire{number}.expand3x3")
        x = np.concatenate([layer(x, f"fire{number}.expand1x1"), wide], axis=-1)
        if number in (3, 5):
            x = _max_pool(x)
    pooled: FloatArray = x.mean((1, 2))
    return pooled


def mobilenet_v2(x: FloatArray, w: Weights) -> FloatArray:
    """MobileNetV2, last convolution, mean over positions: (images, 1280). Input: RGB in [0, 1]."""
    return _inverted_residuals(_unit_range(x), w, _MOBILENET, same=False)


def mobilenet_v2_block5(x: FloatArray, w: Weights) -> FloatArray:
    """MobileNetV2, output of the sixth block, mean over positions: (images, 32). Input: RGB in [0, 1]."""
    return _inverted_residuals(_unit_range(x), w, _MOBILENET[:3], same=False, head=False)


def efficientnet_lite0(x: FloatArray, w: Weights) -> FloatArray:
    """EfficientNet-Lite0, last convolution, mean over positions: (images, 1280). Input: RGB in [0, 1]."""
    return _inverted_residuals(_byte_range(x), w, _LITE0, same=True)


def efficientnet_lite0_block4(x: FloatArray, w: Weights) -> FloatArray:
    """EfficientNet-Lite0, output of the fifth block, mean over positions: (images, 40). Input: RGB in [0, 1]."""
    return _inverted_residuals(_byte_range(x), w, _LITE0[:3], same=True, head=False)


def efficientnet_lite2(x: FloatArray, w: Weights) -> FloatArray:
    """EfficientNet-Lite2, last convolution, mean over positions: (images, 1280). Input: RGB in [0, 1]."""
    return _inverted_residuals(_byte_range(x), w, _LITE2, same=True)


NETWORKS: dict[str, Callable[[FloatArray, Weights], FloatArray]] = {
    "squeezenet": squeezenet,
    "mobilenet_v2": mobilenet_v2,
    "efficientnet_lite0": efficientnet_lite0,
    "efficientnet_lite2": efficientnet_lite2,
}


def _unit_range(x: FloatArray) -> FloatArray:
    mean, deviation = (np.array(part, np.float32) for part in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return np.asarray((x - mean) / deviation, np.float32)


def _byte_range(x: FloatArray) -> FloatArray:
    shifted: FloatArray = (x * np.float32(255) - np.float32(127)) / np.float32(128)
    return shifted


def _max_pool(x: FloatArray) -> FloatArray:
    rows, columns = ((size - 3) // 2 + 1 for size in x.shape[1:3])
    parts = [x[:, i : i + 2 * rows : 2, j : j + 2 * columns : 2] for i in range(3) for j in range(3)]
    out = parts[0].copy()
    for part in parts[1:]:
        np.maximum(out, part, out=out)
    return out


def _inverted_residuals(
    x: FloatArray, w: Weights, stages: tuple[tuple[int, int], ...], *, same: bool, head: bool = True
) -> FloatArray:
    def layer(x: FloatArray, name: str, stride: int = 1, bounded: bool = True) -> FloatArray:
        kernel = w[f"{name}.kernel"]
        if kernel.shape[0] > 1:
            x = padded(x, kernel.shape[0], stride, same)
        out = convolve(x, kernel, w[f"{name}.bias"], stride)
        return np.clip(out, 0, 6, out=out) if bounded else out

    x = layer(x, "stem", 2)
    strides = [stride if i == 0 else 1 for blocks, stride in stages for i in range(blocks)]
    for number, stride in enumerate(strides):
        at = f"block{number}."
        y = layer(x, f"{at}expand") if f"{at}expand.kernel" in w else x
        y = layer(layer(y, f"{at}depthwise", stride), f"{at}project", bounded=False)
        x = x + y if stride == 1 and x.shape == y.shape else y
    pooled: FloatArray = (layer(x, "head") if head else x).mean((1, 2))
    return pooled
