"""A hundred sessions a second, opened and closed, that leave nothing behind."""

from checks import Checks

PACE = 100
ENOUGH = 0.9
MAX_GROWTH_KIB = 1024


def judge(name: str, seen: dict, beside: str, checks: Checks) -> None:
    """Growth is a failure at any pace; without growth, a pace that the machine does not give cannot be judged."""
    rate = seen["values"] / seen["wall_ns"] * 1e9
    grown = seen["kib_after"] - seen["kib_before"]
    nothing_left = grown <= MAX_GROWTH_KIB and seen["files_after"] <= seen["files_before"]
    shown = (
        f"{seen['values']} sessions, {rate:.0f} a second, {seen['cpu_ns'] / seen['values'] / 1e6:.1f} ms of processor time each{beside}; "
        f"memory grew by {grown} KiB to {seen['kib_after'] / 1024:.1f} MiB; open files {seen['files_before']} before, "
        f"{seen['files_after']} after"
    )
    target = f"{name}: {PACE} sessions a second, opened and closed, leave nothing behind"
    if nothing_left and rate < ENOUGH * PACE:
        checks.not_judged(target, f"nothing was left behind, but the two do not make so many on this machine; {shown}")
    else:
        checks.check(target, nothing_left, shown)
