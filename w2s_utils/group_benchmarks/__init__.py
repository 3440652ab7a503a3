"""Students, teachers and Enhanced-W2S on data sets with groups: draws, errors, tables, theory, verdicts.

`data` and `runs` make what `statistics`, `tables` and `verdicts` judge; `theory` predicts it; the ``enhanced_``
modules do the same for Enhanced-W2S, and import the others, never the other way round.
"""
