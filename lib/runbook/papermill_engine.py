"""`papermill --engine runbook`: the truthful engine, by the name that papermill looks for.

papermill loads this while it is being imported itself, so the engine proper comes on first use.
"""

from __future__ import annotations

from typing import Any


class Engine:
    """Hands a run of plain papermill to engine.RunbookEngine."""

    @staticmethod
    def execute_notebook(*given: Any, **options: Any) -> Any:
        """As papermill.engines.Engine.execute_notebook."""
        from .kernels.engine import RunbookEngine

        return RunbookEngine.execute_notebook(*given, **options)
