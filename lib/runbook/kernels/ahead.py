"""Kernels from a process that is loaded already: what notebooks import is imported once for all.

A process of its own for each notebook, as without it: a copy of one that was started early, has
imported what a phase's first cell imports and has done nothing else. It becomes a kernel by what
it is told over a socket: arguments, environment, folder, standard output. Nothing of the run before
it can reach it. When the socket closes (the run is over, or this process was killed) they all end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

# What ipykernel's own launcher is started with; another kernel is left alone.
_COMMAND = ["-m", "ipykernel_launcher"]
_LOADING_S = 60
_WAIT_S = 5


class Ahead:
    """The process that becomes kernels, while there are notebooks to come.

    Linux only: elsewhere a copy of a process that has loaded its libraries is not safe to use, and
    every kernel is started as ever.
    """

    def __init__(self) -> None:
        self._loaded: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def start(self) -> None:
        """Begin to load, where that has not begun yet."""
        if self._loaded is not None or sys.platform != "linux":
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
        self._loaded = process, ours

    async def take(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | None, output: Any
    ) -> Copy | None:
        """A copy of the loaded process, now a kernel; None where this command wants another."""
        if self._loaded is None or list(command[:3]) != [sys.executable, *_COMMAND]:
            return None
        import asyncio

        given = {"arguments": list(command[3:]), "environment": dict(env), "folder": cwd}
        text = json.dumps(given).encode()
        line, theirs = socket.socketpair()
        try:
            with theirs:
                orders, sent = self._loaded[1], [output.fileno(), theirs.fileno()]
                socket.send_fds(orders, [len(text).to_bytes(8, "big")], sent)
                orders.sendall(text)
            line.setblocking(False)
            asking = asyncio.get_running_loop().sock_recv(line, 32)
            return Copy(int(await asyncio.wait_for(asking, _LOADING_S)), line)
        except (OSError, ValueError, TimeoutError):  # it ended, or does not come to an end
            line.close()
            return None
        except BaseException:
            line.close()  # which ends the copy, should there be one
            raise

    def close(self) -> None:
        """End the process, and with it what is left of its copies."""
        if self._loaded is not None:
            process, ours = self._loaded
            self._loaded = None
            ours.close()
            _end(process)


class Copy:
    """A kernel's process, as subprocess.Popen shows one: it is not our child, but our child's."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._line = line

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            with contextlib.suppress(BlockingIOError):
                told = self._line.recv(32, socket.MSG_DONTWAIT)
                if not told:  # who made it is gone without a word; a kernel ends itself then
                    self.send_signal(signal.SIGKILL)
                self.returncode = int(told or -signal.SIGKILL)
                self._line.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        if self.poll() is None:
            self._line.settimeout(timeout)
            with contextlib.suppress(TimeoutError):
                self._line.recv(1, socket.MSG_PEEK)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("a kernel", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """As os.kill; nothing when it has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def kernels(*, ready: bool = True) -> Iterator[Ahead]:
    """Kernels for notebooks, one after the other; what is left over is ended.

    Args:
        ready: begin to load now; otherwise with start().
    """
    ahead = Ahead()
    try:
        if ready:
            ahead.start()
        yield ahead
    finally:
        ahead.close()


def provisioner(manager: Any, ahead: Ahead) -> Any:
    """What starts the kernel of a jupyter_client manager: from the loaded process if it fits.

    None for a kernel that brings its own.
    """
    if "kernel_provisioner" in manager.kernel_spec.metadata:
        return None
    from jupyter_client.provisioning import LocalProvisioner

    class Provisioner(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
            env, cwd = options["env"], options.get("cwd")
            process = await ahead.take(cmd, env=env, cwd=cwd, output=options["stdout"])
            if process is None:
                return await super().launch_kernel(cmd, **options)
            self.process, self.pid = process, process.pid
            self.pgid = process.pid  # it leads a session of its own
            self.cwd = Path(cwd or ".").absolute()
            return self.connection_info

    return Provisioner(kernel_id=str(uuid.uuid4()), kernel_spec=manager.kernel_spec, parent=manager)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.kill()
        process.wait(timeout=_WAIT_S)
    except (OSError, subprocess.SubprocessError):
        pass
