"""One kernel, from start to end, and every way in which it can end.

nbclient runs a cell and tells when the kernel died. Added here: time limits and signals interrupt
the kernel, so that the cell can cancel its statement and say so, before they end it; what the
kernel said last is not lost; being told to exit counts as a failure.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import threading
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, DeadKernelError
from nbformat import v4
from papermill.clientwrap import PapermillNotebookClient

from ..errors import InDoubt, Refused
from ..redact import redact, redact_tree
from .ahead import Ahead, provisioner
from .channels import PROMPT_OUTPUT, Channels, ended
from .engine import Execution, Interrupted
from .limits import Limits
from .notebook import COMPLETED, SKIPPED
from .verdict import RAISED, REMEDY, STATE

IOPUB_S = 60  # for a cell's last output to arrive: on a busy machine 4 s are not enough
GRACE_S = 5.0  # for the cell to cancel its statement, after it was interrupted
SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Client(PapermillNotebookClient):
    """nbclient's client for one notebook."""

    @classmethod
    def run(
        cls,
        run: Execution,
        kernel_name: str,
        *,
        kernel_cwd: Path | str | None = None,
        kernel_env: Mapping[str, str] | None = None,
        cell_timeout_s: float | None = None,
        timeout_s: float | None = None,
        start_timeout: float = 60,
        kernels: Ahead | None = None,
        **_: Any,
    ) -> None:
        """Execute `run`'s notebook. See RunbookEngine.execute_notebook for what it raises."""
        client = cls(run, kernel_name=kernel_name, coalesce_streams=True, iopub_timeout=IOPUB_S)
        client.startup_timeout = int(start_timeout)
        client.on_cell_executed = client._replied
        client.kernels, client.limits = kernels or Ahead(), Limits(cell_timeout_s, timeout_s)
        with tempfile.TemporaryFile() as client.said, tempfile.TemporaryDirectory() as profile:
            # Of its own: an operator's IPython profile must not change what a phase does.
            env = {**os.environ, "IPYTHONDIR": profile, **(kernel_env or {})}
            env.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
            env.pop("PYTEST_CURRENT_TEST", None)
            run_sync(client._run)(
                cwd=None if kernel_cwd is None else str(kernel_cwd),
                env=env,
                stdout=client.said,
                stderr=client.said,
            )

    async def _run(self, **launch: Any) -> None:
        self.reset_execution_trackers()
        self.signal: signal.Signals | None = None
        self.stopping, self.insisting = asyncio.Event(), asyncio.Event()
        self.begun: asyncio.Event | None = None
        others = asyncio.all_tasks()
        with self._signals():
            try:
                await self._start(**launch)
                self.limits.start()
                for index, cell in enumerate(self.nb.cells):
                    if not await self._cell(cell, index):
                        break
            finally:
                self.set_widgets_metadata()
                if self.km is not None and self.km.has_kernel:
                    if self.shutdown_kernel != "immediate":
                        await ended(self.km, within_s=GRACE_S / 2)  # else signals, by nbclient
                    await self._async_cleanup_kernel()
                for task in asyncio.all_tasks() - others:
                    task.cancel()
        if self.stopping.is_set():
            raise self._interrupted()

    async def _start(self, **launch: Any) -> None:
        try:
            self.km = self.create_kernel_manager()
            self.km.connection_file = f"{launch['env']['IPYTHONDIR']}/connection.json"
            self.km.transport_encryption = "auto"
            self.km.provisioner = provisioner(self.km, self.kernels)
            self.km.client_factory = Channels
            self.extra_arguments = [f"--IPKernelApp.exec_lines={PROMPT_OUTPUT}"]
            await self._watch(self.async_start_new_kernel(**launch), None)
            await self._watch(self.async_start_new_kernel_client(), None)
        except NoSuchKernel as error:
            raise Refused(
                f"The kernel `{error.name}` that the notebook asks for is not installed here.",
                remedy="Set the notebook's kernelspec to python3, or run inside the environment "
                "that `make` installs.",
            ) from None
        except (RuntimeError, OSError) as error:
            await self._kill()
            raise Refused(
                f"The kernel did not start: {error}. {self._last_words()}".rstrip(),
                remedy="Try `python -m ipykernel_launcher` in this environment: it says why.",
            ) from error

    async def _cell(self, cell: Any, index: int) -> bool:
        """Run one cell; False when it raised, so that none after it is started."""
        if self.stopping.is_set():
            raise self._interrupted()
        if cell.cell_type != "code" or not cell.source.strip():
            self.nb_man.passed(index, COMPLETED)
            return True
        if self.skip_cells_with_tag in cell.metadata.get("tags", []):
            self.nb_man.passed(index, SKIPPED)
            return True
        self.nb_man.cell_start(cell, index)
        self.reply, self.request = {}, ""
        self.begun = asyncio.Event()
        try:
            await self._watch(self._execute(cell, index), self.limits.left())
            if any(item.get("source") == "ask_exit" for item in self.reply.get("payload", ())):
                raise _exited("called exit()")
        except CellExecutionError as error:
            what = f"{error.ename}: {error.evalue}"
            self.nb_man.cell_failed(index, what)
            if error.ename == "SystemExit":
                raise _exited("called sys.exit()") from None
            return False
        except InDoubt as error:
            self.nb_man.cell_failed(index, error.what)
            raise
        except KeyboardInterrupt as error:
            # The cell may have come to its end within the grace period; then it did complete.
            if self.reply.get("status") != "ok":
                self.nb_man.cell_failed(index, str(error) or "interrupted")
            raise
        except BaseException as error:
            self.nb_man.cell_failed(index, f"{type(error).__name__}: {error}")
            raise
        finally:
            self.nb_man.cell_complete(cell, index)
        return True

    async def _execute(self, cell: Any, index: int) -> None:
        try:
            await self.async_execute_cell(cell, index)
        except DeadKernelError:
            await self._drain(cell, index)
            raise InDoubt(
                f"The kernel {self._fate()} while the cell was running.",
                state=STATE,
                remedy=REMEDY,
            ) from None

    async def _watch(self, work: Awaitable[Any], limit_s: float | None) -> Any:
        """Await `work`. Past the limit, or on a signal, interrupt the kernel; then end it."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({task, stop}, timeout=limit_s, return_when="FIRST_COMPLETED")
            if task.done():
                return task.result()
            reason = self._interrupted() if stop.done() else self.limits.passed()
            if not await self._gave_way(task):
                await self._kill()
                await asyncio.wait({task}, timeout=GRACE_S)
            raise reason
        finally:
            for each in (task, stop):
                each.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    async def _gave_way(self, task: asyncio.Future[Any]) -> bool:
        """Interrupt the running cell, a second time at half of the grace period; did it end?

        Only once it runs: an interrupt that comes before the cell's first line is lost.
        """
        if self.begun is None:
            return False  # no cell: a kernel that only starts has nothing to clean up
        for wait in (self.begun.wait(), None, None):
            pause = asyncio.ensure_future(self.insisting.wait() if wait is None else wait)
            if wait is None:
                with suppress(Exception):
                    await self.km.interrupt_kernel()
            await asyncio.wait({task, pause}, timeout=GRACE_S / 2, return_when="FIRST_COMPLETED")
            pause.cancel()
            if task.done() or self.insisting.is_set():
                break
        return task.done()

    async def _kill(self) -> None:
        self.shutdown_kernel = "immediate"
        with suppress(Exception):
            await self.km.provisioner.kill()

    async def _drain(self, cell: Any, index: int) -> None:
        """Take what the kernel had sent before it died, and what it wrote past its channels."""
        with suppress(Empty, CellExecutionComplete):
            while True:
                message = await self.kc.iopub_channel.get_msg(timeout=0.2)
                if self.request in ("", message["parent_header"].get("msg_id")):
                    self.process_message(message, cell, index)
        if words := self._last_words():
            cell.outputs.append(v4.new_output("stream", name="stderr", text=f"{words}\n"))

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        self.request = msg["parent_header"].get("msg_id", "")
        if msg["msg_type"] == "execute_input" and self.begun is not None:
            self.begun.set()
        if msg["msg_type"] != "stream":
            msg["content"] = redact_tree(msg["content"])
        if msg["msg_type"] == "update_display_data":  # of an earlier cell, perhaps
            shown = msg["content"].get("transient", {}).get("display_id")
            self.nb_man.changed.update(self._display_id_map.get(shown, {}))
        return super().process_message(msg, cell, cell_index)

    def output(self, outs: list[Any], msg: Any, display_id: str | None, cell_index: int) -> Any:
        out = super().output(outs, msg, display_id, cell_index)
        if out and out.output_type == "stream" and len(outs) > 1:
            before = outs[-2]
            if before.output_type == "stream" and before.name == out.name:
                before.text += outs.pop().text
        return out

    def _replied(self, *, execute_reply: Mapping[str, Any], **_: Any) -> None:
        self.reply = execute_reply["content"]

    def _fate(self) -> str:
        """What became of the kernel's process, in words."""
        code = None
        with suppress(AttributeError):
            code = self.km.provisioner.process.poll()
        if code is None:
            return "died"
        if code == -signal.SIGKILL:
            return "was killed (SIGKILL: by hand, or because memory ran out)"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended itself with exit status {code}"

    def _last_words(self) -> str:
        """The end of what the kernel's process wrote to its own stdout and stderr."""
        self.said.seek(0)
        return redact(self.said.read()[-4_000:].decode(errors="replace").strip())

    def _interrupted(self) -> Interrupted:
        name = self.signal.name if self.signal else "a signal"
        return Interrupted(f"Interrupted by {'Ctrl-C' if name == 'SIGINT' else name}.")

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and requests to end become an event: no bookkeeping is torn in the middle."""
        loop, before = asyncio.get_running_loop(), {}
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    before[number] = signal.getsignal(number)
                    loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number, previous in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, previous)

    def _on_signal(self, number: signal.Signals) -> None:
        (self.insisting if self.stopping.is_set() else self.stopping).set()
        self.signal = number


def _exited(how: str) -> InDoubt:
    return InDoubt(
        f"The cell {how}: the notebook ended there, and the rest of it never ran.",
        state=RAISED,
        remedy="Take the exit out of the notebook; a stage that must stop raises an error.",
    )
