"""Write the notebooks from the plan, run them on a fresh embedded server, keep their outputs.

    python -m tests.commit_notebooks

What the repository shows on the web is what ran here, not what somebody remembers. Times, ids and
widget state are left out of the files; cells tagged nbval-ignore-output keep what they printed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from runbook.notebooks import write_notebooks
from runbook.plan_file import read_plan

ROOT = Path(__file__).parent.parent


def main() -> None:
    os.environ["RUNBOOK_OPERATOR"] = "operator"
    with tempfile.TemporaryDirectory(prefix="runbook-notebooks-") as home:
        os.environ["RUNBOOK_HOME"] = home
        for path in write_notebooks(read_plan(ROOT), ROOT / "notebooks"):
            notebook = nbformat.read(path, as_version=4)
            NotebookClient(
                notebook,
                kernel_name="python3",
                record_timing=False,
                timeout=300,
                resources={"metadata": {"path": str(path.parent)}},
            ).execute()
            notebook.metadata.pop("widgets", None)
            notebook.metadata["language_info"] = {"name": "python"}
            nbformat.write(notebook, path)
            print(f"notebooks/{path.name}")


if __name__ == "__main__":
    main()
