# The interface for people and for CI. Each target makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The tests of the packages. Left out: thousands of cases that run no more lines, such as every flipped bit.
COVERING := $(addprefix tests/,boot device fakes formats homes iot operator trust) \
	--ignore=tests/trust/test_flips.py --ignore=tests/trust/test_mutants.py --ignore=tests/trust/test_power.py

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast coverage test-pythons test-micropython test-micropython32 lint powercut powercut-full powercut-mutants trust-mutants fuzz-mutants faults faults-mutants mutants-fit killsweep killsweep-bundle fuzz bench peers docs size format clean

help: ## List the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY) ## Tell the whole story on this machine: updates, a rollback, a damaged image
	@$(BIN)/fota demo

test: $(READY) ## Run every test
	@$(BIN)/python -m pytest -n 6 --dist worksteal

test-fast: $(READY) ## Run the tests for every save: no server, no long sweep, few real processes and waits
	@$(BIN)/python -m pytest -n 3 --dist worksteal -m 'not e2e and not slow'

coverage: $(READY) ## Say how much of each package its tests run, those that need no server; fail below the floors
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not e2e' --cov --cov-report=json:.coverage.json $(COVERING)
	@$(BIN)/python tools/coverage_floors.py

test-pythons: $(READY) ## Run the tests of device and operator on each CPython from 3.10 to 3.14 that is here
	@$(BIN)/python tools/test_on_pythons.py

test-micropython: $(READY) ## Run the tests on MicroPython, and measure the smallest heap of an update
	@$(BIN)/python tools/test_on_micropython.py

test-micropython32: $(READY) ## Run a whole update on a MicroPython of 32 bits, and measure its smallest heaps and its stack
	@$(BIN)/python tools/test_on_micropython32.py

lint: $(READY) ## Check format, lint, types, layers, and that every public name has a type
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo pyproject.toml
	@$(BIN)/python tools/type_completeness.py

powercut: $(READY) ## Cut the power after every write of whole updates, and again while recovering
	@$(BIN)/python -m sweeps.powercut

powercut-full: $(READY) ## Do the same for a million states
	@$(BIN)/python -m sweeps.powercut --states 1000000 --seconds 7200

powercut-mutants: $(READY) ## Seed bugs into a copy of the code: the power-cut sweep must find each
	@$(BIN)/python -m sweeps.mutants

trust-mutants: $(READY) ## Remove every check of what is trusted, one at a time: a vector or a test must notice
	@$(BIN)/python -m sweeps.trust_mutants

fuzz-mutants: $(READY) ## Seed bugs into what MicroPython runs: the comparison with CPython must find each
	@$(BIN)/python -m sweeps.fuzz.mutants

faults: $(READY) ## Play every fault at every step of an update, in virtual time, on both interpreters' code
	@$(BIN)/python -m sweeps.faults

faults-mutants: $(READY) ## Seed bugs of each kind into the device's code: the matrix of faults must find each
	@$(BIN)/python -m sweeps.faults.mutants

mutants-fit: $(READY) ## Check that every seeded bug still fits the code; takes seconds
	@for sweep in mutants trust_mutants fuzz.mutants faults.mutants; do $(BIN)/python -m sweeps.$$sweep --fit-only || odd=1; done; exit $${odd:-0}

killsweep: $(READY) ## Kill real processes at every file and socket call; needs strace
	@$(BIN)/python -m sweeps.killsweep

killsweep-bundle: $(READY) ## Do the same while a bundle is downloaded, unpacked and started
	@$(BIN)/python -m sweeps.killsweep --image bundle

fuzz: $(READY) ## Mutate job documents, envelopes and patches; compare the verdicts of both interpreters
	@$(BIN)/python -m sweeps.fuzz

bench: $(READY) ## Measure what an update costs compared with its peers; BENCH=install runs one bench
	@$(BIN)/python -m bench $(BENCH)

peers: $(READY) ## Hold the library against servers and clients of others; PEER=nginx runs one
	@$(BIN)/python -m peers $(PEER)

docs: $(READY) ## Generate again, from the code, parts of docs/ and the lists for mip
	@$(BIN)/python tools/docs.py
	@$(BIN)/python tools/mip_lists.py

size: $(READY) ## Print how large the device library is, compiled for MicroPython
	@$(BIN)/python tools/sizes.py

format: $(READY) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove what make made
	@rm -rf $(VENV) .pythons .micropython32 .bench .peers build dist .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.json .hypothesis .import_linter_cache
