"""Operations, bytes and random numbers that each work of the package needs at least, by the algorithm it uses.

Textbook counts of dense linear algebra, an addition and a multiplication counting as two: products of a matrix with
its own transpose at half the price of any other, triangular systems by substitution, Cholesky factors. Elementwise
work, exponentials and logarithms are left out, so the true limit is somewhat higher.
"""

from __future__ import annotations

from benchmarks.rates import Needs

QL = 12  # operations per entry and eigenvalue of a tridiagonal matrix: two sweeps over half the matrix on average
EIGH = 14 / 3  # times d**3: reduction 4/3, divide and conquer 4/3, eigenvectors back 2


def gram(rows: float, columns: float) -> float:
    """X'X."""
    return rows * columns**2


def product(a: float, b: float, c: float) -> float:
    """(a, b) times (b, c)."""
    return 2 * a * b * c


def cholesky(d: float) -> float:
    """The factor of a (d, d) matrix; as many for the inverse of a triangular one."""
    return d**3 / 3


def pair_drawn(d_w: int, d_s: int, union: int, K: int, draws: float) -> Needs:
    """One design of ``bartlett`` with K draws of noise."""
    teacher = d_w**2 * 2 * K  # error and its noise part
    fits = (
        gram(union, d_s) + cholesky(d_s) + 2 * cholesky(d_s)
    )  # both Grams; the unlabelled one is a product of triangles
    right = product(d_s, union, 2 * K) + d_s**2 * 2 * K
    solves = 2 * 2 * d_s**2 * 2 * K + d_s**2 * 2 * K
    return Needs(flops=teacher + fits + right + solves, bytes=8 * draws, draws=draws)


def pair_averaged(d_w: int, d_s: int, shared: int, draws: float) -> Needs:
    """One design of ``bartlett``, noise averaged."""
    inverses = cholesky(d_w) + 3 * cholesky(d_s)
    ceiling = 3 * cholesky(d_s)  # two products of triangles, one factor
    return Needs(flops=inverses + ceiling + d_s * shared * d_w, bytes=8 * draws, draws=draws)


def ridge_path(n: int, d: int, L: int) -> Needs:
    """`fit_ridge` on n rows by way of the Gram matrix."""
    flops = gram(n, d) + product(d, n, 1) + EIGH * d**3 + product(d, d, L)
    return Needs(flops=flops, bytes=8 * (n * d + n + d * L))


def group_design(n: int, N: int, d_z: int, p_T: int, p_S: int, blocks: int, draws: float) -> Needs:
    """One design of the group model: two Gram matrices, the teacher's inverse, the student's map."""
    teacher, student = p_T * d_z, p_S * d_z
    flops = gram(n, teacher) + gram(N, blocks * d_z) + 3 * cholesky(teacher) + cholesky(student)
    flops += 2 * student**2 * teacher + product(student, teacher, teacher)
    return Needs(flops=flops, bytes=8 * draws, draws=draws)


def group_limit(points: int) -> Needs:
    """The closed form of the gain: about fifty operations a point."""
    return Needs(flops=50 * points, bytes=8 * points)


def grid_haar(d: int, L: int, draws: float) -> Needs:
    """A grid of L x L penalties: two spectra, a rotation of L + 1 vectors, two products."""
    m = L + 1
    flops = 2 * QL * d**2 + 2 * (4 * d * m**2 - 4 * m**3 / 3) + d * m**2 + 2 * product(L, d, L)
    return Needs(flops=flops, bytes=8 * (draws + L * L), draws=draws)


def grid_mean(d: int, L: int, draws: float) -> Needs:
    """The same, conditional means: two spectra, and sums over each."""
    return Needs(flops=2 * QL * d**2 + 10 * d * L + 5 * L * L, bytes=8 * (draws + L * L), draws=draws)


def gce_heads(N: int, d: int, evaluations: int) -> Needs:
    """Losses and gradients of all columns and steps, and one preconditioner."""
    flops = evaluations * 2 * product(N, d, 1) + gram(N, d) + 3 * cholesky(d)
    return Needs(flops=flops, bytes=8 * N * d)


def diagnosis(n: int, d: int, itemsize: int, samples: int) -> Needs:
    """Both files read once, three second moments, and of each sample two decompositions; two cores."""
    moments = 2 * gram(n, d) + product(d, n, d)
    return Needs(flops=samples * 2 * EIGH * d**3, single=moments, bytes=2.0 * n * d * itemsize, cores=2)
