"""Has the case folders of ua-pki judged by validators that we did not write, and compares.

Every case on which one of them and we disagree, whether the certificate is accepted, has to be in differences.toml with its
cause. One that is not there fails the run, and so does one that is there and no longer happens. docs/validation-compared.md
is written from the outcome (`--write`), or has to be the same.
"""

import argparse
import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
DOCUMENT = REPOSITORY / "docs/validation-compared.md"
KEY = REPOSITORY / "crates/ua-pki/tests/fixtures/keys/rsa2048-third.pem"
SECONDS = 600


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--node-modules", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="write the document in place of comparing it")
    arguments = parser.parse_args()
    cases = json.loads((arguments.cases / "cases.json").read_text())
    table = tomllib.loads((HERE / "differences.toml").read_text())
    wrong, document = [], opening(cases)
    for name, title, command in judges(arguments):
        verdicts = json.loads(run(command))
        found = {case["folder"]: verdicts[case["folder"]] for case in cases if differs(case, verdicts[case["folder"]])}
        causes = table.get(name, [])
        wrong += check(name, found, causes)
        document += section(title, cases, verdicts, found, causes)
        print(f"  {title}: agrees on {len(cases) - len(found)} of {len(cases)} cases")
        for cause in causes:
            print(f"    {len(cause['cases']):3}  {cause['cause']}")
    wrong += compare("\n".join(document) + "\n", arguments.write)
    for line in wrong:
        print(f"  FAILED {line}")
    return 1 if wrong else 0


def judges(arguments: argparse.Namespace) -> list[tuple[str, str, list]]:
    cases = arguments.cases
    manifest = json.loads((arguments.node_modules / "node-opcua-pki/package.json").read_text())
    asyncua = run([sys.executable, "-c", "from importlib.metadata import version; print(version('asyncua'))"]).strip()
    openssl = ".".join(run(["openssl", "version"]).split()[1].split(".")[:2])
    return [
        ("openssl", f"openssl verify {openssl}", [sys.executable, HERE / "openssl.py", cases]),
        (
            "node-opcua-pki",
            f"node-opcua-pki {manifest['version']}",
            ["node", HERE / "node_opcua_pki.mjs", cases, arguments.node_modules, KEY],
        ),
        ("asyncua", f"asyncua {asyncua}", [sys.executable, "-W", "ignore", HERE / "asyncua_judge.py", cases]),
    ]


def run(command: list) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=True).stdout


def differs(case: dict, theirs: str) -> bool:
    return (case["ours"] == "Good") != (theirs == "Good")


def check(judge: str, found: dict[str, str], causes: list[dict]) -> list[str]:
    """What is not in the table, what is there twice, and what is there in vain."""
    known = Counter(case for cause in causes for case in cause["cases"])
    wrong = [f"{judge}: unknown difference: {case}: it says {theirs}" for case, theirs in found.items() if case not in known]
    wrong += [f"{judge}: {case} has two causes" for case, times in known.items() if times > 1]
    return wrong + [f"{judge}: no difference any more: {case}" for case in known if case not in found]


def opening(cases: list[dict]) -> list[str]:
    good = sum(case["ours"] == "Good" for case in cases)
    return [
        "# How others judge the same certificates",
        "",
        f"`cargo xtask interop pki` lays out {len(cases)} stores with certificates to judge ({good} to accept, "
        f"{len(cases) - good} to refuse), has them",
        "judged by others, and compares: accepted or refused. This page is its outcome; `--write` writes it. Each difference",
        "is in `interop/pki/differences.toml` with its cause; one that is not there fails the run.",
        "",
        "What a validator leaves to its caller counts as a difference too: the numbers say what is checked where, not whose",
        "product is secure. Each is called with every check that it offers, its clock set to the case's.",
        "",
    ]


def section(title: str, cases: list[dict], verdicts: dict, found: dict, causes: list[dict]) -> list[str]:
    both = [case for case in cases if case["ours"] != "Good" and verdicts[case["folder"]] != "Good"]
    same = sum(case["ours"] == verdicts[case["folder"]] for case in both)
    lines = [f"## {title}", ""]
    lines += [f"Agrees on {len(cases) - len(found)} of {len(cases)} cases. Both refuse {len(both)}" + (
        f", {same} of them with the same status." if same else "; it has no OPC UA status codes."
    ), ""]
    for heading, accepts in [("It accepts, and we refuse", True), ("It refuses, and we accept", False)]:
        rows = []
        for cause in causes:
            count = sum(found.get(case, "Good") == "Good" if accepts else found.get(case, "Good") != "Good" for case in cause["cases"])
            if count:
                example = next(case for case in cause["cases"] if case in found and (found[case] == "Good") == accepts)
                rows.append((count, cause["cause"], example))
        if rows:
            lines += [f"| {heading} | cases | for example |", "|---|---|---|"]
            lines += [f"| {text} | {count} | `{example}` |" for count, text, example in rows]
            lines.append("")
    return lines


def compare(document: str, write: bool) -> list[str]:
    document = document.rstrip("\n") + "\n"
    if write:
        DOCUMENT.write_text(document)
        return []
    if DOCUMENT.exists() and DOCUMENT.read_text() == document:
        return []
    return [f"{DOCUMENT.relative_to(REPOSITORY)} is not what came out; `cargo xtask interop pki --write` writes it anew"]


if __name__ == "__main__":
    sys.exit(main())
