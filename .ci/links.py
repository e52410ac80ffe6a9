"""Links between programs, for the checks of a cluster: they pass on, delay, hold or cut what is sent."""
import asyncio
import threading

OCTETS_AT_ONCE = 65536


class Links:
    """A thread that carries what goes over all links."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def add(self, port, target, delay_s=0):
        return self.do(self.open(Link(port, target, delay_s)))

    async def open(self, link):
        await link.listen()
        return link

    def do(self, task):
        return asyncio.run_coroutine_threadsafe(task, self.loop).result()

    def set(self, mode, *links):
        """Sets what links do: "pass"; "hold", when nothing comes through until they pass again, and nobody is told;
        "hold-up" or "hold-down", the same in one direction; or "cut", which closes connections, new ones too."""
        async def change():
            for link in links:
                link.set(mode)
        self.do(change())


class Link:
    """A port of this machine that leads to another."""

    def __init__(self, port, target, delay_s):
        self.port, self.target, self.delay_s = port, target, delay_s
        self.up, self.down = asyncio.Event(), asyncio.Event()
        self.writers, self.tasks = set(), set()
        self.set("pass")

    async def listen(self):
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", self.port)

    def set(self, mode):
        self.is_cut = mode == "cut"
        for gate, modes in (self.up, ("hold", "hold-up")), (self.down, ("hold", "hold-down")):
            gate.clear() if mode in modes else gate.set()
        if self.is_cut:
            for writer in list(self.writers):
                writer.transport.abort()

    async def accept(self, reader, writer):
        self.writers.add(writer)
        try:
            await self.up.wait()
            if self.is_cut:
                return
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            self.writers.add(back)
            try:
                await asyncio.gather(self.carry(reader, back, self.up), self.carry(there, writer, self.down))
            finally:
                self.writers.discard(back)
                back.transport.abort()
        except OSError:
            pass
        finally:
            self.writers.discard(writer)
            writer.transport.abort()

    async def carry(self, reader, writer, gate):
        """Reads at once and writes later, as a network does."""
        queue = asyncio.Queue()
        delivery = asyncio.ensure_future(self.deliver(queue, writer, gate))
        data = b"-"
        while data:
            try:
                data = await reader.read(OCTETS_AT_ONCE)
            except OSError:
                data = b""
            queue.put_nowait((asyncio.get_running_loop().time() + self.delay_s, data))
        await delivery

    async def deliver(self, queue, writer, gate):
        while True:
            due, data = await queue.get()
            if (pause := due - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(pause)
            await gate.wait()
            try:
                if data and not writer.transport.is_closing():
                    writer.write(data)
                    await writer.drain()
                elif not data:
                    writer.write_eof()
            except (OSError, RuntimeError):
                pass
            if not data:
                return
