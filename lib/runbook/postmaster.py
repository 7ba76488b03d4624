"""One PostgreSQL server process, shared by whoever needs it, gone when nobody does.

Three lock files in the home folder carry all of it; the kernel lets go of them when a process
dies, however it dies:

    start.lock    exclusive while somebody starts, resets or changes the server
    users.lock    shared by every user for as long as it uses the server
    watcher.lock  exclusive for the watcher's life

The watcher is this file run as a script (`python -I postmaster.py …`). It is the server's parent,
waits for the exclusive lock on users.lock, which it gets when the last user has gone, and then
stops the server. A user that comes meanwhile waits in its shared lock until that is done.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: embedded.start() refuses there with a sentence of its own
    fcntl = None  # type: ignore[assignment]

STOP_SECONDS = 30


def locked(path: Path, *, shared: bool = False, wait_seconds: float = 60) -> int | None:
    """Lock a file, or give up.

    Args:
        path: the lock file; it is created when missing and never deleted.
        shared: many may hold it at once.
        wait_seconds: how long to try; 0 tries once.

    Returns:
        An open descriptor whose closing releases the lock, or None when it was not to be had.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.01)
        except BaseException:
            os.close(descriptor)
            raise


def pid(data: Path) -> int | None:
    """The process id of the server that runs on this data folder, or None.

    A postmaster.pid left behind by a killed server is told apart by asking for the process, and
    by its name, because process ids are used again.
    """
    try:
        number = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(number, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    except PermissionError:
        pass
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return number  # no /proc here: the signal's answer has to do
    name, state = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2]
    return number if name == "postgres" and state != "Z" else None


def ready(data: Path) -> bool:
    """Does the server on this data folder accept connections?"""
    try:
        lines = (data / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready" and pid(data) is not None


def stop(data: Path) -> bool:
    """Stop the server on this data folder: open transactions are rolled back, files are flushed.

    Returns:
        False when it still runs after STOP_SECONDS.
    """
    deadline = time.monotonic() + STOP_SECONDS
    number = pid(data)
    if number is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGINT)
    while pid(data) == number and number is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def spawn(
    home: Path, data: Path, watcher_lock: int, *, postgres: Path | None, user: int | None, log: Path
) -> subprocess.Popen[bytes]:
    """Start the watcher, and through it the server (`postgres` None: the server runs already).

    Args:
        home: the folder of the lock files.
        data: the server's data folder.
        watcher_lock: descriptor that holds watcher.lock; the watcher inherits lock and all.
        postgres: the server's program.
        user: numeric id of the system user to run the server as; None for the present one.
        log: file that collects what the server says.
    """
    command = [sys.executable, "-I", "-S", __file__, str(home / "users.lock"), str(data)]
    command += [str(watcher_lock), str(log), "" if user is None else str(user), str(postgres or "")]
    watcher = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        pass_fds=[watcher_lock],
        start_new_session=True,
    )
    os.ftruncate(watcher_lock, 0)
    os.pwrite(watcher_lock, str(watcher.pid).encode(), 0)
    return watcher


def replace(lock: Path) -> int | None:
    """End the watcher that holds this lock although its server is gone; take the lock.

    Only for a caller that holds start.lock: it alone writes the watcher's number into the file.
    """
    with contextlib.suppress(ValueError, ProcessLookupError, OSError):
        os.kill(int(lock.read_text()), signal.SIGKILL)
    return locked(lock, wait_seconds=5)


def watch(users: Path, data: Path, log: Path, user: str, postgres: str) -> None:
    """Run the server until its last user has gone. (The watcher's whole life.)"""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if postgres:
        # A server that dies by itself ends the watcher at once: the next start begins afresh.
        signal.signal(signal.SIGCHLD, lambda *_: os._exit(1))
        with log.open("ab") as output:
            identity = {"user": int(user), "group": group(int(user)), "extra_groups": []}
            subprocess.Popen(
                [postgres, "-D", str(data)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=own_signals,
                **(identity if user else {}),
            )
    descriptor = os.open(users, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    stop_as_parent(data)


def stop_as_parent(data: Path) -> None:
    """Stop, and take the child's exit status so that it does not linger as a zombie."""
    stop(data)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def own_signals() -> None:
    """The server must not inherit what the watcher ignores."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def group(user: int) -> int:
    import pwd

    return pwd.getpwuid(user).pw_gid


if __name__ == "__main__":
    _, users_arg, data_arg, _lock, log_arg, user_arg, postgres_arg = sys.argv
    watch(Path(users_arg), Path(data_arg), Path(log_arg), user_arg, postgres_arg)
