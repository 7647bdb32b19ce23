# Two commands do everything: `make simulate` runs the main job, `make test` runs every test.
# Both make the environment first, and again when pyproject.toml changed.
PYTHON ?= python3
BIN := .venv/bin
SCENARIO ?= default

export FLWR_TELEMETRY_ENABLED := 0
export FLWR_DISABLE_UPDATE_CHECK := 1
export RAY_USAGE_STATS_ENABLED := 0
# matrices are small here: threads that wait for each other double the work (benchmarks/NOTES.md)
export OMP_NUM_THREADS ?= 1

.PHONY: setup simulate test check format docs benchmark clean

setup: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("sottovoce needs Python 3.11 or newer: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[simulations,test,check]'
	touch $@

simulate: setup
	$(BIN)/sottovoce-simulate run $(SCENARIO)

test: setup
	$(BIN)/python -m pytest -m "not integration" --numprocesses 2 --dist loadfile --durations 25
	$(BIN)/python -m pytest -m integration --numprocesses 2 --dist loadfile --durations 15

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup
	$(BIN)/python -m docs.write_reference

benchmark: setup
	$(BIN)/sottovoce-simulate benchmark

clean:
	rm -rf .venv runs
