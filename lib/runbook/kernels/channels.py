"""The way to a kernel, without the pauses that jupyter_client makes at its start and at its end."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient

# Output leaves the kernel at once instead of after 0.2 s, and a crash is reported past the kernel's
# own channels, which crash with it: a killed kernel takes less with it.
PROMPT_OUTPUT = """
import sys as _sys, faulthandler as _crash
_sys.stdout.flush_interval = _sys.stderr.flush_interval = 0.01
_crash.enable(getattr(_sys.stderr, "_original_stdstream_copy", None) or _sys.__stderr__, False)
del _sys, _crash
"""


class Channels(AsyncKernelClient):
    """jupyter_client's, which after the kernel's first word waits for 0.2 s of silence.

    What it waits for is known: that the kernel is done with the question that it was asked.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers, and until its outputs reach us.

        Raises:
            RuntimeError: it died, or did not answer within `timeout` seconds.
        """
        end = time.monotonic() + (timeout or 0)
        while True:
            self.kernel_info()
            with suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)  # perhaps to what was asked before
                if reply["msg_type"] == "kernel_info_reply":
                    await self._until_idle(reply["parent_header"].get("msg_id"))
                    self._handle_kernel_info_reply(reply)
                    return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if timeout and time.monotonic() > end:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _until_idle(self, asked: str) -> None:
        """No output is left over. Empty: we are not connected yet, and have to ask again."""
        while True:
            message = await self.get_iopub_msg(timeout=0.2)
            mine = message["parent_header"].get("msg_id") == asked
            if mine and message["content"].get("execution_state") == "idle":
                return


async def ended(manager: Any, *, within_s: float) -> None:
    """Ask a kernel to end, and notice at once when it has: jupyter_client looks every 0.1 s."""
    if await manager.is_alive():
        await manager.request_shutdown()
        end = time.monotonic() + within_s
        while await manager.is_alive() and time.monotonic() < end:
            await asyncio.sleep(0.005)
