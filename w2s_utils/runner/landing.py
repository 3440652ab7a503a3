"""What the landing page says was found: a sentence for each subject, with the verdicts of the chapters behind it.

The sentences are written here; a subject whose chapters are not in the book is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from w2s_utils.runner import scorecard
from w2s_utils.runner.chapters import Chapter

# subject, what was found, the chapters it rests on
FINDINGS = (
    (
        "Features that differ",
        "A student inherits its teacher's variance only where their features overlap. That is exact; the published "
        "lower bounds and the ridge rate need conditions that the talks do not give.",
        ("variance_decomposition", "excess_risk_scaling", "performance_gap_recovery", "ridge_rate"),
    ),
    (
        "Few dimensions",
        "Fine-tuning a small pre-trained network stays close to its linearisation, and a tenth of its parameters is "
        "enough. Pre-training does not halve the dimension that 90 % of its own accuracy takes.",
        ("finetuning_dimension",),
    ),
    (
        "Penalties",
        "A ridge student repairs a teacher that was regularised too little, never one regularised well, unless its "
        "own penalty spares a direction that the target uses. Pre-trained features keep a hard part of the target that "
        "the teacher cannot learn.",
        ("ridge_regularization", "weighted_ridge", "multi_index"),
    ),
    (
        "Groups",
        "Unlabelled data should have about the labelled data's share of the minority when groups only shift the mean; "
        "for the mixture that the talks define this does not follow. Where they differ, retraining on confident images "
        "raises average accuracy on composed stand-ins.",
        ("gain_theory", "representation_similarity", "enhanced_w2s"),
    ),
    (
        "Real data",
        "On stand-ins for the papers' data, few and noisy labels make the student win; a teacher with a tuned penalty "
        "leaves it much less to gain.",
        ("utkface_regression", "image_classification", "sentiment_classification", "benchmarks"),
    ),
    (
        "All three together",
        "One formula has the three papers as special cases. It pays to train on weak labels where the variance left "
        "behind is worth more than the bias.",
        ("unifying_view", "your_own_models"),
    ),
)
HERO = "performance-gap-recovery"
HERO_TEXT = """\
Share of the gap to the ceiling that the student closes (PGR), and its advantage over the strong model trained
on the labels (OPR), for pairs of models that share 10, 50 or 90 feature dimensions. Circles: simulation.
Solid: exact theory. Dotted: the published curves, which are not quite bounds."""


def findings(passports: Sequence[Mapping[str, Any]], chapters: Sequence[Chapter]) -> str:
    """The list of findings, and under it the picture that leads into the book, as Markdown.

    Parameters
    ----------
    passports : sequence of mapping
        Of all figures in the book.
    chapters : sequence of Chapter
        In the order of the book.
    """
    titles = {chapter.name: chapter for chapter in chapters}
    lines = []
    for subject, sentence, names in FINDINGS:
        known = [titles[name] for name in names if name in titles]
        if known:
            own = {chapter.name for chapter in known}
            verdicts = [claim["verdict"] for p in passports if p["chapter"] in own for claim in p["claims"]]
            counts = ", ".join(
                scorecard.worded(n, verdict) for verdict, n in scorecard.count_verdicts(verdicts).items()
            )
            links = ", ".join(f"[{chapter.title}](/{chapter.document}.ipynb)" for chapter in known)
            lines.append(f"- **{subject}.** {sentence} {links}: {counts}.")
    if any(passport["id"] == HERO for passport in passports):
        lines += ["", f"```{{w2s-hero}} {HERO}", HERO_TEXT, "```"]
    return "\n".join(lines) + "\n"
