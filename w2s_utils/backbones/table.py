"""The backbones: one row each, with what loads it. Imports nothing heavy until a row is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils.backbones import convnets, hub, sentences
from w2s_utils.backbones.convert import SOURCES, weights
from w2s_utils.backbones.images import batch_of
from w2s_utils.sources import archives

FloatArray = npt.NDArray[np.float32]
Encoder = Callable[[Sequence[Any]], FloatArray]


@dataclass(frozen=True)
class Backbone:
    """A frozen feature extractor.

    Attributes
    ----------
    name : str
    kind : {"image", "text"}
    width : int
        Numbers it gives per input.
    layer : str
        What of the network they are, and what is done to the input.
    identity : str
        Changes when weights or preprocessing change: part of the cache's key.
    load : callable
        Given the inputs to fit on (a vocabulary needs them), returns what encodes a batch.
    reduced : bool
        An early layer, or an input made small: the weak models of the embedded scenes.
    """

    name: str
    kind: str
    width: int
    layer: str
    identity: Callable[[], str]
    load: Callable[[Sequence[Any] | None], Encoder]
    reduced: bool = False


def _pixels(images: Sequence[Any]) -> FloatArray:
    return batch_of(images, 14, 14).reshape(len(images), -1)


def _convnet(name: str) -> Callable[[Sequence[Any] | None], Encoder]:
    def load(fit_on: Sequence[Any] | None) -> Encoder:
        w = weights(name)
        return lambda images: convnets.NETWORKS[name](batch_of(images, 84, 112), w)

    return load


def _reduced(
    name: str,
    network: str,
    side: int,
    width: int,
    layer: str,
    run: Callable[[FloatArray, convnets.Weights], FloatArray],
) -> Backbone:
    def load(fit_on: Sequence[Any] | None) -> Encoder:
        w = weights(network)
        return lambda images: run(batch_of(images, side, side), w)

    layer = f"{layer}, mean over positions; RGB in [0, 1], bilinear, {side} x {side} pixels"
    return Backbone(name, "image", width, layer, _weights_of(network, name), load, reduced=True)


def _lsa(fit_on: Sequence[Any] | None) -> Encoder:
    if fit_on is None:
        raise ValueError("fit_on is missing; tfidf_lsa learns its words from the texts of the pool")
    return sentences.lsa(fit_on)


def _token_means(width: int) -> Callable[[Sequence[Any] | None], Encoder]:
    return lambda fit_on: sentences.token_means(width)


def _minilm(fit_on: Sequence[Any] | None) -> Encoder:
    return sentences.minilm()


def _weights_of(network: str, name: str | None = None) -> Callable[[], str]:
    return lambda: f"{name or network} {archives()[SOURCES[network][0]].sha256} 1"


def _published(model: hub.Model) -> Backbone:
    layer = f"{model.repository}, {model.pooling}; {hub.PIXELS} x {hub.PIXELS} pixels, bilinear"
    return Backbone(model.name, "image", model.width, layer, lambda: hub.identity(model), lambda _: hub.load(model))


_RESIZED = "RGB in [0, 1], bilinear; sides below 84 pixels enlarged to 84, above 112 reduced to 112"
_ROWS = (
    Backbone("pixels", "image", 588, "14 x 14 pixels, bilinear", lambda: "pixels 1", lambda _: _pixels),
    *(
        Backbone(name, "image", width, f"{layer}; {_RESIZED}", _weights_of(name), _convnet(name))
        for name, width, layer in (
            ("squeezenet", 512, "output of fire9, mean over positions"),
            ("mobilenet_v2", 1280, "last convolution, mean over positions"),
            ("efficientnet_lite0", 1280, "last convolution, mean over positions"),
            ("efficientnet_lite2", 1280, "last convolution, mean over positions"),
        )
    ),
    *(
        _reduced(*row)
        for row in (
            ("lite0_block4", "efficientnet_lite0", 112, 40, "output of block 4", convnets.efficientnet_lite0_block4),
            ("mobilenet_v2_64px_block5", "mobilenet_v2", 64, 32, "output of block 5", convnets.mobilenet_v2_block5),
            ("squeezenet_32px", "squeezenet", 32, 512, "output of fire9", convnets.squeezenet),
            ("squeezenet_64px", "squeezenet", 64, 512, "output of fire9", convnets.squeezenet),
            ("mobilenet_v2_64px", "mobilenet_v2", 64, 1280, "last convolution", convnets.mobilenet_v2),
        )
    ),
    Backbone("tfidf_lsa", "text", 128, "128 singular directions of TF-IDF", lambda: "tfidf_lsa 1", _lsa),
    *(
        Backbone(
            f"wordllama_{width}",
            "text",
            width,
            f"mean over tokens of the first {width} numbers of their vectors",
            _weights_of("wordllama"),
            _token_means(width),
        )
        for width in (64, 256)
    ),
    Backbone("minilm", "text", 384, "last layer, mean over tokens", _weights_of("minilm"), _minilm),
    *(_published(model) for model in hub.MODELS),
)
BACKBONES: dict[str, Backbone] = {row.name: row for row in _ROWS}


def backbone(name: str) -> Backbone:
    """The row of that name.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> backbone("squeezenet").width
    512
    """
    if name not in BACKBONES:
        raise ValueError(f"backbone = {name!r} is unknown; known: {', '.join(BACKBONES)}")
    return BACKBONES[name]
