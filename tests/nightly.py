"""How often a test repeats: a little by default, much with W2S_NIGHTLY=1."""

import os

NIGHTLY = os.environ.get("W2S_NIGHTLY", "") not in ("", "0")
CASES = 10_000 if NIGHTLY else 500  # fuzzed inputs per reader
EXAMPLES = 1_000 if NIGHTLY else 25  # random settings per function
TIMES = 20 if NIGHTLY else 1  # injections of one fault
