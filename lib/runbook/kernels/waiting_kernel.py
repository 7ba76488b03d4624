"""A process that is loaded once and copies itself for each kernel; see ahead. Run as a script."""

import sys

del sys.path[0]  # the package's own folder: its modules must not stand in for anybody else's

import contextlib  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
from collections.abc import Iterable  # noqa: E402

# What a notebook of ours imports, and what ipykernel imports while it starts.
# Whatever cannot be imported here says so in the cell that needs it.
MODULES = (
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "runbook.in_hand.opened",
    "runbook.in_hand.desk",
    "runbook.validation.cells",
    "debugpy.server",
    "ipykernel.debugger",
    "IPython.extensions.storemagic",
    "psutil",
    "sqlite3",
)


def main() -> None:
    """Load, then make a kernel for each order, until whoever gives them is gone."""
    orders = socket.socket(fileno=os.dup(0))
    for module in MODULES:
        with contextlib.suppress(Exception):
            __import__(module)
    # What is loaded stays for good: no kernel goes through it again to find garbage.
    gc.collect()
    gc.freeze()
    ended, ending = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(ending)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    kernels: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([orders, ended, *kernels.values()], [], [])
        if ended in ready:
            os.read(ended, 1 << 16)
            _tell(kernels)
        _end(pid for pid, line in kernels.items() if line in ready)  # closed: nobody wants it
        if orders in ready:
            order = _order(orders)
            if order is None:
                _end(kernels)
                return
            arguments, output, line = order
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (orders, line, *kernels.values()):
                    each.close()
                os.close(ended)
                os.close(ending)
                _become_kernel(arguments, output)
                return
            os.close(output)
            kernels[pid] = line
            with contextlib.suppress(OSError):
                line.sendall(b"%d\n" % pid)


def _end(kernels: Iterable[int]) -> None:
    for pid in kernels:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _tell(kernels: dict[int, socket.socket]) -> None:
    """Pass on how kernels ended."""
    for pid in list(kernels):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            with kernels.pop(pid) as line, contextlib.suppress(OSError):
                line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _order(orders: socket.socket) -> tuple[dict, int, socket.socket] | None:
    """What a kernel gets: arguments, environment and folder; its output; the line to its owner."""
    length, descriptors, _, _ = socket.recv_fds(orders, 8, 2)
    if len(length) < 8 or len(descriptors) < 2:
        return None
    text = bytearray()
    while len(text) < int.from_bytes(length, "big"):
        piece = orders.recv(1 << 16)
        if not piece:
            return None
        text += piece
    output, line = descriptors
    return json.loads(text), output, socket.socket(fileno=line)


def _become_kernel(given: dict, output: int) -> None:
    """Be what `python -m ipykernel_launcher` would be with these arguments."""
    os.setsid()  # as its own process it would lead a session, too
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.clear()
    os.environ.update(given["environment"], JPY_PARENT_PID=str(os.getppid()))
    if given["folder"]:
        os.chdir(given["folder"])
    if random := sys.modules.get("numpy.random"):
        random.seed()  # two copies must not draw the same numbers; Python sees to its own
    # ipykernel read its parent from the environment when it was imported, before there was one:
    # without it a kernel would outlive a papermill that was killed, and go on with its cell.
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    sys.argv = ["ipykernel_launcher.py", *given["arguments"], parent]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
