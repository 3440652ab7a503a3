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
from w2s_utils.simulate.group_imbalance import GroupModel
from w2s_utils.theory import spurious_correlation as theory

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


def defaults(name):
    (chapter,) = chapters.select(ROOT, [name])
    return chapter.values()


def statement(id):
    claims = pd.read_csv(ROOT / "data" / "claims.csv", index_col="id")
    return claims.statement[id]


def test_the_best_share_for_a_mixture_lies_where_the_chapter_says():
    text = prose("spurious_correlation/gain_theory.ipynb")
    ((at, low, high),) = re.findall(r"\\eta_\\ell = ([\d.]+)\$ lies\nlower, between (\d) and ([\d.]+)\.", text)
    given = defaults("gain_theory")
    norms = {name: given[name] for name in ("p_T", "p_S", "mu_T2", "mu_S2", "cosine")}
    model = GroupModel.from_norms(**norms, Xi2=given["similarity"] * given["p_S"], law="mixture")
    fractions = np.linspace(0, 0.5, 501)
    best = [
        fractions[np.argmin(theory.student_risk(
            float(at), fractions, eta_t, **model.moments() | {"law": "mixture"}, gamma=given["gamma"], nu=nu
        ))]
        for nu in given["nu"] for eta_t in (0.5, 1.0, 0.0)
    ]  # fmt: skip
    assert float(low) == min(best) and max(best) == pytest.approx(float(high), abs=0.01)


def test_the_conditions_in_statements_are_the_chapters_parameters():
    given = defaults("gain_theory")
    ((shared, of),) = re.findall(r"here it is ([\d.]+) of (\d+)", statement("liu2026/falls-with-mismatch"))
    assert float(shared) == pytest.approx(1 + given["similarity"] * given["p_S"]) and int(of) == given["p_S"]
    nu = defaults("representation_similarity")["nu"]
    for id in ("liu2026/optimum-moves", "book/optimum-direction"):
        assert f"\\nu_z = {nu[len(nu) // 2]:g}$" in statement(id)
    assert f"$g = {defaults('weighted_ridge')['g']:g}$" in statement("book/alignment-threshold")
    assert f"$\\rho = {min(defaults('multi_index')['rhos']):g}$" in prose("mechanisms/multi_index.ipynb")
