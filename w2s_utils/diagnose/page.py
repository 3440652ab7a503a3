"""The report as one HTML file without outside references, and as JSON. Every string of the reader's is escaped."""

from __future__ import annotations

import json
import os
import re
from html import escape
from pathlib import Path
from typing import Any

from w2s_utils.diagnose.pictures import pictures
from w2s_utils.diagnose.report import MODELS, Report

_CSS = """
body{font:16px/1.5 Georgia,serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}
table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.2rem .8rem .2rem 0;text-align:right}
td:first-child,th:first-child{text-align:left}th{font-weight:normal;color:#57606a;border-bottom:1px solid #d0d7de}
.verdict{font-size:1.1rem;border-left:4px solid #0072b2;padding-left:1rem}.caution{border-left:4px solid #e69f00;
padding-left:1rem}figure{margin:1.5rem 0}figure svg{max-width:100%;height:auto}figcaption,.small{color:#57606a;
font-size:.9rem}
"""


def html(report: Report) -> str:
    """Page of a report.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        A document with inline style and pictures; no script, nothing loaded from elsewhere.
    """
    content = report.content
    given, sizes = content["input"], content["sizes"]
    parts = [
        f"<p>{escape(content['first_line'])}</p>",
        *(f'<p class="verdict">{escape(sentence)}</p>' for sentence in content["verdict"]),
        *(f'<p class="caution">{escape(text)}</p>' for text in content["cautions"]),
        f"<p class='small'>Weak: {escape(given['weak']['file'])} ({given['weak']['columns']:,} features). "
        f"Strong: {escape(given['strong']['file'])} ({given['strong']['columns']:,} features). {given['rows']:,} rows. "
        f"Target: {escape(given['target'] or 'none')}. Asked for n = {sizes['n']:,}, N = {sizes['N']:,}.</p>",
        *_tables(content),
    ]
    for number, (svg, caption, alt) in enumerate(pictures(content), 1):
        svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt, quote=True)}" ', 1)
        # two pictures may use the same ids for clip paths
        svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>p{number}-", svg)
        parts.append(f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>")
    parts.append(
        "<p class='small'>Linear heads with intercept, fitted by ridge. Estimates are corrected for over-fitting by "
        "leaving out one of 20 row blocks at a time; standard errors come from the same blocks. They are about "
        "expected errors: one training, on one sample of labels, scatters more. Fine-tuning that moves "
        f"the features is outside this theory. w2s-utils {escape(content['version'])}, {content['seconds']} s.</p>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Weak-to-strong report</title><style>{_CSS}</style></head><body>"
        "<h1>Will weak-to-strong training pay?</h1>" + "\n".join(parts) + "</body></html>\n"
    )


def write(report: Report, folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write ``report.html`` and ``report.json``; each is complete or not there.

    Parameters
    ----------
    report : Report
    folder : path
        Made if missing.

    Returns
    -------
    tuple of Path
        HTML, JSON.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    texts = {"report.html": html(report), "report.json": json.dumps(_plain(report.content), indent=1) + "\n"}
    for name, text in texts.items():
        partial = place / f".{name}.part"
        partial.write_text(text, encoding="utf-8")
        partial.replace(place / name)
    return place / "report.html", place / "report.json"


def _plain(value: Any) -> Any:
    """JSON has no infinities: they become null."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _number(part: dict[str, float]) -> str:
    return f"{part['value']:.4g} ± {2 * part['se']:.2g}"


def _tables(content: dict[str, Any]) -> list[str]:
    penalties, dims = content["penalties"], content["dimensions"]
    made = []
    if "risks" in content:
        rows = [
            [
                name,
                _number(content["risks"][name]),
                f"{penalties[name]['penalty']:.3g}",
                f"{penalties[name]['alpha']:.3g}",
            ]
            for name in MODELS
        ]
        made.append(
            _table(["model", "error / variance of target (± 2 se)", "penalty", "alpha of scikit-learn's Ridge"], rows)
        )
        words = {"gain": "gain: teacher's minus student's error / variance of target",
                 "pgr": "PGR: share of the teacher's gap to the ceiling closed",
                 "opr": "OPR: error of the baseline / student's"}  # fmt: skip
        made.append(
            _table(["student against the others", "(± 2 se)"], [[words[n], _number(content[n])] for n in words])
        )
        best = penalties["for_the_student"]
        made.append(
            f"<p class='small'>Tuned for the student alone, the teacher's penalty would be {best['teacher']:.3g}, the "
            f"student's {best['student']:.3g}, and its error {best['risk']:.4g}.</p>"
        )
        words = {"noise": "neither model explains linearly (label noise included)",
                 "approximation_weak": "the weak features miss of the rest",
                 "approximation_strong": "the strong features miss of the rest"}  # fmt: skip
        rows = [[text, _number(content["unexplained"][name])] for name, text in words.items()]
        made.append(_table(["share of the target's variance that", "(± 2 se)"], rows))
    terms = {"inherited": "inherited variance", "reduced": "reduced variance", "bias": "bias and noise",
             "teacher_variance": "for comparison: the teacher's variance"}  # fmt: skip
    rows = [[text, _number(content["terms"][name])] for name, text in terms.items() if name in content["terms"]]
    made.append(_table(["term of the student's error", "(± 2 se)"], rows))
    shared = [["too few rows", "", ""]] if dims["d_sw"] is None else [
        [f"{dims['d_sw']:.1f}", f"{dims['plugin']:.1f}", f"{dims['chance']:.1f}"]]  # fmt: skip
    head = ["shared (corrected)", "before correction", "by chance", "weak", "strong"]
    made.append(_table(head, [[*shared[0], str(dims["d_w"]), str(dims["d_s"])]]))
    spread = content["unevenness"]
    rows = [[name, f"{spread[name]['value']:.2g}", f"{spread[name]['gaussian']:.2g}"] for name in ("weak", "strong")]
    made.append(_table(["spread of squared row lengths", "here", "Gaussian rows"], rows))
    return made
