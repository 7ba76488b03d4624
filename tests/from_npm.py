"""Programs that npm brings: Supabase's own. In CI, where npm is there, their tests must run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def from_npm(program: str, package: str) -> str:
    """The path of a program; without it the test is skipped, and fails in CI where npm is."""
    path = os.pathsep.join([str(HERE / "node_modules" / ".bin"), os.environ.get("PATH", "")])
    found = shutil.which(program, path=path)
    if found:
        return found
    reason = f"{program} is not installed (npm: {package})"
    if os.environ.get("CI", "").lower() in ("1", "true") and shutil.which("npm"):
        pytest.fail(f"{reason}: in CI its tests must run")
    return pytest.skip(reason)
