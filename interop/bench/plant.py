"""Our client on our own plant, a process of its own: memory at full flow, and a hundred sessions a second.

What the plant needs is shown apart: on a small machine it is the plant that decides how much flows, and then the
target cannot be judged.
"""

import os
import shutil
import subprocess
from pathlib import Path

import sessions
from checks import Checks
from identity import Identity
from peer import free_port

NAMESPACE = "urn:lockgate:plant:model"
USER, PASSWORD = "reader", "practise"
POLICY = "Basic256Sha256"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
FULL_FLOW = 0.9


class Plant:
    """`serve` of the plant, which trusts one client."""

    def __init__(self, program: Path, folder: Path, client: Identity, counters: int, period_ms: int) -> None:
        self.pki = folder / "pki"
        trusted = self.pki / "trusted/certs"
        trusted.mkdir(parents=True)
        shutil.copy(client.certificate, trusted)
        words = [str(program), str(self.pki), str(free_port()), str(counters), str(period_ms), PASSWORD]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("the plant does not start")

    @property
    def certificate(self) -> Path:
        return next((self.pki / "own/certs").glob("*.der"))

    def processor_time(self) -> float:
        """Seconds of the whole process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def memory_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def measure(arguments, own: Identity, run, items: int, period_ms: int, most_kib: int, checks: Checks) -> None:
    plant = Plant(arguments.plant, arguments.folder / "plant", own, items, period_ms)
    try:
        files = {"policy": POLICY, "certificate": own.certificate, "key": own.key, "server-certificate": plant.certificate}
        login = {"namespace": NAMESPACE, "first": 1, "user": USER, "password": PASSWORD}
        words = [word for name, value in (files | login).items() for word in (f"--{name}", str(value))]
        seconds = arguments.seconds * 3
        flow(plant, run(plant.url, "subscribe", words, seconds), items, period_ms, most_kib, checks)
        connect(plant, lambda: run(plant.url, "connect", words, seconds), checks)
    finally:
        plant.stop()


def flow(plant: Plant, seen: dict, items: int, period_ms: int, most_kib: int, checks: Checks) -> None:
    offered = items * 1000 / period_ms
    rate = seen["values"] / seen["wall_ns"] * 1e9
    name = f"our plant, {POLICY} SignAndEncrypt: at most {most_kib // 1024} MiB for {items:,} items at {offered:,.0f} values/s"
    shown = (
        f"{seen['peak_kib'] / 1024:.1f} MiB at {rate:,.0f} values/s, {seen['cpu_ns'] / seen['values']:.0f} ns a value; the plant beside "
        f"it: {plant.memory_kib() / 1024:.0f} MiB"
    )
    if rate < FULL_FLOW * offered and seen["peak_kib"] <= most_kib:
        checks.not_judged(name, f"the plant does not send so much on this machine; {shown}")
    else:
        checks.check(name, seen["peak_kib"] <= most_kib, shown)


def connect(plant: Plant, run, checks: Checks) -> None:
    before = plant.processor_time()
    seen = run()
    spent = plant.processor_time() - before
    beside = f", and {spent * 1000 / seen['values']:.1f} ms in the plant"
    sessions.judge(f"our plant, {POLICY} SignAndEncrypt and a password", seen, beside, checks)
