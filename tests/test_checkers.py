"""The checks of the checks: a few mutants must die, a few fresh seeds must raise no alarm."""

import pandas as pd
import pytest

from tests import fresh_seeds, mutation
from tests.nightly import NIGHTLY

# lines whose meaning every reader knows: the sign of a term, a factor, a comparison
KNOWN = [
    mutation.Mutant("theory/marchenko_pastur.py", "core/ReplaceBinaryOperator_Sub_Add", 0),
    mutation.Mutant("claims/statistics.py", "core/ReplaceBinaryOperator_Mul_Div", 0),
]


@pytest.mark.parametrize("mutant", KNOWN, ids=lambda mutant: mutant.module)
def test_a_mutant_is_killed(mutant):
    assert mutation.killed(mutant), mutant.lines()


def test_every_module_has_tests_that_exist():
    for mutant in {each.module: each for each in mutation.mutants()}.values():
        assert all((mutation.ROOT / test).is_file() for test in mutation.tests_of(mutant.module)), mutant.module


def test_fresh_seeds_raise_no_alarm():
    # a few seeds only show that the machinery runs; the record holds the measurement
    table = fresh_seeds.measure(200 if NIGHTLY else 2, first=50_000, jobs=1)
    assert fresh_seeds.in_line(table) == []


def test_an_alarm_out_of_line_is_seen():
    table = pd.DataFrame({"comparison": ["a"], "seeds": [200], "false_alarms": [4], "below_1_percent": [2]})
    assert "4 false alarms in 200" in fresh_seeds.in_line(table)[0]
