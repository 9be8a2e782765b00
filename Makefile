# The interface for people and for CI. Each target makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-micropython lint powercut powercut-full powercut-mutants killsweep fuzz bench docs size format clean

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY) ## Tell the whole story on this machine: updates, a rollback, a damaged image
	@$(BIN)/fota demo

test: $(READY) ## Run every test
	@$(BIN)/python -m pytest -n 2 --dist worksteal

test-fast: $(READY) ## Run the tests that need no server
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not e2e'

test-micropython: $(READY) ## Run the tests on MicroPython, measure the smallest heap of an update
	@$(BIN)/python tools/test_on_micropython.py

lint: $(READY) ## Check format, lint, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --config pyproject.toml

powercut: $(READY) ## Cut the power after every write of whole updates, and again while recovering
	@$(BIN)/python -m sweeps.powercut

powercut-full: $(READY) ## The same, a million states
	@$(BIN)/python -m sweeps.powercut --states 1000000 --seconds 7200

powercut-mutants: $(READY) ## Seed bugs into a copy of the code: the sweep must find each
	@$(BIN)/python -m sweeps.mutants

killsweep: $(READY) ## Kill real processes at every file and socket call; needs strace
	@$(BIN)/python -m sweeps.killsweep

fuzz: $(READY) ## Mutate job documents and envelopes; compare the verdicts of both interpreters
	@$(BIN)/python -m sweeps.fuzz

bench: $(READY) ## Measure what an update costs beside its peers; BENCH=install for one
	@$(BIN)/python -m bench $(BENCH)

docs: $(READY) ## Make again what is generated from the code: parts of docs/, the lists for mip
	@$(BIN)/python tools/docs.py
	@$(BIN)/python tools/mip_lists.py

size: $(READY) ## Say how large the device library is, compiled for MicroPython
	@$(BIN)/python tools/sizes.py

format: $(READY) ## Rewrite the code in the one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove what make made
	@rm -rf $(VENV) .bench build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
