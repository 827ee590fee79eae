# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP proxies that add a round-trip time, where the kernel cannot (netem)."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

from .tls import LOOPBACK

PART = 65536
# In seconds.
PATIENCE = 10


class Delays:
    """Proxies inside a `with`, each in front of one server, that keep data for half of `seconds`.

    The first data of a connection waits for a whole round trip more: the kernel's own handshake
    with the proxy takes no time, the one with a server so far away would.
    """

    def __init__(self, seconds: float) -> None:
        self._half = seconds / 2
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._servers: list[asyncio.Server] = []
        self._names: dict[str, str] = {}

    def __enter__(self) -> Delays:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def to(self, name: str) -> str:
        """Return host and port of the proxy in front of a server."""
        if name not in self._names:
            server = self._run(self._listen(name))
            self._servers.append(server)
            self._names[name] = f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        return self._names[name]

    def _run(self, work: Coroutine) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _listen(self, name: str) -> asyncio.Server:
        host, _, port = name.partition(":")

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                there, thither = await asyncio.open_connection(host, int(port))
                await asyncio.gather(
                    self._pass(reader, thither, 2 * self._half),
                    self._pass(there, writer, 0),
                )

        return await asyncio.start_server(accept, LOOPBACK, 0)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, more: float
    ) -> None:
        """Hand data on, each part after its time; parts on their way do not keep others."""
        moment = self._loop.time() + more
        while True:
            try:
                data = await reader.read(PART)
            except OSError:
                data = b""
            moment = max(moment, self._loop.time() + self._half)
            self._loop.call_at(moment, _write, writer, data)
            if not data:
                return

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        # Data on its way may still come; after it nothing holds a connection.
        await asyncio.sleep(4 * self._half)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if writer.is_closing():
        return
    if data:
        writer.write(data)
    else:
        writer.close()
