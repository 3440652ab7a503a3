"""SST-2 as a reader has it: ``train.tsv`` of the GLUE benchmark. Imports numpy."""

from __future__ import annotations

import hashlib
import os

import numpy as np

from w2s_utils.datasets.catalogue import CATALOGUE
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.files import data_folder, expected, whole_numbers

TESTS = 4349
ROWS = 67349


def load(*, data_dir: str | os.PathLike[str] | None = None) -> Dataset:
    """Phrases of film reviews, label 1 for positive.

    Parameters
    ----------
    data_dir : path, optional
        Folder that holds ``train.tsv``, directly or in ``SST-2``; ``W2S_DATA`` if left out.

    Returns
    -------
    Dataset
        Rows in the order of the file. The test rows are 4,349 of 67,349, or that share, drawn with seed 0.

    Raises
    ------
    ValueError
        If the file is missing or has another header, or a line is malformed; the line is named.
    """
    entry = CATALOGUE["sst2"]
    folder = data_folder(entry, data_dir)
    path = next((p for p in (folder / "train.tsv", folder / "SST-2" / "train.tsv") if p.is_file()), None)
    if path is None:
        raise ValueError(f"{folder} holds no train.tsv; {expected(entry)}")
    content = path.read_bytes()
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 (byte {error.start}); {expected(entry)}") from None
    if lines[0].strip().split("\t") != ["sentence", "label"]:
        raise ValueError(f"{path} starts with {lines[0][:40]!r}; {expected(entry)}")
    texts, labels, names = [], [], []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        text, _, label = line.rstrip("\r").rpartition("\t")
        if not text.strip() or not label.strip().isdigit():
            raise ValueError(f"{path}, line {number}: {line[:40]!r} is not sentence<tab>label")
        texts.append(text.strip())
        labels.append(int(label))
        names.append(f"line {number}")
    if len(texts) < 2:
        raise ValueError(f"{path} holds {len(texts)} sentences; {expected(entry)}")
    targets = {"label": whole_numbers(entry, labels, names, range(2), "label")}
    order = np.random.default_rng(0).permutation(len(texts))
    tests = max(1, round(len(texts) * TESTS / ROWS))
    return Dataset(
        name=entry.name,
        targets=targets,
        default_target=entry.default_target,
        pool_rows=np.sort(order[tests:]),
        test_rows=np.sort(order[:tests]),
        ids=np.array(names),
        checksum=hashlib.sha256(content).hexdigest(),
        licence=entry.licence,
        citation=entry.citation,
        source=entry.source,
        texts=tuple(texts),
    )
