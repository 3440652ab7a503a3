"""Printed values of dong2025 and the authors' generator written out, for tests of the closed forms."""

from __future__ import annotations

import numpy as np


def agrees(value: float, printed: str) -> bool:
    """True when `value` rounds to the printed digits, which were rounded twice (25.548 became 25.55, then 25.6)."""
    mantissa = printed.split("e")[0]
    exponent = int(printed.split("e")[1]) if "e" in printed else 0
    unit = 10.0 ** (exponent - len(mantissa.partition(".")[2]))
    return abs(value - float(printed)) <= 0.55 * unit * (1 + 1e-6)


def authors_moments(d_sw: int, d_w: int = 200, d_s: int = 100) -> dict[str, float]:
    """Approximation errors of the authors' generator, written out: squared coefficients 1/(i d), i = 1..d_w + d_s."""
    squares = 1 / np.arange(1, d_w + d_s + 1) / (d_w * d_s)
    weak = np.arange(d_s - d_sw, d_s - d_sw + d_w)
    rho_w, rho_s = squares.sum() - squares[weak].sum(), squares[d_s:].sum()
    return dict(rho_w=rho_w, rho_s=rho_s, p=squares[weak[weak >= d_s]].sum())
