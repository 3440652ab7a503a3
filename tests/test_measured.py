"""Tables of the book that are made from committed measurements."""

import json

import pytest

from w2s_utils.environment import ROOT
from w2s_utils.runner import measured

SEEDS = "comparison,seeds,false_alarms,below_1_percent\nvariance,200,1,4\nlimit,200,0,-1\n"
MUTANTS = "module,line,outcome,change,why\na.py,1,killed,x -> y,\nb.py,2,survived,a | b -> a & b,only a message\n"


def test_false_alarms_are_counted(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    assert measured.false_alarms(tmp_path).startswith("Not measured")
    (tmp_path / "benchmarks" / "fresh_seeds.csv").write_text(SEEDS)
    text = measured.false_alarms(tmp_path)
    assert "1 false alarm in 400 claims, 0.0 at the stated rate (2 comparisons, 200 seeds each); " in text
    assert "p below 1 % in 4 of 200 (2.0%)" in text
    assert "| limit | 200 | 0 | – |" in text


def test_one_thing_lost_is_singular(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    row = dict(fault="killed", how="-9", unit="points", injected=20, finished=1, lost=0)
    (tmp_path / "benchmarks" / "faults.json").write_text(json.dumps({"faults": [row]}))
    assert "| killed | -9 | 20 | 1 point | 0 points |" in measured.faults(tmp_path)


def test_survivors_are_listed_with_their_reason(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    assert measured.mutants(tmp_path).startswith("Not measured")
    (tmp_path / "benchmarks" / "mutants.csv").write_text(MUTANTS)
    text = measured.mutants(tmp_path)
    assert "1 of 2 mutants killed (50%)" in text and r"a \| b -> a & b` | only a message" in text


def test_the_predicted_curve_is_amdahls(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    rows = [
        dict(workers=k, scheduler="processes", points=8, tasks=4, task_seconds=0.5, busy=0.9, points_per_second=rate)
        for k, rate in ((1, 10.0), (2, 16.0))
    ]
    content = {"machine": {"cpu": "toy", "cores": 2, "load": 0.1}, "measured": rows}
    (tmp_path / "benchmarks" / "sweeping.json").write_text(json.dumps(content))
    text = measured.scaling(tmp_path)
    # 2/1.6 - 1 = a quarter is serial, so four workers do 1/(1/4 + 3/16) = 16/7 times the work of one
    assert "a serial share of 25.0%" in text and "| 4 | 22.9 | 57% |" in text


@pytest.mark.parametrize("make", [measured.scaling, measured.faults, measured.false_alarms, measured.mutants])
def test_the_book_has_every_record(make):
    assert not make(ROOT).startswith("Not ")


def test_most_mutants_die_and_every_survivor_has_a_reason():
    rows = measured._rows(ROOT, "mutants.csv")
    left = [row for row in rows if row["outcome"] != "killed"]
    assert len(rows) >= 100 and len(left) <= 0.1 * len(rows)
    assert all(row["why"] for row in left)
