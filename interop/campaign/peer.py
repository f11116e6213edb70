"""A foreign server in its own process, and its administrator's hands on its certificate folder."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

from checks import Failed
from link import Link

START_TIMEOUT = 90
STOP_TIMEOUT = 20
USER = "reader"
PASSWORD = "correct horse battery staple"


class Peer:
    def __init__(self, name: str, command: list[str], folder: Path, *, port: int, variables: int, period_ms: int,
                 seconds: float, node_modules: Path, clients: str = "") -> None:  # fmt: skip
        self.name, self.folder, self.port, self.variables = name, folder, port, variables
        self.truth = folder / "truth.jsonl"
        # what the administrator looks after: the trust in client applications may be a part of the server's store
        self.pki = folder / "pki" / clients
        self.command = [
            *command,
            f"--port={port}",
            f"--pki={folder / 'pki'}",
            f"--truth={self.truth}",
            f"--variables={variables}",
            f"--period-ms={period_ms}",
            f"--user={USER}",
            f"--password={PASSWORD}",
            f"--secs={seconds}",
        ]
        self.environment = {**os.environ, "NODE_PATH": str(node_modules)}
        self.process: subprocess.Popen | None = None
        self.url = self.thumbprint = ""
        # what clients of this server go through
        self.link: Link | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        log = (self.folder / "server.log").open("a")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment
        )
        deadline = threading.Timer(START_TIMEOUT, self.process.kill)
        deadline.start()
        try:
            ready = next((json.loads(line) for line in self.process.stdout if line.startswith("{")), None)
        finally:
            deadline.cancel()
        if ready is None:
            raise Failed(f"{self.name} did not start; see {self.folder}/server.log")
        self.url, self.thumbprint = ready["url"], ready["thumbprint"]
        if self.link:
            self.url = self.url.replace(f":{self.port}", f":{self.link.port}")
        # what the library prints later is nobody's business, but must not fill the pipe
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def waiting_certificates(self) -> list[Path]:
        """Client certificates that the server refused and kept for its administrator."""
        return [path for path in self.pki.glob("rejected/**/*") if path.is_file()]

    def trust_clients(self) -> int:
        """Moves the refused certificates to the trusted ones, as the administrator would."""
        waiting = self.waiting_certificates()
        trusted = self.pki / "trusted" / "certs"
        trusted.mkdir(parents=True, exist_ok=True)
        for path in waiting:
            shutil.move(path, trusted / path.name)
        return len(waiting)

    def freeze(self) -> None:
        """No more changes; the server stays up, so that what it has can be collected."""
        self.process.send_signal(signal.SIGUSR1)

    def restart(self) -> None:
        """As after maintenance: sessions and subscriptions are gone, certificates, trust and counters are not."""
        self.stop()
        self.start()

    def kill_and_restart(self) -> None:
        """As after a power cut of the server: no goodbye to anybody."""
        self.process.kill()
        self.process.wait()
        self.start()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if not self.is_running():
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
