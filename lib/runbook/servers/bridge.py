"""A bridge for PostgreSQL's own programs: they speak to a local socket, we to the target.

The embedded server's pg_dump is built without TLS, so it could not reach most servers, or, worse,
would reach them in the clear. So it never connects to a target. It connects to a socket in a
private folder, without a password, and each query it sends there runs on a connection of ours:
whatever opened that one (TLS, a service file, a certificate, a pooler) holds for the program too,
and so does read-only. Only simple queries are understood; pg_dump --schema-only needs no more.

Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from ..target import Target

_PORT = 5432
_NO_ENCRYPTION = (80877103, 80877104)  # requests for TLS and GSSAPI, which a local socket lacks
_TOLD = (
    b"server_version", b"server_encoding", b"client_encoding", b"is_superuser",
    b"session_authorization", b"DateStyle", b"IntervalStyle", b"TimeZone", b"integer_datetimes",
    b"standard_conforming_strings",
)  # fmt: skip
_FIELDS = {
    b"S": DiagnosticField.SEVERITY, b"V": DiagnosticField.SEVERITY_NONLOCALIZED,
    b"C": DiagnosticField.SQLSTATE, b"M": DiagnosticField.MESSAGE_PRIMARY,
    b"D": DiagnosticField.MESSAGE_DETAIL, b"H": DiagnosticField.MESSAGE_HINT,
}  # fmt: skip
_STATUS = {TransactionStatus.INTRANS: b"T", TransactionStatus.INERROR: b"E"}


@contextmanager
def bridge(target: Target, *, purpose: str) -> Iterator[dict[str, str]]:
    """An environment in which libpq's programs reach the target, one connection of it.

    Args:
        purpose: shown in pg_stat_activity.

    Raises:
        TargetRefused: unreachable.
    """
    with (
        tempfile.TemporaryDirectory(prefix="runbook-") as folder,
        target.connect(purpose=purpose) as conn,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        listener.bind(str(Path(folder, f".s.PGSQL.{_PORT}")))
        listener.listen(1)
        thread = threading.Thread(target=_serve, args=(listener, conn), name="bridge", daemon=True)
        thread.start()
        others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        here = {"PGHOST": folder, "PGPORT": str(_PORT), "PGUSER": conn.info.user}
        try:
            yield {**others, **here, "PGDATABASE": conn.info.dbname, "PGSSLMODE": "disable"}
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # if nobody ever came
            with contextlib.suppress(psycopg.Error):
                conn.cancel()
            thread.join(timeout=5)


def _serve(listener: socket.socket, conn: psycopg.Connection) -> None:
    """One client, until it leaves."""
    with contextlib.suppress(OSError, EOFError, psycopg.Error):
        client, _ = listener.accept()
        with client, client.makefile("rwb") as stream:
            _welcome(stream, client, conn.pgconn)
            while True:
                kind, body = _read(stream)
                if kind == b"X":
                    return
                if kind == b"Q":
                    _answer(stream, conn.pgconn, body.rstrip(b"\0"))
                elif kind == b"S":
                    _ready(stream, conn.pgconn)
                elif kind == b"P":
                    _send(stream, b"E", _error(b"0A000", b"the bridge takes simple queries only"))


def _welcome(stream: BinaryIO, client: socket.socket, server: PGconn) -> None:
    while True:
        length, code = struct.unpack("!II", _exactly(stream, 8))
        _exactly(stream, length - 8)
        if code not in _NO_ENCRYPTION:
            break
        client.sendall(b"N")
    _send(stream, b"R", struct.pack("!I", 0))
    _send(stream, b"K", struct.pack("!II", 0, 0))
    _ready(stream, server)


def _answer(stream: BinaryIO, server: PGconn, text: bytes) -> None:
    """Run a query and pass its last result on."""
    result = server.exec_(text)
    status = result.status
    if status == ExecStatus.TUPLES_OK:
        _rows(stream, result)
    if status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        _send(stream, b"C", (result.command_status or b"") + b"\0")
    elif status == ExecStatus.EMPTY_QUERY:
        _send(stream, b"I", b"")
    elif status == ExecStatus.FATAL_ERROR:
        given = {code: result.error_field(field) for code, field in _FIELDS.items()}
        told = b"".join(code + value + b"\0" for code, value in given.items() if value)
        _send(stream, b"E", told + b"\0")
    else:
        raise EOFError("COPY is not understood")  # and the client sees its connection end
    _ready(stream, server)


def _rows(stream: BinaryIO, result: PGresult) -> None:
    columns = range(result.nfields)
    described = b"".join(
        (result.fname(c) or b"") + b"\0"
        + struct.pack("!IhIhih", result.ftable(c), result.ftablecol(c), result.ftype(c),
                      result.fsize(c), result.fmod(c), 0)
        for c in columns
    )  # fmt: skip
    _send(stream, b"T", struct.pack("!h", result.nfields) + described)
    head = struct.pack("!h", result.nfields)
    for row in range(result.ntuples):
        values = (result.get_value(row, c) for c in columns)
        packed = (b"\xff" * 4 if v is None else struct.pack("!I", len(v)) + v for v in values)
        _send(stream, b"D", head + b"".join(packed))


def _ready(stream: BinaryIO, server: PGconn) -> None:
    """What libpq keeps in mind of a server, and that it is the client's turn."""
    for name in _TOLD:
        _send(stream, b"S", name + b"\0" + (server.parameter_status(name) or b"") + b"\0")
    _send(stream, b"Z", _STATUS.get(TransactionStatus(server.transaction_status), b"I"))
    stream.flush()


def _error(code: bytes, message: bytes) -> bytes:
    return b"SERROR\0VERROR\0C" + code + b"\0M" + message + b"\0\0"


def _send(stream: BinaryIO, kind: bytes, body: bytes) -> None:
    stream.write(kind + struct.pack("!I", len(body) + 4) + body)


def _read(stream: BinaryIO) -> tuple[bytes, bytes]:
    kind = _exactly(stream, 1)
    (length,) = struct.unpack("!I", _exactly(stream, 4))
    return kind, _exactly(stream, length - 4)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise EOFError
    return content
