"""What a process takes from the machine: processor time, memory, disk."""

import os
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Usage:
    def __init__(self, pid: int, data: Path) -> None:
        self.pid, self.data = pid, data
        self.began = self.flowed = 0
        self.processor_at_begin = self.processor = 0.0
        self.peak_kib = 0

    def begin(self) -> None:
        self.began, self.processor_at_begin = time.time_ns(), self.processor_time()

    def end_of_flow(self) -> None:
        self.flowed = time.time_ns()

    def end(self) -> None:
        """Seconds of the processor from the begin, the sealing of everything included; memory from the very start."""
        self.processor = self.processor_time() - self.processor_at_begin
        status = Path(f"/proc/{self.pid}/status").read_text()
        self.peak_kib = int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])

    def processor_time(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def disk_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.data.glob("historian/**/*.parquet"))
