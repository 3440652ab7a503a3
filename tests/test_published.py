"""Quoted values, and correlation dimensions by chance."""

import numpy as np
import pytest

from w2s_utils import published
from w2s_utils.dimensions import correlation_dimension


def test_few_values_are_quoted_each_with_its_source():
    table = published.quoted("utkface")
    assert len(table) <= 40 and table.source.str.len().min() > 10
    assert not table.duplicated(["quantity", "model", "noise", "n", "N"]).any()


@pytest.mark.parametrize("width, d_w, d_s", [(40, 9, 14), (30, 1, 1), (25, 20, 24)])
def test_mean_and_spread_of_random_overlaps(width, d_w, d_s):
    rng = np.random.default_rng(0)

    def basis(d):
        return np.linalg.qr(rng.standard_normal((width, d)))[0]

    drawn = [np.sum((basis(d_w).T @ basis(d_s)) ** 2) for _ in range(4000)]
    mean, sd = published.chance_overlap(width, d_w, d_s)
    assert abs(np.mean(drawn) - mean) < 4.5 * sd / np.sqrt(4000)
    assert np.std(drawn) == pytest.approx(sd, rel=0.08)


def test_a_subspace_of_full_dimension_has_no_spread():
    mean, sd = published.chance_overlap(10, 10, 3)
    assert (mean, sd) == (pytest.approx(3.0), pytest.approx(0.0))


def test_the_authors_estimator_gives_chance_even_for_a_model_and_itself_rotated():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((3000, 30)) * np.linspace(3, 1, 30)
    weak = np.hstack([X, 0.01 * rng.standard_normal((3000, 50))])
    mean, sd = published.chance_overlap(30, 10, 10)
    drawn = [float(correlation_dimension(weak, X, 10, 10, "random_projection", seed=seed)) for seed in range(30)]
    assert abs(np.mean(drawn) - mean) < 4.5 * sd / np.sqrt(30)
    assert float(correlation_dimension(weak, X, 10, 10)) > 9.9


def test_published_overlaps_of_both_data_sets():
    faces = published.published_overlaps("utkface")
    assert list(faces.width) == [512, 512, 768, 768, 768]
    assert (abs(faces.published - faces.chance) < 2 * faces.sd).all()
    digits = published.published_overlaps("colored_mnist", common_width="larger")
    assert list(digits.width) == [512, 512, 2048, 2048]


def test_bad_names():
    with pytest.raises(ValueError, match="name = 'cifar': nothing is quoted; known: colored_mnist, utkface"):
        published.quoted("cifar")
    with pytest.raises(ValueError, match="common_width = 'both' is unknown"):
        published.published_overlaps("utkface", common_width="both")
    with pytest.raises(ValueError, match="width = 5, d_w = 6, d_s = 2 is not allowed"):
        published.chance_overlap(5, 6, 2)
