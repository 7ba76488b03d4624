"""The committed outputs name an operator; nbval's kernels are to show the same one."""

import os

os.environ.setdefault("RUNBOOK_OPERATOR", "operator")
