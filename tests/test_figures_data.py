"""The panels of the data chapters."""

import numpy as np
import pandas as pd
import pytest

from w2s_utils import comparison_data, figures, figures_data
from w2s_utils.studies import STUDIES


@pytest.fixture(scope="module")
def means():
    rng, study = np.random.default_rng(0), STUDIES["colored_mnist"]
    cells = [
        dict(weak=weak, strong="s", noise=0.0, tuned=tuned, n=n, N=N)
        for weak in "ab"
        for n, N in study.scan()
        for tuned in (False, True)
    ]
    rows = [
        cell
        | dict(split=split)
        | dict(zip(("teacher", "student", "baseline", "ceiling"), [3, 2, 2.5, 1] + rng.random(4) / 5, strict=True))
        for cell in cells
        for split in range(4)
    ]
    return comparison_data.over_splits(comparison_data.with_ratios(pd.DataFrame(rows)))


def test_a_grid_shows_both_ratios_against_both_sizes(means):
    study = STUDIES["colored_mnist"]
    plain = means[~means.tuned]
    fig, axes = figures_data.ratio_grid(
        plain, study, "weak", {"a": "first", "b": "second"}, test_share=0.04, pgr=(-1, 1), opr=(0.5, 2)
    )
    assert [axes[0, 0].get_ylabel(), axes[1, 0].get_ylabel()] == ["PGR", "OPR"]
    drawn = {tuple(line.get_xdata()) for line in axes[0, 1].get_lines() if len(line.get_xdata()) > 2}
    assert drawn == {tuple(sorted(set(study.unlabeled)))}
    assert {text.get_text() for text in axes[0, 1].texts} == {"first", "second"}


def test_labels_are_moved_apart():
    fig, ax = figures.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    figures_data.end_labels(ax, 1.0, {"a": (0.5, "student"), "b": (0.5, "teacher"), "c": (0.51, "ceiling")}, gap=0.1)
    heights = sorted(text.xy[1] for text in ax.texts)
    assert np.diff(heights).min() == pytest.approx(0.1, abs=1e-3)


def test_pairs_are_sorted_by_their_ridgeless_gain(means):
    ax = figures.subplots()[1]
    cell = means[(means.n == 143) & (means.N == 2857)]
    figures_data.pair_dots(ax, cell, test_share=0.04)
    names = [label.get_text() for label in ax.get_yticklabels()]
    wanted = cell[~cell.tuned].sort_values("log_gain").weak
    assert names == [f"{weak} → s" for weak in wanted]


def test_shades_are_distinct_for_as_many_teachers_as_the_book_has():
    for count in (1, 2, 3, 4, 5):
        assert len(set(figures_data.shades(list(range(count))).values())) == count


def test_a_curve_that_ends_undefined_gets_no_label():
    ax = figures.subplots()[1]
    figures_data.end_labels(ax, 1.0, {"a": (0.5, "student"), "b": (float("nan"), "teacher")})
    assert [text.get_text() for text in ax.texts] == ["a"]


def test_ratios_off_the_scale_are_left_out(means):
    study = STUDIES["colored_mnist"]
    names = {"a": "a", "b": "b"}
    limits = dict(test_share=0.04, opr=(0.5, 2.0))
    drawn = [
        figures_data.ratio_grid(means[~means.tuned], study, "weak", names, pgr=pgr, **limits)[1][0, 0]
        for pgr in ((-10.0, 10.0), (5.0, 10.0))
    ]
    assert [sum(len(line.get_xdata()) > 2 for line in ax.lines) > 0 for ax in drawn] == [True, False]
