"""Seeds name what is computed, and the number of workers changes no number."""

import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.gaussian_cases import aligned
from tests.stats import ALPHA, limit
from w2s_utils import parallel
from w2s_utils.comparison import gaussian_pair_table
from w2s_utils.simulate.gaussian_pair import simulate

POINT = dict(d_w=8, d_s=5, d_sw=2, sigma2=1.0)
POINTS = [POINT | dict(n=n, N=30, engine=engine) for n in (12, 20, 40) for engine in ("bartlett", "raw")]


def test_table_is_the_same_with_one_and_two_workers(monkeypatch):
    tables = []
    for jobs in ("1", "2"):
        monkeypatch.setenv("W2S_JOBS", jobs)
        tables.append(gaussian_pair_table(POINTS, seed=3, trials=6, noise_draws=2))
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    monkeypatch.delenv("W2S_JOBS")
    pd.testing.assert_frame_equal(
        tables[0], gaussian_pair_table(POINTS, seed=3, trials=6, noise_draws=2), check_exact=True
    )


def test_results_are_in_order_and_the_same_whatever_the_jobs(monkeypatch):
    monkeypatch.setenv("W2S_JOBS", "1")
    settings = [
        dict(pair=aligned(8, 5, 2, 1.0), n=n, N=30, trials=5, seed=parallel.seed_sequence(0, n)) for n in range(12, 20)
    ]
    alone, two = (parallel.run(simulate, settings, jobs=jobs) for jobs in (1, 2))
    for setting, one, other in zip(settings, alone, two, strict=True):
        np.testing.assert_array_equal(one.risks, other.risks)
        np.testing.assert_array_equal(one.risks, simulate(**setting).risks)
    assert parallel.run(os.getpid, [{}]) == [os.getpid()]
    assert os.getpid() not in parallel.run(os.getpid, [{}, {}], jobs=2)


def test_workers_start_with_one_thread(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    parallel.run(os.getpid, [{}, {}], jobs=2)
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_nothing_to_do():
    assert parallel.run(pow, []) == []
    assert parallel.run(pow, [], jobs=2) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_come_through(jobs):
    settings = [dict(pair=aligned(8, 5, 2, 1.0), n=n, N=30, trials=2) for n in (12, 9)]
    with pytest.raises(ValueError, match="^n = 9 is not allowed"):
        parallel.run(simulate, settings, jobs=jobs)


def test_jobs(monkeypatch):
    with pytest.raises(ValueError, match="^jobs = 0 is not allowed: at least 1$"):
        parallel.run(pow, [], jobs=0)
    monkeypatch.delenv("W2S_JOBS", raising=False)
    assert parallel.default_jobs() == 1
    monkeypatch.setenv("W2S_JOBS", "3")
    assert parallel.default_jobs() == 3
    for text in ("0", "-1", "many", "1.5", ""):
        monkeypatch.setenv("W2S_JOBS", text)
        with pytest.raises(ValueError, match=f"^W2S_JOBS = {text} is not allowed: a positive integer$"):
            parallel.run(pow, [])


# seeds


def first(seed: np.random.SeedSequence) -> float:
    return np.random.default_rng(seed).random()


def test_seeds_depend_on_every_name_and_on_nothing_else():
    paths = [("pgr", d_sw, n) for d_sw in range(20) for n in range(50)] + [("opr",), (), ("pgr",), ("pgr", 0.5)]
    draws = [first(parallel.seed_sequence(seed, *path)) for path in paths for seed in (0, 1)]
    assert len(set(draws)) == len(draws)
    assert first(parallel.seed_sequence(0, "pgr", 3, 7)) == draws[2 * paths.index(("pgr", 3, 7))]
    assert first(parallel.seed_sequence(0, "pgr", np.int64(3), np.int32(7))) == draws[2 * paths.index(("pgr", 3, 7))]
    assert first(parallel.seed_sequence(0, np.float64(0.1))) == first(parallel.seed_sequence(0, 0.1))
    # the value that the same names must give in every process and every version
    assert parallel.seed_sequence(np.int64(0), "pgr", 10, 400).spawn_key == (6266280067565820644,)


def test_neighbouring_points_are_independent():
    count = 4000
    draws = np.array([first(parallel.seed_sequence(0, "pgr", n)) for n in range(count)])
    other = np.array([first(parallel.seed_sequence(1, "pgr", n)) for n in range(count)])
    replicates = np.array([parallel.generator(7, k).random() for k in range(count)])
    for sample in (draws, other, replicates):
        assert stats.kstest(sample, "uniform").pvalue > ALPHA / 3
    pairs = ((draws[:-1], draws[1:]), (draws, other), (draws, replicates), (replicates[:-1], replicates[1:]))
    for a, b in pairs:
        assert abs(np.corrcoef(a, b)[0, 1]) * np.sqrt(count) < limit(len(pairs))


def test_replicates_depend_on_seed_and_number():
    point = parallel.seed_sequence(0, "pgr", 10)
    values = [parallel.generator(point, k).random() for k in range(50)]
    assert len(set(values)) == 50
    assert values[::-1] == [parallel.generator(point, k).random() for k in reversed(range(50))]
    # spawning from the point elsewhere does not move them
    point.spawn(3)
    assert parallel.generator(point, 4).random() == values[4]
    assert parallel.generator(3, 0).random() == parallel.generator(parallel.seed_sequence(3), 0).random()


@pytest.mark.parametrize("seed", [-1, 0.5, True])
def test_seeds_that_are_refused(seed):
    with pytest.raises(ValueError, match=f"^seed = {seed} is not allowed: an integer >= 0$"):
        parallel.seed_sequence(seed)
    with pytest.raises(ValueError, match=f"^seed = {seed} is not allowed"):
        parallel.generator(seed, 0)
