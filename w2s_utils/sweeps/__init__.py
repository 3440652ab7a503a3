"""Sweeps of simulation points: ``w2s run CHAPTER --sweep NAME=VALUES``, on this machine or on a Dask cluster.

`points` says what a point of a chapter computes, `grid` which points there are, `store` keeps them in Parquet files,
`backends` are the workers, and `running` brings them together. Must not import matplotlib or papermill.
"""
