# The contributor's menu. `make` alone prints it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run lab test test-slow crash-test check format lock new-migration notebooks pictures clean bench bench-checks bench-stages bench-files bench-fleet

help: ## this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/ready ## apply every phase on the embedded PostgreSQL and archive the records
	$(BIN)/runbook run

test: $(VENV)/ready ## everything CI checks: style, tests on real databases, the committed notebooks
	PATH="$(CURDIR)/$(BIN):$$PATH" sh tests/run.sh

test-slow: $(VENV)/ready ## the long proofs: every mutant of every migration
	$(BIN)/pytest tests -m slow --numprocesses 2 --timeout 3600

crash-test: $(VENV)/ready ## kill -9 at every statement boundary of every migration, and around each commit
	$(BIN)/pytest tests/test_crash.py --timeout 7200 --durations 0

bench: $(VENV)/ready ## how long a whole run takes, beside psql; written to docs/benchmarks.md
	$(BIN)/python tests/benchmarks/run.py

bench-checks: $(VENV)/ready ## how long validation takes on catalogs of 100, 1,000 and 10,000 tables
	$(BIN)/python tests/benchmarks/catalogs.py

bench-stages: $(VENV)/ready ## what a migration's stages cost on catalogs of 100, 1,000 and 10,000 tables
	$(BIN)/python tests/benchmarks/stages.py

bench-files: $(VENV)/ready ## 100 and 1,000 small files, beside other tools; written to docs/benchmarks-files.md
	$(BIN)/python tests/benchmarks/files.py

bench-fleet: $(VENV)/ready ## targets a minute with one worker and two, memory a worker; docs/benchmarks-fleet.md
	$(BIN)/python tests/benchmarks/fleet.py

lab: $(VENV)/ready ## open JupyterLab on a working copy of the notebooks
	$(BIN)/runbook lab

check: $(VENV)/ready ## style only
	$(BIN)/ruff format --check lib tests
	$(BIN)/ruff check lib tests

format: $(VENV)/ready ## mend the style
	$(BIN)/ruff format lib tests
	$(BIN)/ruff check --fix lib tests

notebooks: $(VENV)/ready ## run the committed notebooks on a fresh embedded server and keep their outputs
	$(BIN)/python -m tests.commit_notebooks

pictures: $(VENV)/ready ## take the README's pictures anew, from real sessions in JupyterLab
	PYTHONPATH=tests $(BIN)/python tests/browser/take_pictures.py

new-migration: $(VENV)/ready ## name=add_something: a migration with its rollback and scenario beside it
	$(BIN)/runbook new "$(name)"

lock: $(VENV)/ready ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra test \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

clean: ## forget the environment and the embedded server (records in runs/ stay)
	[ ! -x $(BIN)/runbook ] || $(BIN)/runbook reset --target embedded
	rm -rf $(VENV) .runbook

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "Installing into $(VENV): once, some minutes, and nothing is said meanwhile."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
