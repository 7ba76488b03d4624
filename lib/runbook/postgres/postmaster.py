"""One PostgreSQL server process, shared by whoever needs it, gone when nobody does.

Three lock files in the home folder carry all of it; the kernel lets go of them when a process
dies, however it dies:

    start.lock    exclusive while somebody starts, resets or changes the server
    users.lock    shared by every user for as long as it uses the server
    watcher.lock  exclusive for the watcher's life

The watcher is this file run as a script. It is the server's parent, waits for the exclusive lock
on users.lock, which it gets when the last user has gone, and then stops the server; a user that
comes meanwhile waits until that is done.
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

START_SECONDS = 60
STOP_SECONDS = 30
LOG_BYTES = 8_000_000
QUIET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # a terminal's, not meant for a watcher


class DoesNotStart(Exception):
    """The server ended before it accepted connections; the text is what it said."""


def locked(path: Path, *, shared: bool = False, wait_seconds: float | None = None) -> int | None:
    """Lock a file, or give up.

    Args:
        path: the lock file; it is created when missing and never deleted.
        shared: many may hold it at once.
        wait_seconds: how long to try; 0 tries once, None waits START_SECONDS.

    Returns:
        An open descriptor whose closing releases the lock, or None when it was not to be had.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + (START_SECONDS if wait_seconds is None else wait_seconds)
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


def holders(path: Path) -> str:
    """Who holds a lock file, as ` (process 12, 34)`; empty where the kernel does not tell."""
    try:
        inode = f":{path.stat().st_ino}"
        rows = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return ""
    found = sorted({int(row[4]) for row in rows if row[1] != "->" and row[5].endswith(inode)})
    return f" (process {', '.join(map(str, found))})" if found else ""


def told(data: Path) -> list[str]:
    """The lines of postmaster.pid: process, folder, start, port, socket folder, …, status."""
    try:
        return (data / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return []


def pid(data: Path) -> int | None:
    """The process id of the server that runs on this data folder, or None.

    A postmaster.pid may outlive a killed server, and its number be another process's by now: what
    counts is a living process that works in this folder.
    """
    try:
        number = int(told(data)[0])
        os.kill(number, 0)
    except (IndexError, ValueError, ProcessLookupError):
        return None
    except PermissionError:
        pass
    if not Path("/proc/self").exists():
        return number  # no /proc here: the signal's answer has to do
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        try:
            return number if os.path.samefile(f"/proc/{number}/cwd", data) else None
        except PermissionError:  # root without the right to trace: the command line tells too
            words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
            return number if os.fsencode(data) in words else None
    return None


def ready(data: Path) -> bool:
    """Does the server on this data folder accept connections?"""
    lines = told(data)
    return len(lines) > 7 and lines[7].strip() == "ready" and pid(data) is not None


def socket_dir(data: Path) -> Path:
    """Where the running server's socket is: it was another process that chose it, perhaps."""
    return Path(told(data)[4])


def stop(data: Path) -> bool:
    """Stop the server on this data folder: open transactions are rolled back, files are flushed.

    Returns:
        False when it still runs after STOP_SECONDS.
    """
    deadline = time.monotonic() + STOP_SECONDS
    number = pid(data)
    while number is not None and pid(data) == number:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGINT)
        until = time.monotonic() + 1
        while pid(data) == number and time.monotonic() < until:
            time.sleep(0.01)
        if time.monotonic() > deadline:
            return False
    return True


def run(home: Path, data: Path, log: Path, *, postgres: Path, user: int | None) -> None:
    """Have a server and its watcher run, whichever of the two is missing.

    Args:
        home: the folder of the lock files; the caller holds start.lock and users.lock.
        data: the server's data folder.
        log: the file that collects what the server says.
        postgres: the server's program.
        user: numeric id of the system user to run it as; None for the present one.

    Raises:
        DoesNotStart: with what the server said.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return _run(home, data, log, postgres, user, deadline)
        except DoesNotStart as error:
            # Backends of a killed server notice within moments that it is gone, then this passes.
            if "shared memory block" not in str(error) or time.monotonic() > deadline - 50:
                raise
            time.sleep(0.1)


def _run(home: Path, data: Path, log: Path, postgres: Path, user: int | None, until: float) -> None:
    running = ready(data)
    watching = locked(home / "watcher.lock", wait_seconds=0 if running else 1)
    if watching is None and running:
        return
    if watching is None:
        watching = _end_watcher(home / "watcher.lock")
    if not running:
        _forget_stranger(data)
    try:
        began = _open_log(log)
        watcher = _spawn(home, data, log, watching, None if running else postgres, user)
    finally:
        os.close(watching)
    while not ready(data):
        if watcher.poll() is not None or time.monotonic() > until:
            raise DoesNotStart(said(log, began))
        time.sleep(0.005)


def _end_watcher(lock: Path) -> int:
    """End a watcher that outlived its server, and take over its lock.

    The number in the file is the holder's: it is written under start.lock by whoever starts one.
    """
    with contextlib.suppress(ValueError, ProcessLookupError):
        os.kill(int(lock.read_text()), signal.SIGKILL)
    descriptor = locked(lock, wait_seconds=5)
    if descriptor is None:
        raise DoesNotStart(f"the watcher of an earlier server does not end{holders(lock)}")
    return descriptor


def _forget_stranger(data: Path) -> None:
    """Remove a stale postmaster.pid whose number belongs to an unrelated process by now.

    PostgreSQL would take that process for a server. Where the process is gone, the file is left
    to PostgreSQL, which looks for survivors in shared memory first.
    """
    try:
        number = int(told(data)[0])
        os.kill(number, 0)
    except (IndexError, ValueError, ProcessLookupError, PermissionError):
        return
    if pid(data) is None:
        Path(socket_dir(data), ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        (data / "postmaster.pid").unlink(missing_ok=True)


def _open_log(log: Path) -> int:
    """Make the log, private because errors quote values; start a new one when it has grown."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT, 0o600))
    return log.stat().st_size


def said(log: Path, since: int) -> str:
    """What the server said in its log since a position; what ended it, if it says so."""
    try:
        with log.open("rb") as file:
            file.seek(since)
            lines = file.read()[-8000:].decode("utf-8", "replace").splitlines()
    except OSError:
        return "it left no log"
    texts = [line.split("] ", 1)[-1] for line in lines]
    picked = [text for text in texts if text.startswith(("FATAL", "PANIC", "DETAIL", "HINT"))]
    return " ".join(" ".join(picked or texts[-3:]).split()) or "it said nothing"


_watchers: list[subprocess.Popen[bytes]] = []
"""Watchers this process started. They outlive it: nobody waits for them."""


def _spawn(
    home: Path, data: Path, log: Path, lock: int, postgres: Path | None, user: int | None
) -> subprocess.Popen[bytes]:
    """Start the watcher; it inherits the lock on watcher.lock, so there is never a second one."""
    arguments = [home / "users.lock", data, log, "" if user is None else user, postgres or ""]
    silent = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    watcher = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, *map(str, arguments)],
        **silent,
        cwd="/",
        pass_fds=[lock],
        start_new_session=True,
    )
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(watcher.pid).encode(), 0)
    _watchers[:] = [earlier for earlier in _watchers if earlier.poll() is None]
    _watchers.append(watcher)
    return watcher


def watch(users: Path, data: Path, log: Path, user: str, postgres: str) -> None:
    """Run the server until its last user has gone: the watcher's whole life."""
    for number in QUIET:
        signal.signal(number, signal.SIG_IGN)
    if postgres:
        # A server that dies by itself ends the watcher at once: the next start begins afresh.
        signal.signal(signal.SIGCHLD, lambda *_: os._exit(1))
        _serve(data, log, user, postgres)
    descriptor = os.open(users, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that no zombie passes for a server
    stop(data)


def _serve(data: Path, log: Path, user: str, postgres: str) -> None:
    import pwd

    identity = {}
    if user:
        account = pwd.getpwuid(int(user))
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with log.open("ab") as output:
        subprocess.Popen(
            [postgres, "-D", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            preexec_fn=_own_signals,
            **identity,
        )


def _own_signals() -> None:
    """The server must not inherit what the watcher ignores."""
    os.umask(0o077)
    for number in (*QUIET, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    watch(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
