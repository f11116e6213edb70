"""A network link that can be cut: connections to it are carried to the server, until it is cut and again when it is mended."""

import asyncio
import threading


class Link:
    """Listens on the loopback interface in a thread of its own. While cut, it closes what there is and refuses what comes."""

    def __init__(self, server_port: int) -> None:
        self.server_port, self.port = server_port, 0
        self.server: asyncio.Server | None = None
        self.writers: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.mend()

    def mend(self) -> None:
        self.do(self.listen())

    def cut(self) -> None:
        self.do(self.drop())

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

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, other_writer}
        await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))
        self.writers -= {writer, other_writer}


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
