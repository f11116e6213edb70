"""The works that are compared: how they are called, and what one value may cost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """`ratio`: at most this much of the C client; the others: nanoseconds a value on a machine that does nothing else."""

    name: str
    shown: str
    ratio: float
    none_ns: int
    encrypted_ns: int


WORKS = [
    Work("subscribe", "subscription receive", 0.5, 75, 100),
    Work("history", "history read", 1.0, 45, 65),
    Work("read", "batch read", 1.0, 100, 150),
    Work("browse", "recursive browse", 1.0, 480, 700),
]
