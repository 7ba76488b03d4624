#!/bin/sh
# Everything CI checks. Called by `make test` with the environment's programs first on the PATH.
set -eu
cd "$(dirname "$0")/.."

# A home of its own: the committed outputs are those of a fresh embedded server.
RUNBOOK_HOME=$(mktemp -d "${TMPDIR:-/tmp}/runbook-test-XXXXXX")
export RUNBOOK_HOME
trap 'rm -rf "$RUNBOOK_HOME"' EXIT
trap 'exit 130' INT TERM
unset RUNBOOK_TARGET RUNBOOK_PROJECT RUNBOOK_RECORD RUNBOOK_RUN RUNBOOK_OPERATOR

ruff format --check lib tests
ruff check lib tests
# The longest files first, so that both workers end together.
pytest tests/test_crash.py tests/test_prove.py tests/test_backup.py tests/test_mutations.py tests \
	--ignore tests/browser --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not slow" "$@"
# One JupyterLab and one browser for all of them.
pytest tests/browser -m "not slow" -p no:xdist -p no:cacheprovider
# In order and in one process: each notebook continues where the one before it ended.
pytest notebooks --nbval --nbval-cell-timeout=120 -p no:xdist -p no:cacheprovider
