"""Published numbers that this book quotes, each with its source, and what correlation dimensions are by chance.

Imports numpy and pandas only. Few values are quoted; the authors' arrays are not copied.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from w2s_utils.environment import ROOT

DATA = ROOT / "data"


def quoted(name: str, folder: Path = DATA) -> pd.DataFrame:
    """Quoted values of one data set of a paper.

    Parameters
    ----------
    name : {"utkface", "colored_mnist"}
    folder : Path
        Where ``published_<name>.csv`` is.

    Returns
    -------
    DataFrame
        Columns quantity, model, width, mean, source, and for risks also noise, n, N, std (over the authors' splits).

    Raises
    ------
    ValueError
        If nothing is quoted under that name.

    Examples
    --------
    >>> quoted("utkface").set_index(["quantity", "model"]).loc[("intrinsic dimension", "CLIP-B32"), "mean"]
    np.float64(443.0)
    """
    path = folder / f"published_{name}.csv"
    if not path.is_file():
        known = ", ".join(sorted(file.stem.removeprefix("published_") for file in folder.glob("published_*.csv")))
        raise ValueError(f"name = {name!r}: nothing is quoted; known: {known}")
    return pd.read_csv(path)


def chance_overlap(width: int, d_w: int, d_s: int) -> tuple[float, float]:
    r"""Mean and standard deviation of the overlap of two random subspaces of one space.

    Parameters
    ----------
    width : int
        Dimension D of the space, at least 2.
    d_w, d_s : int
        Dimensions of the subspaces, from 1 to D.

    Returns
    -------
    mean, sd : float
        Of :math:`\lVert V_s^\top V_w\rVert_F^2` for independent, uniformly distributed subspaces:
        :math:`d_wd_s/D` and :math:`\sqrt{2 d_w d_s (D-d_w)(D-d_s) / (D^2 (D-1)(D+2))}`.

    Raises
    ------
    ValueError
        If a dimension is outside its range.

    Notes
    -----
    With P and Q the projectors, only the traceless parts of P and Q vary against each other; a random rotation
    spreads one evenly over the :math:`(D-1)(D+2)/2` dimensions of traceless symmetric matrices.

    Examples
    --------
    >>> mean, sd = chance_overlap(512, 194, 443)
    >>> round(mean, 2), round(sd, 2)
    (167.86, 0.23)
    """
    if width < 2 or not (1 <= d_w <= width and 1 <= d_s <= width):
        raise ValueError(
            f"width = {width}, d_w = {d_w}, d_s = {d_s} is not allowed: dimensions from 1 to a width above 1"
        )
    variance = 2.0 * d_w * d_s * (width - d_w) * (width - d_s) / (width**2 * (width - 1.0) * (width + 2.0))
    return d_w * d_s / width, float(np.sqrt(variance))


def published_overlaps(name: str, *, common_width: str = "smaller", folder: Path = DATA) -> pd.DataFrame:
    """Published correlation dimensions beside those of two random subspaces of the common space.

    Parameters
    ----------
    name : {"utkface", "colored_mnist"}
    common_width : {"smaller", "larger"}
        The wider features are projected down to the smaller width, or the narrower padded with noise.
    folder : Path
        As in `quoted`.

    Returns
    -------
    DataFrame
        One row a teacher: model, width (common), d_w, d_s, published, chance, sd.

    Raises
    ------
    ValueError
        As `quoted`, or if ``common_width`` is unknown.

    Examples
    --------
    >>> table = published_overlaps("utkface")
    >>> bool((abs(table.published - table.chance) < 2 * table.sd).all())
    True
    """
    if common_width not in ("smaller", "larger"):
        raise ValueError(f"common_width = {common_width!r} is unknown; it must be smaller or larger")
    table = quoted(name, folder)
    dims = table[table.quantity == "intrinsic dimension"].set_index("model")
    rows = []
    for _, row in table[table.quantity.str.startswith("correlation")].iterrows():
        strong = row.quantity.removeprefix("correlation dimension with ")
        widths = int(row.width), int(dims.width[strong])
        width = min(widths) if common_width == "smaller" else max(widths)
        d_w, d_s = int(dims["mean"][row.model]), int(dims["mean"][strong])
        mean, sd = chance_overlap(width, d_w, d_s)
        keys = {"model": row.model, "strong": strong, "width": width, "d_w": d_w, "d_s": d_s}
        rows.append(keys | {"published": float(row["mean"]), "chance": mean, "sd": sd})
    return pd.DataFrame(rows)


def against_published(name: str, means: pd.DataFrame, folder: Path = DATA) -> pd.DataFrame:
    """Quoted errors and ratios of a data set beside a run's own, where the run has the same cell.

    Parameters
    ----------
    name : {"utkface"}
    means : DataFrame
        From `comparison_data.over_splits`; backbones are called as quoted, in lower case and without signs.
    folder : Path
        As in `quoted`.

    Returns
    -------
    DataFrame
        quantity, model, noise, n, N, published, published_se (their spread over the root of 10 splits), ours,
        ours_se, difference.

    Raises
    ------
    ValueError
        As `quoted`.

    Examples
    --------
    >>> run = pd.DataFrame([dict(weak="resnet18", noise=0.0, tuned=False, n=2000, N=10000, pgr=0.5, pgr_se=0.01)])
    >>> against_published("utkface", run)[["quantity", "model", "difference"]].round(3).to_numpy().tolist()
    [['PGR', 'ResNet18', -0.02]]
    """
    rows = []
    for _, row in quoted(name, folder).dropna(subset=["n"]).iterrows():
        column = row.quantity.removesuffix(" error").lower()
        same = (means.weak == row.model.lower().replace("-", "")) & (means.n == row.n) & (means.N == row.N)
        for _, cell in means[same & (means.noise == row.noise) & ~means.tuned].iterrows():
            if column in cell:
                keys = {key: row[key] for key in ("quantity", "model", "noise", "n", "N")}
                theirs = {"published": row["mean"], "published_se": row["std"] / np.sqrt(10)}
                ours = {"ours": cell[column], "ours_se": cell[f"{column}_se"]}
                rows.append(keys | theirs | ours | {"difference": cell[column] - row["mean"]})
    return pd.DataFrame(rows)
