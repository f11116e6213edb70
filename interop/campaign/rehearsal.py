"""Before anything is believed, the reckoning is shown a loss, a repetition and an invention, and must see each."""

import pandas
from checks import Checks
from counting import reckon

PEER = "rehearsal"


def rehearse(checks: Checks) -> None:
    checks.part("the reckoning, rehearsed on a run that went wrong in known ways")
    truth = frame((0, value, 1000 * value) for value in range(1, 11))
    # from value 3 on; 5 twice; 6 and 8 lost; 9 with another time than the server's
    found = frame((0, value, 1000 * value) for value in (3, 4, 5, 5, 7, 10))
    found = pandas.concat([found, frame([(0, 9, 9001)])], ignore_index=True)
    gaps = pandas.DataFrame([{"source": PEER, "variable": 0, "begin": 5500, "end": 6500, "reason": "reconnect"}])
    seen = reckon(truth, found, gaps, PEER)
    expected = {
        "values expected": 8,
        "found": 5,
        "duplicate": 1,
        "missing": 3,
        "covered by ledger": 1,
        "uncovered": 2,
        "invented": 1,
        "variables": 1,
    }
    checks.need("it sees every one of them", expected.items() <= seen.items(), seen)


def frame(rows) -> pandas.DataFrame:
    table = pandas.DataFrame(list(rows), columns=["variable", "value", "time"])
    table.insert(0, "source", PEER)
    return table
