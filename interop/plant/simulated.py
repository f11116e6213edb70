"""`lockgate simulate` in a process of its own."""

import json
import subprocess
import time
from pathlib import Path

from checks import Failed
from peer import free_port
from waiting import until

START_TIMEOUT = 30
STOP_TIMEOUT = 20


class Simulated:
    ROOT = "nsu=urn:lockgate:plant:model;s=Plant.Counters"

    def __init__(self, binary: Path, folder: Path, counters: int, rate: int) -> None:
        self.binary, self.folder, self.counters, self.rate = binary, folder, counters, rate
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self.url = self.thumbprint = self.user = self.password = ""
        self.pki = Path()
        # when it was killed, in ns since 1970: what it did after that nobody could have
        self.deaths: list[int] = []

    def start(self) -> None:
        said = self.folder / "plant.json"
        words = ["--json", "--dir", str(self.folder / "plant"), "--port", str(self.port)]
        size = ["--counters", str(self.counters), "--rate", str(self.rate)]
        with said.open("w") as out, (self.folder / "plant.log").open("w") as log:
            self.process = subprocess.Popen(
                [self.binary, "simulate", *words, *size], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )
        if not until(lambda: said.read_text().rstrip().endswith("}"), START_TIMEOUT):
            raise Failed(f"the plant did not start; see {self.folder}/plant.log")
        ready = json.loads(said.read_text())
        self.url, self.thumbprint, self.pki = ready["url"], ready["thumbprint"], Path(ready["pki"])
        self.user, self.password = ready["user"], ready["password"]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.deaths.append(time.time_ns())

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
