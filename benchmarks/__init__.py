"""The book's speed claims, measured: ``python -m benchmarks`` (``make bench``) prints one table.

Both sides of every comparison run in the same process, on one core, in alternation; times are medians of CPU
seconds. Peak memory is that of a fresh process which does nothing but the work in question.
"""
