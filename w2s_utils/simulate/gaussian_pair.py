"""Ridgeless weak-to-strong regression with a pair of low-dimensional feature maps (the setting of dong2025).

`GaussianPair` describes the pair, `simulate` draws the four models' risks. Two engines share nothing but the pair:
``raw`` draws data and fits them, ``bartlett`` draws sufficient statistics only. Must not import ``theory``.
"""

from __future__ import annotations

import numpy as np

from w2s_utils import parallel
from w2s_utils.simulate import _bartlett, _raw
from w2s_utils.simulate._pair import GaussianPair, refuse, whole
from w2s_utils.simulate._results import MODELS, Estimate, SimulatedRisks

LATENTS = ("gaussian", "rademacher", "uniform", "t5")

__all__ = ["LATENTS", "MODELS", "Estimate", "GaussianPair", "SimulatedRisks", "simulate"]


def simulate(
    pair: GaussianPair,
    n: int,
    N: int,
    *,
    trials: int = 40,
    noise_draws: int = 1,
    label_noise: str = "drawn",
    latent: str = "gaussian",
    target_se: float | None = None,
    seed: int | np.random.SeedSequence = 0,
    engine: str = "auto",
    resume: SimulatedRisks | None = None,
) -> SimulatedRisks:
    """Draw the excess risks of teacher, student, baseline and ceiling, jointly.

    Parameters
    ----------
    pair : GaussianPair
        Features, target and noise.
    n, N : int
        Labelled and unlabelled points; ``n > d_w + 1`` and ``N > d_s + 1`` (the expected risks are finite).
    trials : int
        Designs to draw, at least 2. Design k depends on ``seed`` and k only.
    noise_draws : int
        Label-noise draws that share a design. The part of the target that neither model sees acts as noise and is
        drawn with it; so is, under ``bartlett``, what is independent of the two Gram matrices.
    label_noise : {"drawn", "averaged"}
        ``averaged`` replaces the noise by its exact expectation given the design: mean risks only.
    latent : {"gaussian", "rademacher", "uniform", "t5"}
        Law of the latent coordinates, of variance 1.
    target_se : float, optional
        Go on past ``trials`` until every mean risk and variance has at most this relative standard error.
    seed : int or SeedSequence
        Seed of this point.
    engine : {"auto", "bartlett", "raw"}
        ``raw`` draws data as the authors do and calls only ``numpy.linalg.lstsq`` and ``solve``; ``bartlett``
        (Gaussian latents) draws triangular factors, so that neither n nor N enters the cost; ``auto`` takes
        ``bartlett`` where it can.
    resume : SimulatedRisks, optional
        Result of a call with the same arguments to be continued: its designs are kept, the next ones are drawn.

    Returns
    -------
    SimulatedRisks
        The baseline is nan where ``n <= d_s + 1``.

    Raises
    ------
    ValueError
        Naming the argument that is out of range.

    Examples
    --------
    >>> pair = GaussianPair.axis_aligned(d_w=20, d_s=10, d_sw=5, sigma2=1.0, target_scale=0.0)
    >>> drawn = simulate(pair, 60, 500, trials=400, label_noise="averaged")
    >>> abs(drawn.means.teacher - 20 / 39) < 4 * drawn.standard_errors.teacher
    True
    """
    why = "(the expected risk is infinite otherwise)"
    n = whole("n", n, pair.d_w + 2, f"an integer, n > d_w + 1 = {pair.d_w + 1} {why}")
    N = whole("N", N, pair.d_s + 2, f"an integer, N > d_s + 1 = {pair.d_s + 1} {why}")
    trials, noise_draws = whole("trials", trials, 2), whole("noise_draws", noise_draws, 1)
    if label_noise not in ("drawn", "averaged"):
        refuse("label_noise", repr(label_noise), "drawn or averaged")
    if label_noise == "averaged" and noise_draws != 1:
        refuse("noise_draws", noise_draws, "1 when label_noise is averaged")
    if latent not in LATENTS:
        refuse("latent", repr(latent), f"one of {', '.join(LATENTS)}")
    if engine not in ("auto", "bartlett", "raw"):
        refuse("engine", repr(engine), "auto, bartlett or raw")
    if engine == "bartlett" and latent != "gaussian":
        refuse("engine", repr(engine), f"raw or auto for latent = {latent!r}; bartlett needs Gaussian latents")
    if target_se is not None and not target_se > 0:
        refuse("target_se", target_se, "a positive relative standard error")
    if engine == "auto":
        engine = "bartlett" if latent == "gaussian" else "raw"
    if resume is not None:
        theirs, ours = (resume.engine, resume.label_noise, resume.risks.shape[1]), (engine, label_noise, noise_draws)
        if theirs != ours:
            refuse("resume", theirs, f"a result of the same engine, label noise and noise draws, {ours}")
    draw = {
        ("bartlett", "drawn"): lambda rng: _bartlett.draw(pair, n, N, rng, noise_draws),
        ("bartlett", "averaged"): lambda rng: _bartlett.average(pair, n, N, rng),
        ("raw", "drawn"): lambda rng: _raw.draw(pair, n, N, rng, noise_draws, latent),
        ("raw", "averaged"): lambda rng: _raw.average(pair, n, N, rng, latent),
    }[engine, label_noise]
    chunks = [] if resume is None else [(resume.risks, resume.variances)]
    done = 0 if resume is None else resume.trials
    goal = max(trials, done)
    while True:
        if goal > done:
            drawn = [draw(parallel.generator(seed, index)) for index in range(done, goal)]
            chunks.append((np.stack([risks for risks, _ in drawn]), np.stack([var for _, var in drawn])))
            done = goal
        risks, variances = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
        result = SimulatedRisks(risks, variances, engine, label_noise)
        if target_se is None or result.relative_se <= target_se:
            return result
        goal = done + max(1, trials // 2)
