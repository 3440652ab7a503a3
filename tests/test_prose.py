"""Numbers typed in prose are those of the data they speak of."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from w2s_utils import datasets
from w2s_utils.datasets import embedded
from w2s_utils.environment import ROOT
from w2s_utils.runner import chapters

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def prose(place):
    """A page as it is, or the Markdown of a chapter."""
    place = f"chapters/{place}" if place.endswith(".ipynb") else place
    text = (ROOT / place).read_text(encoding="utf-8")
    if not place.endswith(".ipynb"):
        return text
    cells = json.loads(text)["cells"]
    return "\n".join(chapters.source(cell) for cell in cells if cell["cell_type"] == "markdown")


def rows(name):
    return len(datasets.load(name).ids)


def digits():
    return len(load_digits().target)


def rated():
    return int(np.isfinite(datasets.load("movie_snippets").targets["sentiment"]).sum())


@pytest.mark.parametrize(
    ("place", "number", "count"),
    [
        ("intrinsic_dimension/utkface_regression.ipynb", r"([\d,]+) (?:satellite images|rows, with)", "blue_marble"),
        ("intrinsic_dimension/image_classification.ipynb", r"([\d,]+) digits", "colored_mnist"),
        ("pages/limits.md", r"([\d,]+) digits for ColoredMNIST", "colored_mnist"),
        ("intrinsic_dimension/sentiment_classification.ipynb", r"([\d,]+) sentences of film", rated),
        ("intrinsic_dimension/finetuning_dimension.ipynb", r"1,\d+(?= (?:scanned )?digits)", digits),
        ("pages/limits.md", r"same ([\d,]+) images", digits),
        *((f"data/features/{name}/README.md", r"\A[^\n]*\n\n([\d,]+) ", name) for name in embedded.names()),
    ],
)  # fmt: skip
def test_a_size_in_prose_is_that_of_the_data(place, number, count):
    said = [int(text.replace(",", "")) for text in re.findall(number, prose(place))]
    assert said and set(said) == {rows(count) if isinstance(count, str) else count()}


def test_all_data_sets_right_says_as_little_as_the_chapter_says():
    text = prose("synthesis/your_own_models.ipynb")
    ((out, of, share, power, chance),) = re.findall(
        r"(\w+) out of (\w+) would.*\(\$([\d.]+)\^(\d+) = ([\d.]+)\$\)", text
    )
    # the Gaussian twin of a data set is none of its own
    tested = {name.partition(",")[0] for name in pd.read_csv(ROOT / "figures" / "predicted-risks" / "data.csv")["data"]}
    assert WORDS.index(out) + 1 == WORDS.index(of) + 1 == int(power) == len(tested)
    assert f"{float(share) ** int(power):.2f}" == chance
