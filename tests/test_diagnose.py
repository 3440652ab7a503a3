"""The report on two models: right numbers, a page that needs nothing and lets nothing through, plain verdicts."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from w2s_utils.cli import main
from w2s_utils.diagnose import diagnose, html, write
from w2s_utils.diagnose.verdict import verdict
from w2s_utils.regression import fit_weak_to_strong

ROWS = 3000


def features(seed=0, rows=ROWS):
    """The strong model sees the signal with little noise, the weak one with much, and both see other things."""
    rng = np.random.default_rng(seed)
    signal, other, noise = (rng.standard_normal((rows, 20)) for _ in range(3))
    weak = np.hstack([signal + noise, rng.standard_normal((rows, 30))]) + 2.0
    strong = np.hstack([signal, other])
    return weak, strong, signal.sum(1) + 2 * rng.standard_normal(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("features")
    weak, strong, y = features()
    np.save(place / "weak.npy", weak.astype(np.float32))
    np.savez(place / "strong.npz", features=strong)
    np.save(place / "y.npy", y)
    np.save(place / "classes.npy", np.where(y > 0, "cat", "dog"))
    np.save(place / "groups.npy", (np.arange(ROWS) % 4 == 0).astype(int))
    return place


@pytest.fixture(scope="module")
def report(folder):
    return diagnose(folder / "weak.npy", folder / "strong.npz", folder / "y.npy", n=150, unlabeled=1500, threads=1)


def test_predictions_are_what_training_gives(report):
    """Fitted with the penalties and intercepts the report speaks of, on fresh data of the same kind."""
    content = report.content
    penalties = {name: content["penalties"][name]["penalty"] for name in ("teacher", "student", "baseline", "ceiling")}
    errors = []
    for seed in range(1, 13):
        weak, strong, y = features(seed, 150 + 1500 + 3000)
        a, u, t = slice(0, 150), slice(150, 1650), slice(1650, None)

        def centred(x, rows):
            return x - x[rows].mean(0)

        l_w, l_s, u_w, u_s = (centred(x, rows) for x, rows in ((weak, a), (strong, a), (weak, u), (strong, u)))
        both = slice(0, 1650)
        fit = fit_weak_to_strong(
            l_w[a], l_s[a], y[a] - y[a].mean(), l_w[u] - l_w[u].mean(0), u_s[u],
            teacher_penalty=penalties["teacher"], student_penalty=penalties["student"],
            baseline_penalty=penalties["baseline"],
        )  # fmt: skip
        c_s = centred(strong, both)
        ceiling = fit_weak_to_strong(
            c_s[both], c_s[both], y[both] - y[both].mean(), c_s[both], c_s[both],
            teacher_penalty=penalties["ceiling"], student_penalty=1.0,
        ).teacher  # fmt: skip
        first = y[a].mean()
        shown = {
            "teacher": l_w[t] @ fit.teacher + first,
            "student": u_s[t] @ fit.student + (l_w[u] @ fit.teacher).mean() + first,
            "baseline": l_s[t] @ fit.baseline + first,
            "ceiling": c_s[t] @ ceiling + y[both].mean(),
        }
        errors.append([np.mean((y[t] - value) ** 2) / 24 for value in shown.values()])
    actual, se = np.mean(errors, 0), np.std(errors, 0, ddof=1) / np.sqrt(len(errors))
    for i, name in enumerate(("teacher", "student", "baseline", "ceiling")):
        part = content["risks"][name]
        assert abs(part["value"] - actual[i]) < 4 * np.hypot(se[i], part["se"]) + 0.01 * actual[i], name
        assert abs(part["value"] / actual[i] - 1) < 0.15


def test_report_has_what_it_promises(report):
    content = report.content
    assert len(content["verdict"]) == 3
    assert content["gain"]["value"] > 2 * content["gain"]["se"] and "is predicted to " in content["verdict"][0]
    assert not content["few_rows"]
    parts = [content["terms"][name]["value"] for name in ("inherited", "reduced", "bias")]
    assert sum(parts) == pytest.approx(content["risks"]["student"]["value"], rel=1e-9)
    r = {name: part["value"] for name, part in content["risks"].items()}
    assert content["pgr"]["value"] == pytest.approx((r["teacher"] - r["student"]) / (r["teacher"] - r["ceiling"]))
    assert content["opr"]["value"] == pytest.approx(r["baseline"] / r["student"])
    assert {(row["n"], row["N"]) for row in content["curves"]} >= {(150, 1500), (300, 1500), (150, 3000)}
    assert content["dimensions"]["d_sw"] == pytest.approx(10, abs=3)  # 20 directions with squared cosine 1/2
    assert content["unexplained"]["noise"]["value"] == pytest.approx(4 / 24, abs=0.03)
    assert content["penalties"]["student"]["alpha"] == pytest.approx(1500 * content["penalties"]["student"]["penalty"])
    json.dumps(content)


def test_more_labels_or_more_rows(report):
    more = report.content["more"]
    assert more["difference"]["value"] == pytest.approx(more["labels"]["value"] - more["unlabeled"]["value"])
    assert more["labels"]["value"] > 2 * more["labels"]["se"]
    assert "more labels help more" in report.content["verdict"][2]


def test_without_labels_the_first_line_says_so(folder):
    content = diagnose(folder / "weak.npy", folder / "strong.npz", n=200, unlabeled=2000, threads=1).content
    assert content["first_line"].startswith("No labels were given")
    assert "risks" not in content and "pgr" not in content
    assert 0 < content["terms"]["inherited"]["value"] < content["terms"]["teacher_variance"]["value"]
    assert len(content["verdict"]) == 3
    assert "No labels were given" in html(diagnose(folder / "weak.npy", folder / "strong.npz", threads=1))


def test_classes_and_groups(folder):
    found = diagnose(
        folder / "weak.npy", folder / "strong.npz", folder / "classes.npy", folder / "groups.npy", n=150, threads=1
    )
    content = found.content
    assert content["input"]["target"] == "two classes, cat and dog, as 0 and 1"
    assert content["groups"]["observed_share"] == 0.25
    assert "share of the minority" in content["verdict"][2]
    # groups drawn at random do not differ: no share is better than what the files have
    assert "no share of the minority among the unlabelled rows is clearly better" in content["verdict"][2]
    assert len(re.findall("<svg ", html(found))) == 4


def test_groups_that_differ_have_a_best_share(tmp_path):
    """Mean-shifted minority, weak model blind to it: the grid's best share agrees with fitting at each share."""
    rng = np.random.default_rng(1)
    minority = np.arange(6000) % 5 == 0
    core = rng.standard_normal((6000, 15))
    spurious = np.where(minority, 1.0, -1.0)[:, None] * (core[:, :5] > 0) + 0.5 * rng.standard_normal((6000, 5))
    np.save(tmp_path / "w.npy", np.hstack([core + rng.standard_normal(core.shape), spurious]))
    np.save(tmp_path / "s.npy", np.hstack([core, 0.2 * spurious]))
    np.save(tmp_path / "y.npy", core.sum(1) + rng.standard_normal(6000))
    np.save(tmp_path / "g.npy", np.where(minority, "few", "many"))
    paths = [tmp_path / f"{name}.npy" for name in "wsyg"]
    groups = diagnose(*paths, n=300, unlabeled=1500, threads=1).content["groups"]
    curve = {row["share"]: (row["majority"] + row["minority"]) / 2 for row in groups["curve"]}
    assert curve[groups["best_share_balanced"]] == min(curve.values())
    assert groups["minority"] == {"name": "few", "rows": 1200}
    assert max(curve.values()) > min(curve.values()) + 1e-4


class Outside(HTMLParser):
    """Collects tags, and every address that a browser would follow."""

    def __init__(self):
        super().__init__()
        self.tags, self.links = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href", "action", "data", "srcset")]


def test_page_asks_nothing_of_the_network_and_escapes(tmp_path, folder):
    evil = "<script>alert(1)</script>&'\"{}.npy"
    weak = tmp_path / evil.replace("/", "∕")
    weak.write_bytes((folder / "weak.npy").read_bytes())
    labels = np.where(features()[2] > 0, "<img src=x onerror=y>", "</style>&amp;")
    np.save(tmp_path / "labels.npy", labels)
    groups = np.where(np.arange(ROWS) % 4 == 0, "<b>few", "<i>many")
    np.save(tmp_path / "g.npy", groups)
    report = diagnose(weak, folder / "strong.npz", tmp_path / "labels.npy", tmp_path / "g.npy", n=100, threads=1)
    page, data = write(report, tmp_path / "out")
    parser = Outside()
    text = page.read_text(encoding="utf-8")
    parser.feed(text)
    assert not parser.tags & {"script", "img", "b", "i", "link", "iframe", "object"}
    assert all(link.startswith("#") for link in parser.links)
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    assert "&lt;script&gt;" in text and "&lt;img" in text
    assert json.loads(data.read_text())["input"]["weak"]["file"] == weak.name
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.html", "report.json"]
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert len(re.findall(r'<svg role="img" aria-label="[^"]{8,}"', text)) == 4


def test_collinear_and_constant_columns_are_handled_when_allowed(tmp_path, folder):
    weak, strong, _ = features()
    mixed = weak @ np.random.default_rng(0).standard_normal((50, 8))
    np.save(tmp_path / "collinear.npy", np.hstack([weak, mixed]))
    found = diagnose(tmp_path / "collinear.npy", folder / "strong.npz", folder / "y.npy", n=150, threads=1)
    assert 0 < found.content["risks"]["student"]["value"] < 1.2
    np.save(tmp_path / "degenerate.npy", np.hstack([weak, weak[:, :1], np.full((ROWS, 1), 7.0)]))
    allowed = diagnose(
        tmp_path / "degenerate.npy", folder / "strong.npz", folder / "y.npy", n=150, allow_degenerate=True, threads=1
    )
    assert 0 < allowed.content["risks"]["student"]["value"] < 1.2


def test_few_rows_are_said_to_be_few(tmp_path):
    weak, strong, y = features(rows=90)
    for name, value in (("w", weak), ("s", strong), ("y", y)):
        np.save(tmp_path / f"{name}.npy", value)
    content = diagnose(tmp_path / "w.npy", tmp_path / "s.npy", tmp_path / "y.npy", threads=1).content
    assert any(text.startswith("The rows are few") for text in content["cautions"])
    assert content["few_rows"] and "so few rows cannot tell" in content["verdict"][0]


def test_no_clear_verdict_with_as_many_features_as_rows(tmp_path):
    """Corrected errors look precise there and are not: the standard error of a gain covers it in no repetition."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((200, 260)) / np.sqrt(np.arange(1, 261))
    weak, strong = (z @ rng.standard_normal((260, width)) for width in (230, 240))
    for name, value in (("w", weak), ("s", strong), ("y", z[:, :9].sum(1) + rng.standard_normal(200))):
        np.save(tmp_path / f"{name}.npy", value)
    content = diagnose(tmp_path / "w.npy", tmp_path / "s.npy", tmp_path / "y.npy", n=40, threads=1).content
    assert content["few_rows"] and "so few rows cannot tell" in content["verdict"][0]
    assert "is predicted" not in content["verdict"][0] and "labels alone" not in content["verdict"][0]


def test_verdict_says_what_the_numbers_say(report):
    def part(value, se=0.01):
        return {"value": value, "se": se, "plugin": value}

    def said(**changes):
        return verdict(report.content | changes)

    assert "is predicted not to pay" in said(gain=part(-0.1))[0]
    assert "is predicted to change little" in said(gain=part(0.01))[0]
    behind = said(gain=part(0.1), opr=part(0.9))[0]
    assert (
        "is predicted to beat its teacher, but not the labels alone" in behind and "alone does better, with" in behind
    )
    assert "is predicted to pay" in said(gain=part(0.1), opr=part(1.1))[0]
    assert "alone does worse, with" in said(opr=part(1.1))[0] and "about as well, with" in said(opr=part(1.01))[0]
    risks = report.content["risks"]
    assert "Predicting the mean would do better" in said(risks=risks | {"student": part(1.2)})[0]
    assert "Predicting the mean" not in said(risks=risks | {"student": part(0.8)})[0]
    more = {"labels": part(0.1), "unlabeled": part(0.01), "difference": part(0.09)}
    assert "take 0.1 off the student's error, twice the unlabelled rows nothing measurable" in said(more=more)[2]
    assert "rows -0.1 (it would grow)" in said(more=more | {"unlabeled": part(-0.1)})[2]
    # clear, and too small to matter
    error = report.content["risks"]["student"]["value"]
    for share, text in ((2e-3, f"rows {2e-3 * error:.2g}"), (5e-4, "rows nothing measurable")):
        assert text in said(more=more | {"unlabeled": part(share * error, 1e-9)})[2]
    shares = {"observed_share": 0.2, "best_share_balanced": 0.9}
    assert (
        "is about 90% (the files have 20%; the difference is 0.5)"
        in said(groups=shares | {"saved_balanced": part(0.5)})[2]
    )
    assert "no share of the minority" in said(groups=shares | {"saved_balanced": part(0.01)})[2]


def test_command(folder, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["diagnose", str(folder / "weak.npy"), str(folder / "strong.npz"), "--labels", str(folder / "y.npy")]
    assert main([*arguments, "--n", "100", "--unlabeled", "1000", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Predicted from labels and features.") and "report.html" in said
    assert json.loads((out / "report.json").read_text())["sizes"] == {"n": 100, "N": 1000}
    assert main([*arguments[:2], "nowhere.npy"]) == 1
    assert "nowhere.npy" in capsys.readouterr().err


def test_uneven_rows_are_measured_and_said(folder, report, tmp_path):
    """Against rows whose spread of squared lengths is known: a common factor f gives E f^4/(E f^2)^2 - 1 and a bit."""
    even = report.content["unevenness"]
    for side, width in (("weak", 50), ("strong", 40)):
        assert even[side]["gaussian"] == pytest.approx(2 / width)
        assert even[side]["value"] == pytest.approx(2 / width, rel=0.25)
    assert not any("outweigh" in text for text in report.content["cautions"])
    weak, strong, y = features()
    factor = np.where(np.arange(ROWS) % 7 == 0, 3.0, 0.5)[:, None]
    wanted = np.mean(factor**4) / np.mean(factor**2) ** 2 * (1 + 2 / 40) - 1
    paths = [tmp_path / name for name in ("weak.npy", "strong.npy", "y.npy")]
    for path, values in zip(paths, (weak, strong * factor, y), strict=True):
        np.save(path, values)
    found = diagnose(*paths, n=150, unlabeled=1500, threads=2)
    assert found.content["unevenness"]["strong"]["value"] == pytest.approx(wanted, rel=0.1)
    (said,) = [text for text in found.content["cautions"] if "outweigh" in text]
    assert "strong features" in said and "are probably too low" in said
    assert said in html(found) and "spread of squared row lengths" in html(found)
