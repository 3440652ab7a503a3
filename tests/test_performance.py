"""The page on performance: made from the kept record, which is complete, and honest about targets that were missed."""

import json
import shutil

import pytest

from tests.test_benchmarks import KEPT, ROOT, TARGETS, complain_of_places
from w2s_utils.runner import performance, performance_plot


@pytest.fixture
def record():
    return json.loads(KEPT.read_text(encoding="utf-8"))


@pytest.fixture
def importable(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def test_kept_record_covers_every_part_and_names_no_place(record, importable):
    from benchmarks.__main__ import PARTS

    assert record["complete"] and record["size"] == "full"
    assert all(part["imports_mb"] > 0 for part in record["parts"])
    assert [part["name"] for part in record["parts"]] == list(PARTS)
    assert {row["part"] for row in record["rows"]} == set(PARTS)
    assert TARGETS.items() <= {row["id"]: row["target"] for row in record["rows"]}.items()
    for row in record["rows"]:
        assert row["met"] == (row["value"] >= row["target"] if row["at_least"] else row["value"] <= row["target"])
        assert row["measure"] != "times less" or len(row["sides"]) >= 2
        # peaks of processes that do nothing else: they differ, as works do
        assert all(side["peak_mb"] for side in row["sides"])
    complain_of_places(KEPT.read_text(encoding="utf-8"))


def test_page_has_every_row_and_side(record):
    made = performance.tables(ROOT)
    assert set(made) == {f"performance_{name}" for name in ("summary", "limits", "memory", "growth", "chapters")}
    page = (ROOT / "pages" / "performance.md").read_text(encoding="utf-8")
    assert all(f"_generated/{name}.md" in page for name in made)
    for row in record["rows"]:
        assert f"{row['claim'][1:]} |" in made["performance_summary"]
        for side in row["sides"]:
            assert side["name"] in made["performance_memory"]
        if row["sides"] and row["sides"][0]["limit"]:
            assert f"| {row['sides'][0]['name']}, a" in made["performance_limits"]
    assert made["performance_growth"].count("±") == len(record["growth"])
    assert "[](scaling.md)" in made["performance_growth"]
    widths = {line.count("|") for line in made["performance_limits"].splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_missed_targets_are_shown_as_missed(record):
    for row in record["rows"]:
        row["met"] = True
    assert "missed" not in performance.summary(record).lower()
    record["rows"][0]["met"] = False
    made = performance.summary(record)
    assert f"**Missed**: {record['rows'][0]['claim']}." in made and made.count("**missed**") == 1
    assert f"{len(record['rows']) - 1} of {len(record['rows'])} targets" in made
    assert 'class="dot missed"' in made


def test_without_a_record_one_line_says_how_to_make_it(tmp_path):
    made = performance.tables(tmp_path)
    assert made["performance_summary"] == "Not measured yet: `python -m benchmarks --keep`.\n"
    assert made["performance_limits"] == made["performance_growth"] == made["performance_chapters"] == ""


def test_chapter_times_are_those_of_two_cores(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "chapter_limits.csv").write_text(
        "chapters,preset,seconds\na b c,fast,9\na,paper,5\na b,fast,4\n"
    )
    assert performance.chapter_times(tmp_path) == "No passports at these presets yet.\n"
    for chapter, seconds in (("a", 3.0), ("b", 5.0), ("c", 4.0)):
        for item in range(2):
            folder = tmp_path / "figures" / f"{chapter}{item}"
            folder.mkdir(parents=True)
            passport = {"id": folder.name, "chapter": chapter, "preset": "fast", "seconds": seconds - item}
            (folder / "figure.json").write_text(json.dumps(passport))
    rows = performance.chapter_times(tmp_path).splitlines()[5:]
    assert rows == [
        "| `a`, `b`, `c` | fast | 3, 5, 4 | 7 | 9 |",
        "| `a`, `b` | fast | 3, 5 | 5 | 4 **missed** |",
    ]
    shutil.rmtree(tmp_path / "figures")


def test_limits_name_chapters_of_the_book():
    from w2s_utils.runner import chapters

    known = {chapter.name for chapter in chapters.discover(ROOT)}
    for line in (ROOT / "benchmarks" / "chapter_limits.csv").read_text(encoding="utf-8").splitlines()[1:]:
        assert set(line.split(",")[0].split()) <= known


def test_plot_places_dots_by_their_logarithm():
    rows = [{"claim": "a < b", "value": 100.0, "target": 10.0, "met": True}]
    made = performance_plot.plot(rows)
    assert "a &lt; b" in made and performance_plot.plot([]) == ""
    assert made.count("<circle") == made.count('class="target"') == 1
    right = made.split('class="dot" cx="')[1].split('"')[0]
    middle = made.split('class="target" x1="')[1].split('"')[0]
    assert float(right) - 16 == pytest.approx(2 * (float(middle) - 16), abs=0.2)


def test_powers_are_fitted_with_their_error(importable):
    from benchmarks.powers import curves, fit

    assert fit([1, 2, 4, 8], [3, 12, 48, 192]) == (2.0, pytest.approx(0, abs=1e-9))
    slope, se = fit([1, 2, 4, 8], [1, 2, 4, 16])
    assert 1 < slope < 1.5 and se > 0.05
    made = curves("n", "d = 1", [1, 2, 3], {"ours": lambda n: lambda: sum(range(1000 * n))}, repeats=1)
    assert [curve["side"] for curve in made] == ["ours"] and len(made[0]["seconds"]) == 3


def test_limit_is_the_slower_of_work_and_memory(importable):
    from benchmarks import needs
    from benchmarks.rates import Needs

    rates = {"flops": 10.0, "single": 20.0, "bytes": 5.0, "draws": 2.0}
    assert Needs(flops=10, single=20, draws=2).seconds(rates) == 3
    assert Needs(flops=10, bytes=50, cores=2).seconds(rates) == 5
    assert Needs(flops=10, cores=2).over(5) == Needs(flops=2, cores=2)
    assert needs.ridge_path(1000, 10, 1).flops == pytest.approx(1000 * 100 + 20_000 + 14_000 / 3 + 200)


def test_stopped_run_keeps_what_it_measured(tmp_path, importable, monkeypatch, capsys):
    from benchmarks import __main__ as bench
    from benchmarks import growth

    def stop(size, memory):
        raise KeyboardInterrupt

    monkeypatch.setattr(growth, "rows", stop)
    out = tmp_path / "out.json"
    options = ["--size", "tiny", "--no-memory", "--out", str(out), "--part", "loading", "--part", "growth"]
    monkeypatch.setattr(bench, "PARTS", ("loading", "growth"))
    assert bench.main(options) == 130
    content = json.loads(out.read_text())
    assert [row["id"] for row in content["rows"]] == ["features-time"] and not content["complete"]
    assert "stopped; 1 of 2 parts are in" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        bench.main(["--keep", "--size", "tiny"])
    assert "--keep is not allowed with --size tiny" in capsys.readouterr().err
