"""Monte-Carlo engines, one module a model; each is the oracle of a closed form in ``w2s_utils.theory``.

Must not import ``theory``, matplotlib, papermill or ``datasets``.
"""
