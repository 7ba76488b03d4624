"""A local stand-in for Supabase's management API: POST /v1/projects/<ref>/database/query.

It answers as the real one does: each query in a session of its own, by the simple protocol; only
the last statement's rows, as JSON that JavaScript will read; an error as one message. Nothing of
PostgreSQL is imitated: the queries run on the embedded server.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus

REF, TOKEN = "abcdefghijklmnopqrst", "sbp_0123456789abcdef0123456789abcdef01234567"


class ManagementApi(ThreadingHTTPServer):
    """One project, behind one token.

    Attributes:
        conninfo: of the database that the project stands for.
        calls: how many queries were run.
        lose: a text; the answer to the next query that holds it is lost.
        runs_what_it_loses: whether that query is run.
        instead: what is answered in its place; None: the connection is closed.
        gone_after: a text; after a query that holds it nobody answers any more.
        before: called with each query before it runs.
    """

    daemon_threads = True

    def __init__(self, conninfo: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.conninfo, self.calls, self.lose = conninfo, 0, ""
        self.runs_what_it_loses, self.gone = True, False
        self.instead: bytes | None = None
        self.gone_after = ""
        self.before = lambda query: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(conninfo: str) -> Iterator[ManagementApi]:
    """The API, answering on a free port until the block ends."""
    with ManagementApi(conninfo) as api:
        thread = threading.Thread(target=api.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join(10)


class _Answering(BaseHTTPRequestHandler):
    server: ManagementApi
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.server.gone:
            return self._hang_up()
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            return self._answer(401, {"message": "Unauthorized"})
        if self.path != f"/v1/projects/{REF}/database/query":
            return self._answer(404, {"message": "Project not found"})
        query = body["query"]
        self.server.calls += 1
        self.server.before(query)
        lost = bool(self.server.lose) and self.server.lose in query
        self.server.gone = bool(self.server.gone_after) and self.server.gone_after in query
        if lost:
            self.server.lose = ""
        if lost and not self.server.runs_what_it_loses:
            return self._lose()
        try:
            rows = _run(self.server.conninfo, query)
        except psycopg.Error as error:
            words = f"ERROR:  {error.sqlstate}: {error.diag.message_primary}"
            return self._answer(400, {"message": f"Failed to run sql query: {words}"})
        return self._lose() if lost else self._answer(201, rows)

    def _lose(self) -> None:
        if self.server.instead is None:
            return self._hang_up()
        return self._send(201, self.server.instead)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, document: Any) -> None:
        self._send(status, json.dumps(document).encode())

    def _send(self, status: int, said: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        pass


def _run(conninfo: str, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        result = conn.pgconn.exec_(query.encode())
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise psycopg.errors.error_from_result(result)
        ours = Transformer(conn)
        ours.set_pgresult(result)
        names = [result.fname(at).decode() for at in range(result.nfields)]
        rows = ours.load_rows(0, result.ntuples, tuple)
        return [{n: _number(v) for n, v in zip(names, row, strict=True)} for row in rows]


def _number(value: Any) -> Any:
    """JavaScript's numbers are doubles."""
    if isinstance(value, int) and abs(value) > 2**53:
        return int(float(value))
    return value if isinstance(value, str | int | float | None) else str(value)
