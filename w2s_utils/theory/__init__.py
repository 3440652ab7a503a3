"""Closed forms of the three papers, one module a paper; each is the oracle of an engine in ``w2s_utils.simulate``.

Must not import ``simulate``, matplotlib, papermill or ``datasets``.
"""
