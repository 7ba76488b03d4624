"""A process that becomes a kernel when it is told to; see ahead. Run as a script."""

import sys

del sys.path[0]  # the package's own folder: its modules must not stand in for anybody else's

import contextlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402


def main() -> None:
    """Import what a notebook of ours will import, wait, then be ipykernel's own launcher."""
    told = socket.socket(fileno=os.dup(0))
    _load()
    length, descriptors, _, _ = socket.recv_fds(told, 8, 1)
    if len(length) < 8 or not descriptors:
        return  # nobody needs us any more
    text = bytearray()
    while len(text) < int.from_bytes(length, "big"):
        piece = told.recv(1 << 16)
        if not piece:
            return
        text += piece
    told.close()
    given = json.loads(text)
    os.dup2(descriptors[0], 1)
    os.dup2(descriptors[0], 2)
    os.close(descriptors[0])
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.clear()
    os.environ.update(given["environment"])
    if given["folder"]:
        os.chdir(given["folder"])
    # ipykernel read its parent from the environment when it was imported, before there was one:
    # without it a kernel would outlive a papermill that was killed, and go on with its cell.
    parent = f"--IPKernelApp.parent_handle={given['environment'].get('JPY_PARENT_PID', 0)}"
    sys.argv = ["ipykernel_launcher.py", *given["arguments"], parent]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def _load() -> None:
    # Whatever cannot be imported here says so in the cell that needs it.
    notebooks = "runbook.in_hand.opened", "runbook.in_hand.desk"
    for module in ("ipykernel.ipkernel", "ipykernel.kernelapp", *notebooks):
        with contextlib.suppress(Exception):
            __import__(module)


if __name__ == "__main__":
    main()
