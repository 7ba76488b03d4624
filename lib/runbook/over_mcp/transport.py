"""The way to a project through Supabase's MCP server: one tool, execute_sql, one text a call.

The server (npm: @supabase/mcp-server-supabase) is a child process of ours, spoken to over its
standard input and output. The access token is read from SUPABASE_ACCESS_TOKEN and handed on in the
child's environment only: it is in no argument, which `ps` would show, and in nothing we write.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any

from ..errors import TargetRefused

PACKAGE = "@supabase/mcp-server-supabase@0.13.0"
TOKEN, SERVER, API = "SUPABASE_ACCESS_TOKEN", "RUNBOOK_MCP_SERVER", "SUPABASE_API_URL"
_START_S = 120  # npx may have to fetch it first
_REF = re.compile(r"[a-z0-9][a-z0-9-]{3,62}")
_OPENED = re.compile(r"<(untrusted-data-[0-9a-f-]{36})>")
_HANDED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "NO_PROXY")


class CallFailed(Exception):
    """A call that did not give an answer.

    Attributes:
        said: the server's words, without the token.
        lost: whether the text may have run all the same: nobody answered.
    """

    def __init__(self, said: str, *, lost: bool) -> None:
        super().__init__(said)
        self.said, self.lost = said, lost


class Transport:
    """One server process and one MCP session for one project; calls take turns.

    Args:
        ref: the project's reference.
        name: the target's name, for errors.

    Raises:
        TargetRefused: no token, no server to start, or one that does not start.
    """

    def __init__(self, ref: str, *, name: str) -> None:
        self._name, self._token = name, os.environ.get(TOKEN, "").strip()
        if not _REF.fullmatch(ref):
            raise TargetRefused(
                f"Target {name}: that is not the reference of a Supabase project.",
                remedy="It is in the project's address: https://supabase.com/dashboard/project/<ref>",
            )
        if not self._token:
            raise TargetRefused(
                f"Target {name}: the environment variable {TOKEN} is not set.",
                remedy=f"Set {TOKEN} to a personal access token of Supabase where this process"
                " starts; it is handed on to the MCP server and written nowhere.",
            )
        self._command = [*_server(name), "--project-ref", ref, "--features", "database"]
        if os.environ.get(API):
            self._command += ["--api-url", os.environ[API]]
        self._loop = asyncio.new_event_loop()
        self._ready: Future[None] = Future()
        self._over: asyncio.Event | None = None
        self._session: Any = None
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="mcp", daemon=True)
        self._thread.start()
        try:
            self._ready.result(_START_S)
        except Exception as error:
            raise TargetRefused(
                f"Target {name}: the MCP server did not start: {self._clean(str(error))}",
                remedy=f"Try it by hand: {' '.join(self._command)}",
            ) from None

    @property
    def alive(self) -> bool:
        """Whether the server process is still there."""
        return self._thread.is_alive()

    def call(self, text: str, *, timeout_s: float) -> str:
        """Run one text in a session of its own; the first column of its last row.

        Raises:
            CallFailed: refused, not answered, or not understood.
        """
        with self._turn:
            if not self.alive:
                raise CallFailed("the MCP server has ended", lost=False)
            asked = self._session.call_tool("execute_sql", {"query": text})
            waiting = asyncio.run_coroutine_threadsafe(asked, self._loop)
            try:
                result = waiting.result(timeout_s)
            except TooLate:
                waiting.cancel()
                raise CallFailed(f"no answer within {timeout_s:g} s", lost=True) from None
            except Exception as error:
                raise CallFailed(self._clean(str(error) or repr(error)), lost=True) from None
        said = "\n".join(getattr(part, "text", "") for part in result.content)
        if result.is_error:
            # An error of SQL comes back inside of an answer: this is the API's or the network's.
            raise CallFailed(self._clean(said), lost=True)
        return _document(said)

    def close(self) -> None:
        """End the server process."""
        if self._over is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(10)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        from mcp import ClientSession
        from mcp.client.stdio import StdioServerParameters, stdio_client

        kept = {key: os.environ[key] for key in _HANDED_ON if key in os.environ}
        parameters = StdioServerParameters(
            command=self._command[0], args=self._command[1:], env={**kept, TOKEN: self._token}
        )
        self._over = asyncio.Event()
        with open(os.devnull, "w") as nowhere:  # what it logs may hold what it was asked
            async with (
                stdio_client(parameters, errlog=nowhere) as (reading, writing),
                ClientSession(reading, writing) as session,
            ):
                await session.initialize()
                self._session = session
                self._ready.set_result(None)
                await self._over.wait()

    def _clean(self, text: str) -> str:
        from ..redact import redact

        words = " ".join(text.replace(self._token, "…").split())
        return redact(words)[:500]


def _server(name: str) -> list[str]:
    """The server's command: RUNBOOK_MCP_SERVER, one that is installed, or npx."""
    given = os.environ.get(SERVER)
    if given:
        if not shutil.which(given):
            raise TargetRefused(
                f"Target {name}: {SERVER} names no program.", remedy="Give its whole path."
            )
        return [given]
    if installed := shutil.which("mcp-server-supabase"):
        return [installed]
    if npx := shutil.which("npx"):
        return [npx, "--yes", PACKAGE]
    raise TargetRefused(
        f"Target {name}: neither mcp-server-supabase nor npx is installed.",
        remedy=f"Install Node.js, or name the server in {SERVER}; or use the project's session"
        " pooler as service=NAME or env:VAR, which needs neither.",
    )


def _document(said: str) -> str:
    """Our one value, out of the sentences that the server puts around it for a language model."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        said = json.loads(said)["result"]  # the text may itself stand in a JSON document
    opened = _OPENED.search(said)
    # The last one that closes it: what lies between was written by the database.
    end = said.rfind(f"</{opened[1]}>") if opened else -1
    try:
        assert opened is not None
        # The sentence before the value names the boundary, too: the value follows the last one.
        start = said.rfind(f"<{opened[1]}>", 0, end) + len(opened[0])
        (row,) = json.loads(said[start:end])
        return row["document"]
    except (AssertionError, ValueError, KeyError, TypeError):
        raise CallFailed("its answer is not the one that was asked for", lost=True) from None
