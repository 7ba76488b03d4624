"""PostgreSQL servers as they are met outside: other majors, TCP, TLS, standbys, poolers.

The programs are those of the system's packages; the embedded server knows nothing of them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sandbox import until

DEBIAN = Path("/usr/lib/postgresql")
NPM = Path(__file__).parent / "node_modules"
SECONDS = 60


def installed(major: int) -> Path:
    """The folder with initdb and postgres of a major; skips the test where there is none.

    Debian 12 has 15. .ci/run fetches others as npm packages, under the names looked for here.
    """
    for folder in (DEBIAN / str(major), NPM / f"postgresql-{major}" / "native"):
        if (folder / "bin" / "initdb").exists():
            return folder / "bin"
    return pytest.skip(f"PostgreSQL {major} is not installed (Debian or npm: postgresql-{major})")


def program(name: str, package: str) -> str:
    """The path of a program; skips the test where it is missing."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    return found or pytest.skip(f"{name} is not installed (Debian: {package})")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def account() -> dict[str, object]:
    """Popen's arguments for a user that may run a server; PostgreSQL refuses to run as root."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return pytest.skip("there is no system user to run a server as")


def give(path: Path) -> None:
    """Hand a file or folder to the servers' user."""
    owner = account()
    if owner:
        os.chown(path, owner["user"], owner["group"])


class Running:
    """A program in the foreground, as the servers' user, its output in a file."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"}, start_new_session=True, **account(),
            )  # fmt: skip

    def stop(self, number: int = signal.SIGINT) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout=SECONDS)


class Cluster:
    """One PostgreSQL server in a folder of its own."""

    def __init__(self, bin_dir: Path, folder: Path) -> None:
        self.bin_dir, self.folder, self.port = bin_dir, folder, free_port()
        self.data = folder / "data"
        self.running: Running | None = None

    def init(self, **settings: str) -> Cluster:
        self.tool("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--no-locale", "--no-sync")  # fmt: skip
        self.configure(fsync="off", shared_buffers="16MB", listen_addresses="127.0.0.1", **settings)
        return self

    def configure(self, **settings: str) -> None:
        """Settings of the next start; the last word of each counts."""
        lines = {"port": self.port, "unix_socket_directories": self.folder, **settings}
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())

    def tool(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.bin_dir / name), *arguments], capture_output=True, text=True, check=False,
            cwd="/", timeout=SECONDS, env={"PATH": os.defpath, "LC_ALL": "C"}, **account(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def start(self) -> Cluster:
        command = [str(self.bin_dir / "postgres"), "-D", str(self.data)]
        self.running = Running(command, self.folder / "log")
        wait_for(self.conninfo(), self.running)
        return self

    def stop(self) -> None:
        if self.running:
            self.running.stop()

    def conninfo(self, **more: object) -> str:
        """By its socket, unless a host is given; as superuser, unless a user is."""
        parts = {"host": self.folder, "port": self.port, "user": "postgres", "dbname": "postgres"}
        return psycopg.conninfo.make_conninfo(**{**parts, **more})

    def sql(self, text: str, **more: object) -> list[tuple]:
        with psycopg.connect(self.conninfo(**more), autocommit=True) as conn:
            done = conn.execute(text)
            return done.fetchall() if done.description else []


def wait_for(conninfo: str, running: Running) -> None:
    """Until a server answers."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            psycopg.connect(conninfo, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if "not accepting connections" in str(error) and "hot standby" in str(error).lower():
                return  # it never will
            assert running.process.poll() is None, running.log.read_text()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def give_certificate(cluster: Cluster, name: str, place: Path) -> Path:
    """Turn TLS on with a certificate for a host name; returns the CA's file."""
    authority = place / "ca.crt"
    ca_key, key = make_authority(authority), ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    own = _certificate(name, key, "Test CA", ca_key, names)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    files = {
        "server.crt": own.public_bytes(form[0]),
        "server.key": key.private_bytes(*form, serialization.NoEncryption()),
    }
    for file, content in files.items():
        path = cluster.data / file
        path.write_bytes(content)
        path.chmod(0o600)
        give(path)
    cluster.configure(ssl="on")
    cluster.sql("select pg_reload_conf()")
    until(lambda: cluster.sql("show ssl") == [("on",)])
    return authority


def make_authority(file: Path, name: str = "Test CA") -> ec.EllipticCurvePrivateKey:
    """Write a CA's certificate; its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = _certificate(name, key, name, key, x509.BasicConstraints(True, None))
    file.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    return key


def _certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:  # fmt: skip
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(signer, hashes.SHA256())
    )


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the servers' user may work in and that every user may pass through."""
    made = Path(tempfile.mkdtemp(prefix="runbook-server-"))
    made.chmod(0o755)
    give(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def cluster(major: int = 15, **settings: str) -> Iterator[Cluster]:
    """A running server of a major."""
    with folder() as place:
        made = Cluster(installed(major), place).init(**settings)
        try:
            yield made.start()
        finally:
            made.stop()


@contextmanager
def standby(primary: Cluster, **settings: str) -> Iterator[Cluster]:
    """A streaming replica."""
    with folder() as place:
        made = Cluster(primary.bin_dir, place)
        made.tool("pg_basebackup", "-D", str(made.data), "-d", primary.conninfo(), "-R", "-X",
                  "stream", "--checkpoint=fast", "--no-sync")  # fmt: skip
        made.configure(**settings)
        try:
            yield made.start()
        finally:
            made.stop()


@contextmanager
def pooler(behind: Cluster, mode: str, **settings: str) -> Iterator[str]:
    """The conninfo of a pgbouncer in a mode: session, transaction or statement."""
    command = program("pgbouncer", "pgbouncer")
    with folder() as place:
        port = free_port()
        lines: Mapping[str, object] = {
            "listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "",
            "auth_type": "any", "pool_mode": mode, "logfile": "", **settings,
        }  # fmt: skip
        file = place / "pgbouncer.ini"
        file.write_text(
            f"[databases]\n* = host={behind.folder} port={behind.port} user=postgres\n"
            "[pgbouncer]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items())
        )
        give(file)
        running = Running([command, str(file)], place / "log")
        conninfo = behind.conninfo(host="127.0.0.1", port=port)
        try:
            wait_for(conninfo, running)
            yield conninfo
        finally:
            running.stop()
