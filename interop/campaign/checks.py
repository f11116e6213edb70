"""Named checks: what was asked, what was seen."""


class Failed(Exception):
    """A check failed that the following ones need."""


class Checks:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.unjudged = 0

    def check(self, name: str, passed: bool, seen: object = "") -> bool:
        """Counts and prints one check, and goes on."""
        if passed:
            self.passed += 1
        else:
            self.failed += 1
        print(f"  {'ok' if passed else 'FAILED':6} {name}" + (f"  ({seen})" if seen != "" else ""), flush=True)
        return passed

    def not_judged(self, name: str, why: str) -> None:
        """What cannot be told on this machine is neither a pass nor a failure, and is not hidden."""
        self.unjudged += 1
        print(f"  {'NOT JUDGED'} {name}  ({why})", flush=True)

    def need(self, name: str, passed: bool, seen: object = "") -> None:
        """A check without which the rest means nothing."""
        if not self.check(name, passed, seen):
            raise Failed(name)

    def part(self, title: str) -> None:
        print(f"  -- {title}", flush=True)

    def summary(self) -> str:
        unjudged = f", {self.unjudged} not judged on this machine" if self.unjudged else ""
        return f"interop checks: {self.passed} held, {self.failed} did not{unjudged}"
