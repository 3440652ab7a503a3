"""Runs the chapters, builds the book and keeps the reference results.

Nothing here knows a formula: a chapter is a notebook with a ``parameters`` cell, and what it leaves behind is
a folder of figures with their passports. Every function takes the ``root`` of a checkout, so that a toy book
in a temporary folder is run exactly like the real one.
"""
