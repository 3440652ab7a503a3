"""Three sentences for a reader who will not look at a table: does it pay, why, what next."""

from __future__ import annotations

from typing import Any

_NOTHING = "nothing measurable"


def verdict(content: dict[str, Any]) -> list[str]:
    """Sentences from the report's numbers.

    Parameters
    ----------
    content : dict
        Of `w2s_utils.diagnose.report.Report`.

    Returns
    -------
    list of str
        Three.

    Examples
    --------
    >>> part = {"value": 0.2, "se": 0.0, "plugin": 0.2}
    >>> dims = {"d_w": 20, "d_s": 10, "d_sw": 5.2, "plugin": 5.5, "chance": 0.2}
    >>> terms = {"inherited": part, "reduced": part, "teacher_variance": {**part, "value": 0.5}}
    >>> content = {"dimensions": dims, "terms": terms, "sizes": {"n": 100, "N": 900}, "input": {"target": None}}
    >>> print(verdict(content)[1])
    The models share 5.2 of 20 weak and 10 strong dimensions (by chance 0.2 would seem shared, already taken off).
    """
    if content["input"]["target"] is None:
        return _without_labels(content)
    return [_pays(content), _why(content), _next(content)]


def _pays(content: dict[str, Any]) -> str:
    gain, risks, sizes, opr = content["gain"], content["risks"], content["sizes"], content["opr"]
    few = content["few_rows"]
    clear = not few and abs(gain["value"]) > 2 * gain["se"]
    behind = opr["value"] < 1 - 2 * opr["se"]  # the strong model trained on the labels alone has less error
    if few:
        does = "may or may not pay, which so few rows cannot tell"
    elif clear and gain["value"] > 0:
        does = f"is predicted to {'beat its teacher, but not the labels alone' if behind else 'pay'}"
    elif clear:
        does = "is predicted not to pay"
    else:
        does = "is predicted to change little, less than two standard errors"
    text = (
        f"With {sizes['n']:,} labelled and {sizes['N']:,} unlabelled rows, weak-to-strong training {does}: "
        f"the student's error is {risks['student']['value']:.3g} of the target's variance, its teacher's "
        f"{risks['teacher']['value']:.3g} (expected gain {gain['value']:.2g}, standard error {gain['se']:.1g})"
    )
    room = risks["teacher"]["value"] - risks["ceiling"]["value"]
    if clear and gain["value"] > 0 and room > 0:
        text += f", which is {content['pgr']['value']:.0%} of the way to the ceiling"
    if few:
        return f"{text}."
    compared = "better" if behind else "worse" if opr["value"] > 1 + 2 * opr["se"] else "about as well"
    error = f"{risks['baseline']['value']:.3g}"
    text += f"; fine-tuning the strong model on the labels alone does {compared}, with an error of {error}."
    return text + (" Predicting the mean would do better than weak-to-strong." if risks["student"]["value"] > 1 else "")


def _shared(content: dict[str, Any]) -> str:
    dims = content["dimensions"]
    if dims["d_sw"] is None:
        return f"the models have {dims['d_w']} and {dims['d_s']} intrinsic dimensions"
    return (
        f"the models share {dims['d_sw']:.1f} of {dims['d_w']} weak and {dims['d_s']} strong dimensions "
        f"(by chance {dims['chance']:.1f} would seem shared, already taken off)"
    )


def _why(content: dict[str, Any]) -> str:
    terms, risks = content["terms"], content["risks"]
    kept = terms["inherited"]["value"] + terms["reduced"]["value"]
    of = terms["teacher_variance"]["value"]
    share = f"{kept / of:.0%}" if of > 0 else "nothing"
    lost = (risks["student"]["value"] - kept) - (risks["teacher"]["value"] - of)
    side = f"but its own view costs {lost:.2g}" if lost > 0 else f"and its own view saves another {-lost:.2g}"
    return (
        f"The student keeps {share} of the {of:.2g} that the draw of the labels adds to its teacher's error, {side}; "
        f"{_shared(content)}."
    )


def _next(content: dict[str, Any]) -> str:
    more = content["more"]
    error, between = content["risks"]["student"]["value"], more["difference"]
    labels, rows = _taken(more["labels"], error), _taken(more["unlabeled"], error)
    text = f"Twice the labels would take {labels} off the student's error, twice the unlabelled rows {rows}"
    if labels == rows == _NOTHING:
        text = "Neither twice the labels nor twice the unlabelled rows would take a measurable part off the error"
    elif abs(between["value"]) <= 2 * between["se"]:
        text += ", too close to tell apart"
    else:
        text += f": more {'labels' if between['value'] > 0 else 'unlabelled rows'} help more"
    groups = content.get("groups")
    if groups is None:
        return f"{text}."
    saved = groups["saved_balanced"]
    text += "; for both groups alike, "
    files = f"the files have {groups['observed_share']:.0%}"
    if saved["value"] <= 2 * saved["se"]:
        return f"{text}no share of the minority among the unlabelled rows is clearly better than another ({files})."
    return (
        f"{text}the best share of the minority among the unlabelled rows is about "
        f"{groups['best_share_balanced']:.0%} ({files}; the difference is {saved['value']:.2g})."
    )


def _taken(part: dict[str, float], error: float) -> str:
    """What is taken off an error, in words where it is no clear gain or less than a thousandth of the error."""
    if abs(part["value"]) <= max(2 * part["se"], 1e-3 * error):
        return _NOTHING
    return f"{part['value']:.2g}" + (" (it would grow)" if part["value"] < 0 else "")


def _without_labels(content: dict[str, Any]) -> list[str]:
    terms, sizes = content["terms"], content["sizes"]
    of = terms["teacher_variance"]["value"]
    kept = terms["inherited"]["value"] + terms["reduced"]["value"]
    inherited = terms["inherited"]["value"] / of if of > 0 else 0.0
    shared = _shared(content)
    return [
        "Whether weak-to-strong training pays cannot be said without labels; of the variance that label noise gives "
        f"the teacher with n = {sizes['n']:,}, the student is predicted to keep {kept / of if of > 0 else 0:.0%} with "
        f"N = {sizes['N']:,}.",
        f"{shared[0].upper()}{shared[1:]}.",
        f"More unlabelled rows can at best bring the kept share down to {inherited:.0%}; give --labels to learn the "
        "bias, which may outweigh this.",
    ]
