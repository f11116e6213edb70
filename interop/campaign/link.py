"""A network link that can be cut or fall silent: connections to it are carried to the server, until they are not."""

import asyncio
import threading


class Link:
    """Listens on the loopback interface in a thread of its own.

    `cut` closes what there is and refuses what comes, until `mend`. `mute` is the half-open link: what there is stays open
    and carries nothing any more, ever; what comes is taken and carries nothing either, until `unmute`.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port, self.port = server_port, 0
        self.server: asyncio.Server | None = None
        self.writers: set[asyncio.StreamWriter] = set()
        self.mutes: set[asyncio.StreamWriter] = set()
        self.muted = False
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.mend()

    def mend(self) -> None:
        self.do(self.listen())

    def cut(self) -> None:
        self.do(self.drop())

    def mute(self) -> None:
        self.do(self.silence())

    def unmute(self) -> None:
        self.do(self.hear())

    def do(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def listen(self) -> None:
        self.server = await asyncio.start_server(self.carry, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def drop(self) -> None:
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()
        self.writers.clear()

    async def silence(self) -> None:
        self.muted = True
        self.mutes |= self.writers

    async def hear(self) -> None:
        self.muted = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, other_writer}
        self.writers |= ends
        if self.muted:
            self.mutes |= ends
        await asyncio.gather(self.pump(reader, other_writer), self.pump(other_reader, writer))
        self.writers -= ends
        self.mutes -= ends

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What is read on a mute connection, its end among it, is told nobody."""
        try:
            while data := await reader.read(65536):
                if writer not in self.mutes:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        finally:
            if writer not in self.mutes:
                writer.close()
