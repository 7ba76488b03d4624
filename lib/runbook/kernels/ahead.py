"""Kernels started ahead: while one notebook runs, the next one's kernel loads what it will import.

A process of its own for each notebook, as without it. It is started early, imports what a phase's
first cell imports, and then waits on a socket for what makes it a kernel: arguments, environment,
folder, standard output. Nothing of the run before it can reach it. When the socket closes instead
(nobody needed it, or this process was killed) it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

# What ipykernel's own launcher is started with; another kernel is left alone.
_COMMAND = ["-m", "ipykernel_launcher"]
_WAIT_S = 5


class Ahead:
    """One kernel's process that is getting ready, while there are notebooks to come."""

    def __init__(self, notebooks: int) -> None:
        self._left = notebooks
        self._spare: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self.start()

    def start(self) -> None:
        """Get one ready, unless one is or no notebook is left that could use it."""
        if self._left <= 0 or self._spare is not None or not hasattr(socket, "send_fds"):
            return
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = subprocess.Popen(
                    [sys.executable, str(Path(__file__).with_name("waiting_kernel.py"))],
                    stdin=theirs,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                return
        self._spare = process, ours

    def take(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | None, output: Any
    ) -> subprocess.Popen[bytes] | None:
        """The waiting process, now a kernel; None when there is none that fits this command."""
        self._left -= 1
        if self._spare is None or list(command[:3]) != [sys.executable, *_COMMAND]:
            return None
        (process, ours), self._spare = self._spare, None
        given = {"arguments": list(command[3:]), "environment": dict(env), "folder": cwd}
        text = json.dumps(given).encode()
        with ours:
            try:
                socket.send_fds(ours, [len(text).to_bytes(8, "big")], [output.fileno()])
                ours.sendall(text)
                return process
            except OSError:
                _end(process)
                return None

    def close(self) -> None:
        """End a process that nobody needed."""
        if self._spare is not None:
            process, ours = self._spare
            self._spare = None
            ours.close()
            _end(process)


@contextlib.contextmanager
def kernels(notebooks: int) -> Iterator[Ahead]:
    """Kernels for so many notebooks, one after the other; what is left over is ended."""
    ahead = Ahead(notebooks)
    try:
        yield ahead
    finally:
        ahead.close()


def provisioner(manager: Any, ahead: Ahead) -> Any:
    """What starts the kernel of a jupyter_client manager: from the waiting process if it fits.

    None for a kernel that brings its own.
    """
    if "kernel_provisioner" in manager.kernel_spec.metadata:
        return None
    from jupyter_client.provisioning import LocalProvisioner

    class Provisioner(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
            env = {**options["env"], "JPY_PARENT_PID": str(os.getpid())}
            process = ahead.take(cmd, env=env, cwd=options.get("cwd"), output=options["stdout"])
            if process is None:
                return await super().launch_kernel(cmd, **options)
            self.process, self.pid = process, process.pid
            self.pgid = process.pid  # it leads a session of its own
            self.cwd = Path(options.get("cwd") or ".").absolute()
            return self.connection_info

    return Provisioner(kernel_id=str(uuid.uuid4()), kernel_spec=manager.kernel_spec, parent=manager)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.kill()
        process.wait(timeout=_WAIT_S)
    except (OSError, subprocess.SubprocessError):
        pass
