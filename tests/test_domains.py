"""Every public closed form and estimator inside its documented domain, and one step outside it."""

import inspect
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domains import FUNCTIONS, MODULES, NOT_FUZZED
from tests.nightly import EXAMPLES

SECONDS = 5  # no call takes longer
BUSY = [HealthCheck.too_slow, HealthCheck.data_too_large]
OUTSIDE = [(name, argument) for name, row in FUNCTIONS.items() for argument in row.refused]


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=BUSY)
@given(data=st.data())
def test_promises_are_kept_inside_the_domain(name, data):
    row = FUNCTIONS[name]
    setting = data.draw(row.domain)
    start = time.process_time()
    value = row.call(**setting)
    assert row.promise(value), f"{name} gave {value} at {setting}"
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(("name", "argument"), OUTSIDE)
@settings(max_examples=max(EXAMPLES // 10, 3), deadline=None, derandomize=True, suppress_health_check=BUSY)
@given(data=st.data())
def test_a_value_outside_is_refused_in_one_line_that_names_the_argument(name, argument, data):
    row = FUNCTIONS[name]
    setting = data.draw(row.domain)
    for value in row.refused[argument]:
        start = time.process_time()
        with pytest.raises(ValueError) as error:
            row.call(**setting | {argument: value})
        message = str(error.value)
        assert argument in message and "\n" not in message and len(message) < 300, message
        assert time.process_time() - start < SECONDS


def test_every_public_function_has_a_row_or_a_reason():
    offered = {
        f"{short}.{name}"
        for short, module in MODULES.items()
        for name in getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
        if inspect.isfunction(getattr(module, name)) and getattr(module, name).__module__.startswith("w2s_utils")
    }
    assert offered - set(FUNCTIONS) - set(NOT_FUZZED) == set()
    assert not set(FUNCTIONS) & set(NOT_FUZZED)
