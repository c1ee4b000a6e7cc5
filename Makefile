# Everything here sets itself up: Python 3.11 or later and make are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
PORT ?= 3000
WORKERS ?= auto

.PHONY: demo dev test test-long chaos bench lint types check ci clean

demo: $(VENV)/ready  ## The whole pipeline on the sandbox, from nothing to figures.
	$(BIN)/ppc demo

dev: $(VENV)/ready  ## The Dagster UI, with schedules and the sensor running.
	$(BIN)/ppc dev --port $(PORT)

test: $(VENV)/ready  ## The tests, some more at once than there are cores: WORKERS=0 runs them one by one.
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

test-long: $(VENV)/ready  ## Those that take many seconds each: commands and processes from end to end.
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m long

chaos: $(VENV)/ready  ## Kill real processes at every step, many rounds: make chaos ROUNDS=100 SEED=7
	$(BIN)/python -W ignore -m ppc_pipeline_tests.chaos $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(CHAOS)

bench: $(VENV)/ready  ## All benchmarks, half an hour; writes benchmarks/RESULTS.md. BENCH=--quick tries them.
	$(BIN)/python -W ignore -m benchmarks $(BENCH)

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/ready
	$(BIN)/mypy

check: $(VENV)/ready  ## Does the code location load?
	PPC_DATA_DIR=$${PPC_DATA_DIR:-$(VENV)/check} $(BIN)/dg check defs

clean:  ## Remove the virtual environment and caches; data/ stays.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The environment is made anew when what it is made from changes. uv installs exactly what uv.lock says.
$(VENV)/ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --quiet --locked --inexact --all-extras --compile-bytecode
	@touch $@
