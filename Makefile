# From Python and pip alone: `make test` makes its own environment in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: same install test check lint types coverage accuracy bench fuzz examples clean mutants

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	touch $@

test: install
	$(BIN)/python -m pytest --numprocesses auto

check: install lint types coverage

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install
	$(BIN)/mypy

# SINCE=REV: what changed since; MUTANTS="lossctl/stats --count 20": modules, how many, and more (--help)
SINCE ?= main
mutants: install
	$(BIN)/python -m tests.mutants --since $(SINCE) $(MUTANTS)

# what some 400 commands print is what they printed at SINCE: for changes of structure
same: install
	$(BIN)/python tests/corpus.py --since $(SINCE)

coverage: install
	$(BIN)/python -m pytest --numprocesses auto --cov --cov-report=term-missing:skip-covered

accuracy: install
	$(BIN)/python -m tests.oracles.accuracy --write docs/accuracy.md

bench: install
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks.bench_slices
	$(BIN)/python -m benchmarks.bench_gates
	$(BIN)/python -m benchmarks.bench_wide
	$(BIN)/python -m benchmarks.bench_compare
	$(BIN)/python -m benchmarks # last: it ends with 1 where a target does not hold

# SECONDS and SEED are yours to choose: make fuzz SECONDS=3600 SEED=7
SECONDS ?= 300
fuzz: install
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.fuzz.faults # every step of a run fails once: about ten minutes

examples: install
	$(BIN)/python examples/make_data.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
