# The two commands of the book, and a few for its makers. All the work is in `python -m w2s_utils`,
# which is also the way where make is missing.

PYTHON ?= python3
PRESET ?= fast

# W2S_VENV=off keeps to your own environment, e.g. one made from environment.yml
IN_ENV = $(if $(filter off,$(W2S_VENV)),$(PYTHON),.venv/bin/python)

.DEFAULT_GOAL := help
.PHONY: help env book test pdf bench clean

help:
	@echo "make book    run every chapter and build the book: _build/html/index.html"
	@echo "             PRESET=paper for the papers' full grids (about 15 minutes); default PRESET=fast (minutes)"
	@echo "make test    run every check"
	@echo "make pdf     the book as one PDF, _build/book.pdf (needs xelatex and latexmk)"
	@echo "make env     make or update .venv (the two above do it by themselves)"
	@echo "make bench   measure the speed claims"
	@echo "make clean   remove _build and caches, keep .venv"
	@echo "Another Python (3.11 or newer): make book PYTHON=python3.12"
	@echo "One chapter, other parameters:  $(PYTHON) -m w2s_utils run --help"

env:
	@$(PYTHON) -m w2s_utils env

book:
	@$(PYTHON) -m w2s_utils build --preset $(PRESET)

test:
	@$(PYTHON) -m w2s_utils test

pdf:
	@$(PYTHON) -m w2s_utils pdf --preset $(PRESET)

bench: env
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(IN_ENV) -m benchmarks

clean:
	@rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@echo "removed: _build and caches"
