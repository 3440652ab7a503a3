"""Enhanced-W2S beside what it is compared with, on a data set with groups, for every pair of models.

One labelled sample per seed teaches; a second, disjoint one teaches two students more, so that the variances of
labelled and unlabelled draws can be told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_utils import parallel
from w2s_utils._arrays import FloatArray
from w2s_utils.group_benchmarks.data import Benchmark, Pair
from w2s_utils.group_benchmarks.runs import TOLERANCE, Hits, labelled_samples, true_heads
from w2s_utils.probes.confidence import confidence_many
from w2s_utils.probes.enhanced import P, Q
from w2s_utils.probes.labels import class_probabilities, confident_rows
from w2s_utils.probes.many import classify_many, fit_many

# and the vanilla student: filter and loss on and off
SELECTED_FROM = ((0.2, 0.0), (0.5, 0.0), (0.2, 0.7), (0.5, 0.7), (1.0, 0.7))
STRONGER = (3.0, 10.0, 30.0)  # times the penalty
COARSE = 1e-5  # of gradients; tighter ones change one answer in 100 000, of nine classes up to five in 10 000


@dataclass(frozen=True, eq=False)
class EnhancedRuns:
    """Which test images are classified rightly by each method; J seeds, T test images.

    Attributes
    ----------
    bench : Benchmark
    cases : tuple of (float, float)
        eta_l and eta_u.
    pairs : tuple of (str, str)
    methods : tuple of str
    hits : ndarray of bool, shape (J, cases, pairs, methods, T)
    labelled : ndarray, shape (J, cases, pairs, methods)
        Accuracy of the student on the labelled sample.
    twin : ndarray of bool, shape (J, cases, pairs, 2, T)
        Vanilla and default Enhanced-W2S after a teacher with the other labelled sample.
    p : tuple of float
        Shares kept, rising.
    minority, right : ndarray, shape (J, cases, pairs, len(p))
        Minority fraction, and accuracy of pseudo-labels, of the rows kept.
    n, N : int
    """

    bench: Benchmark
    cases: tuple[tuple[float, float], ...]
    pairs: tuple[Pair, ...]
    methods: tuple[str, ...]
    hits: Hits
    labelled: FloatArray
    twin: Hits
    p: tuple[float, ...]
    minority: FloatArray
    right: FloatArray
    n: int
    N: int


def setting(p: float, q: float) -> str:
    """Name of a method: share kept and power of the loss.

    Examples
    --------
    >>> setting(0.5, 0.7)
    'p=0.5 q=0.7'
    """
    return f"p={p:g} q={q:g}"


DEFAULT = setting(P, Q)


def enhanced_runs(
    bench: Benchmark,
    cases: Sequence[tuple[float, float]],
    pairs: Sequence[Pair],
    *,
    n: int,
    N: int,
    seeds: Sequence[int],
    penalty: float,
    p: Sequence[float] = (),
    q: Sequence[float] = (),
    source: str = "teacher",
) -> EnhancedRuns:
    """Run every method for every pair, case and seed.

    Parameters
    ----------
    bench : Benchmark
    cases : sequence of (eta_l, eta_u)
    pairs : sequence of (str, str)
        Teacher and student.
    n, N : int
        Rows of labelled and unlabelled samples.
    seeds : sequence of int
    penalty : float
        Of all heads; features have mean square 1.
    p, q : sequence of float
        More settings than those that every run has.
    source : {"teacher", "student"}
        As in `probes.enhanced.enhanced_w2s`.

    Returns
    -------
    EnhancedRuns
        Methods: "teacher", "vanilla", settings by `setting` (q = 0: selection alone, p = 1: loss alone),
        "penalty x3" and so on (cross-entropy), "confidence loss", "self-training".

    Raises
    ------
    ValueError
        As `datasets.resample_groups` and `probes.enhanced.enhanced_w2s`.

    Examples
    --------
    >>> from w2s_utils.group_benchmarks import data
    >>> tops = data.load("scenes_tops", models=["lite0_block4", "squeezenet"])
    >>> runs = enhanced_runs(tops, [(0.1, 0.5)], [("lite0_block4", "squeezenet")], n=20, N=60, seeds=[0], penalty=0.03)
    >>> runs.hits.shape == (1, 1, 1, len(runs.methods), 2000), DEFAULT in runs.methods
    (True, True)
    """
    grid = [*SELECTED_FROM]
    grid += [(share, power) for share in p for power in q if (share, power) not in (*grid, (1.0, 0.0))]
    shared = {"bench": bench, "cases": tuple(cases), "pairs": tuple(pairs), "n": n, "N": N, "penalty": penalty}
    shared |= {"grid": tuple(grid), "source": source}
    found = parallel.run(_one_seed, [shared | {"seed": seed} for seed in seeds], label=bench.name)
    hits, labelled, twin, minority, right = (np.stack([one[at] for one in found]) for at in range(5))
    methods = ["teacher", "vanilla", *(setting(*values) for values in grid)]
    methods += [*(f"penalty x{factor:g}" for factor in STRONGER), "confidence loss", "self-training"]
    shares = tuple(sorted({share for share, _ in grid}))
    return EnhancedRuns(
        bench, tuple(cases), tuple(pairs), tuple(methods), hits, labelled, twin, shares, minority, right, n, N
    )


def _one_seed(
    bench: Benchmark,
    cases: tuple[tuple[float, float], ...],
    pairs: tuple[Pair, ...],
    n: int,
    N: int,
    penalty: float,
    grid: tuple[tuple[float, float], ...],
    source: str,
    seed: int,
) -> tuple[npt.NDArray[np.generic], ...]:
    cells = [_one_case(bench, case, pairs, n, N, penalty, grid, source, seed) for case in cases]
    return tuple(np.stack([cell[at] for cell in cells]) for at in range(5))


def _one_case(
    bench: Benchmark,
    case: tuple[float, float],
    pairs: tuple[Pair, ...],
    n: int,
    N: int,
    penalty: float,
    grid: tuple[tuple[float, float], ...],
    source: str,
    seed: int,
) -> tuple[npt.NDArray[np.generic], ...]:
    K, y, truth = bench.classes, bench.labels, bench.truth
    first, second, _ = labelled_samples(bench, n, N, *case, seed)
    rows = first.unlabelled
    answers, taught = {}, {}
    for weak in dict.fromkeys(pair[0] for pair in pairs):
        X = bench.features[weak]
        heads = true_heads(X, y, [first.labelled, second.labelled], penalty, K)
        taught[weak] = classify_many(heads, X[rows]).astype(np.int64)
        answers[weak] = classify_many(heads[:1], X[bench.test])[0]
    shares = sorted({share for share, _ in grid})
    out: dict[Pair, tuple[npt.NDArray[np.generic], ...]] = {}
    for strong in dict.fromkeys(pair[1] for pair in pairs):
        weak_ones = [pair[0] for pair in pairs if pair[1] == strong]
        S, k = bench.features[strong], len(weak_ones)
        X, T, L = S[rows], S[bench.test], S[first.labelled]
        both = np.concatenate([taught[weak] for weak in weak_ones]).T  # columns: weak 0 first, weak 0 second, ...
        vanilla = fit_many(X, both, penalty, K, tolerance=TOLERANCE)
        labels, start = both[:, ::2], vanilla[::2]
        sure = [class_probabilities(head, X) for head in vanilla]
        own = np.stack([chance.argmax(1) for chance in sure[::2]], 1)
        learned = own if source == "student" else labels
        # every teacher in every setting, and the default after the second labelled sample
        columns = [(at, share, power) for at in range(k) for share, power in grid]
        kept = [confident_rows(sure[2 * at], share) for at, share, _ in columns]
        kept += [confident_rows(sure[2 * at + 1], P) for at in range(k)]
        other = np.stack([c.argmax(1) for c in sure[1::2]], 1) if source == "student" else both[:, 1::2]
        settings = fit_many(
            X,
            np.concatenate([learned[:, [at for at, _, _ in columns]], other], 1),
            penalty,
            K,
            q=[power for _, _, power in columns] + [Q] * k,
            rows=kept,
            start=[start[at] for at, _, _ in columns] + vanilla[1::2],
            tolerance=COARSE,
        )
        # one list a method, one head a teacher
        methods = [start] + [settings[at : k * len(grid) : len(grid)] for at in range(len(grid))]
        plain = fit_many(
            X,
            np.concatenate([labels] * len(STRONGER) + [own], 1),
            penalty * np.repeat([*STRONGER, 1.0], k),
            K,
            start=start * (len(STRONGER) + 1),
            tolerance=COARSE,
        )
        rivals = [plain[at : at + k] for at in range(0, len(plain), k)]
        sure_ones = confidence_many(X, labels, penalty, vanilla=start, classes=K, tolerance=TOLERANCE)
        methods += [*rivals[:-1], sure_ones, rivals[-1]]
        hits = np.stack([classify_many(heads, T) == truth for heads in methods], 1)  # (k, methods, T)
        seen = np.stack([(classify_many(heads, L) == y[first.labelled]).mean(1) for heads in methods], 1)
        twin = np.stack([classify_many(heads, T) == truth for heads in (vanilla[1::2], settings[k * len(grid) :])], 1)
        for at, weak in enumerate(weak_ones):
            chosen = [confident_rows(sure[2 * at], share) for share in shares]
            minority = np.array([bench.minority[rows[part]].mean() for part in chosen])
            right = np.array([(learned[part, at] == y[rows[part]]).mean() for part in chosen])
            mine = np.concatenate([(answers[weak] == truth)[None], hits[at]])
            out[weak, strong] = (mine, np.r_[np.nan, seen[at]], twin[at], minority, right)
    return tuple(np.stack([out[pair][at] for pair in pairs]) for at in range(5))
