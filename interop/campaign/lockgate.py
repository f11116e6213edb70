"""The real binary, used as its user uses it: commands, exit codes, text."""

import json
import signal
import subprocess
from pathlib import Path

import pandas
from checks import Checks

COMMAND_TIMEOUT = 60
STOP_TIMEOUT = 30


class Answer:
    def __init__(self, shown: str, code: int, out: str, err: str) -> None:
        self.shown, self.code, self.out, self.err = shown, code, out, err

    @property
    def said(self) -> str:
        return f"{self.out}\n{self.err}"

    def json(self) -> dict:
        return json.loads(self.out)


class Lockgate:
    """One installation: a folder with configuration, certificates and data, and at most one running connector."""

    def __init__(self, binary: Path, home: Path, checks: Checks) -> None:
        self.binary, self.home, self.checks = binary, home, checks
        self.home.mkdir(parents=True)
        self.config = home / "lockgate.toml"
        self.historian = home / "data" / "historian"
        self.process: subprocess.Popen | None = None
        self.log = home / "run.log"

    def __call__(self, *arguments: str, stdin: str | None = None) -> Answer:
        done = subprocess.run(
            [self.binary, *arguments],
            check=False,
            cwd=self.home,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT,
        )
        return Answer(f"lockgate {' '.join(arguments)}", done.returncode, done.stdout, done.stderr)

    def expect(
        self, name: str, code: int, *arguments: str, says: tuple[str, ...] = (), stdin: str | None = None
    ) -> Answer:
        """Runs a command; the exit code and the words that the message must contain are one check."""
        answer = self(*arguments, stdin=stdin)
        # people get thumbprints with colons, programs without
        said = answer.said.lower() + answer.said.lower().replace(":", "")
        missing = [word for word in says if word.lower() not in said]
        passed = answer.code == code and not missing
        if not passed:
            print(f"  $ {answer.shown}\n{indent(answer.said)}")
        seen = f"exit {answer.code}" + (f", wanted {code}" if answer.code != code else "")
        self.checks.need(name, passed, seen + (f", does not say {missing}" if missing else ""))
        return answer

    def start(self) -> None:
        log = self.log.open("ab")
        self.process = subprocess.Popen(
            [self.binary, "run"], cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """As a power cut: no goodbye."""
        if self.is_running():
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT)

    def states(self, since: int = 0) -> dict[str, str]:
        """State of each source as `lockgate status` gives it, where it was written after `since` (ns since 1970)."""
        answer = self("status", "--json")
        sources = answer.json()["sources"] if answer.code == 0 else []
        fresh = [source for source in sources if source["last"] and nanoseconds(source["last"]["updated"]) > since]
        return {source["source"]: source["state"] for source in fresh}

    def ages(self) -> dict[str, float]:
        """How many seconds ago the last value of each source came, as `lockgate status` gives it."""
        sources = self("status", "--json").json()["sources"]
        return {source["source"]: float(source["data_age_seconds"] or 0) for source in sources}

    def unsealed(self) -> int:
        """Values that are safe in the journal, and not yet in a file."""
        return self("status", "--json").json()["storage"]["unsealed_rows"]

    def recent_log(self, lines: int = 15) -> str:
        if not self.log.exists():
            return ""
        return indent("\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]))


def nanoseconds(time: str) -> int:
    return pandas.Timestamp(time).as_unit("ns").value


def indent(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.strip().splitlines())
