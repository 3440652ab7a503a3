"""Minority fraction and resampling: exact counts, disjoint rows, and errors that count what is missing."""

from dataclasses import replace

import numpy as np
import pytest

from w2s_utils import datasets
from w2s_utils.datasets.drawing import class_numbers, counts, draw_rows


@pytest.fixture(scope="module")
def tops():
    return datasets.load("scenes_tops")


@pytest.mark.parametrize("eta_l", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("eta_u", [0.05, 0.5])
def test_rows_are_disjoint_and_have_the_fractions_asked_for(tops, eta_l, eta_u):
    drawn = datasets.resample_groups(tops, 100, 1000, eta_l=eta_l, eta_u=eta_u, eta_t=0.25, test=400, seed=3)
    assert [len(rows) for rows in drawn] == [100, 1000, 400]
    assert len(np.unique(np.concatenate(drawn))) == 1500
    assert np.isin(np.r_[drawn.labelled, drawn.unlabelled], tops.pool_rows).all()
    assert np.isin(drawn.test, tops.test_rows).all()
    for rows, eta in zip(drawn, (eta_l, eta_u, 0.25), strict=True):
        assert datasets.minority_fraction(tops, rows) == eta
        assert np.bincount(tops.target[rows].astype(int)).tolist() == [len(rows) // 2] * 2


@pytest.mark.parametrize("total", [1, 7, 100])
@pytest.mark.parametrize("eta", [0, 0.05, 1 / 3, 0.5, 1])
@pytest.mark.parametrize("K", [1, 2, 9])
def test_counts_make_the_total_and_are_balanced(total, eta, K):
    made = np.array(counts(total, eta, K))
    assert made.sum() == total and made.min() >= 0
    assert made[:, 1].sum() == round(eta * total)
    assert np.ptp(made.sum(1)) <= 1 and np.ptp(made[:, 1]) <= 1


def test_smaller_samples_are_part_of_larger_ones_and_labelled_rows_know_nothing_of_the_rest(tops):
    def draw(n=100, N=1000, eta_u=0.2, seed=0):
        return datasets.resample_groups(tops, n, N, eta_l=0.1, eta_u=eta_u, seed=seed)

    small, large = draw(), draw(n=300, N=3000)
    assert set(small.labelled) < set(large.labelled) and set(small.unlabelled) < set(large.unlabelled)
    assert np.array_equal(draw(eta_u=0.5, N=200).labelled, small.labelled)
    assert np.array_equal(draw(n=20).unlabelled, small.unlabelled)
    assert not set(draw(seed=1).labelled) == set(small.labelled)


def test_all_test_rows_are_taken_when_their_number_is_left_open(tops):
    draw = datasets.resample_groups(tops, 2, 2, eta_l=0.5, eta_u=0.5, seed=0)
    assert np.array_equal(draw.test, tops.test_rows)
    best = datasets.resample_groups(tops, 2, 2, eta_l=0.5, eta_u=0.5, eta_t=0, seed=0).test
    assert len(best) == 1000 and not datasets.minority_rows(tops)[best].any()


def test_every_group_that_is_short_is_named_with_how_many_are_missing(tops):
    with pytest.raises(ValueError) as caught:
        datasets.resample_groups(tops, 300, 3000, eta_l=0.5, eta_u=0.6, test=4002, seed=0)
    assert str(caught.value) == (
        "too few images: T-shirt or dress, minority: 975 wanted (n 75 + N 900), 850 there, 125 missing; "
        "pullover or coat, minority: 975 wanted (n 75 + N 900), 850 there, 125 missing; "
        "T-shirt or dress, majority: 1000 wanted (test 1000), 500 there, 500 missing; "
        "T-shirt or dress, minority: 1001 wanted (test 1001), 500 there, 501 missing; "
        "pullover or coat, majority: 1001 wanted (test 1001), 500 there, 501 missing; "
        "pullover or coat, minority: 1000 wanted (test 1000), 500 there, 500 missing"
    )


def test_an_empty_group_is_missing_everything_wanted_of_it():
    labels, minority = np.array([0, 0, 1, 1]), np.array([False, False, False, True])
    with pytest.raises(ValueError, match=r"class 0, minority: 1 wanted \(test 1\), 0 there, 1 missing"):
        draw_rows(labels, minority, 1, 1, eta_l=0, eta_u=0, seed=0, pool_rows=[0, 2], test_rows=[1, 3])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eta_l": -0.1}, r"eta_l = -0.1 is outside \[0, 1\]"),
        ({"eta_u": 1.5}, r"eta_u = 1.5 is outside"),
        ({"eta_t": float("nan")}, "eta_t = nan is outside"),
        ({"n": 0}, "n = 0 must be at least 1"),
        ({"N": 0}, "N = 0 must be at least 1"),
        ({"test": 0}, "test = 0 must be at least 1"),
    ],
)
def test_what_is_out_of_range_is_refused(tops, settings, message):
    given = {"n": 10, "N": 10, "eta_l": 0.5, "eta_u": 0.5, "seed": 0} | settings
    with pytest.raises(ValueError, match=message):
        datasets.resample_groups(tops, given.pop("n"), given.pop("N"), **given)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1.5, -1], "2 are not: 1.5 in row 1, -1 in row 2"),
        ([0, np.nan], "1 are not: nan in row 1"),
        ([0, 3], "class 1, 2 has no row"),
        ([], r"labels have shape \(0,\)"),
    ],
)
def test_labels_that_are_not_all_of_0_to_k_minus_1_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        class_numbers(labels)


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"labels have shape \(2,\), minority \(1,\)"):
        draw_rows([0, 1], [True], 1, 1, eta_l=0, eta_u=0, seed=0, pool_rows=[0], test_rows=[1])


def test_the_minority_fraction_is_that_of_given_rows_or_of_the_pool(tops):
    minority = tops.targets["label"] != tops.targets["background"]
    assert np.array_equal(datasets.minority_rows(tops), minority)
    assert datasets.minority_fraction(tops) == minority[tops.pool_rows].mean()
    assert datasets.minority_fraction(replace(tops, aligned=np.array([1, 0])), [0]) == 1 - minority[0]
    with pytest.raises(ValueError, match="holds no row"):
        datasets.minority_fraction(tops, [])


def test_data_without_backgrounds_has_no_minority():
    with pytest.raises(ValueError, match="'blue_marble' has no backgrounds"):
        datasets.minority_fraction(datasets.load("blue_marble"))
