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
pytest tests --numprocesses 2 --dist loadfile -m "not slow" "$@"
# In order and in one process: each notebook continues where the one before it ended.
pytest notebooks --nbval --nbval-cell-timeout=120 -p no:xdist -p no:cacheprovider
