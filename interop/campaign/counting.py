"""The reckoning: what the servers say they changed, against what lies in the files.

DuckDB reads the Parquet files through the views that lockgate ships; pandas reads the same files with no help of ours.
For every variable, each value from the first one found to the last one counted must be there exactly once, with the
source time that the server gave it, or must lie inside an interval of `lockgate gaps`.
"""

import json
from pathlib import Path

import duckdb
import pandas
from checks import Checks
from collecting import Run
from lockgate import Lockgate, nanoseconds
from peer import Peer

FIRST_VALUE_WITHIN = 10.0
BLANKET = 10.0
# a debug build beside three servers that count; `cargo xtask bench client` holds an optimised one to a second
AFTER_CUT = 5.0
# a keep-alive of 5 s, half of it, 5 s of grace, and what connecting takes
AFTER_SILENCE = 20.0
# what was on its way when the link fell silent has arrived by then
SETTLED = 1_000_000_000
STARTS = 3
COLUMNS = ("values expected", "found", "duplicate", "missing", "covered by ledger", "uncovered")


def count(lockgate: Lockgate, peers: list[Peer], checks: Checks, run: Run) -> None:
    checks.part("counting every change")
    truth = pandas.concat([read_truth(peer) for peer in peers], ignore_index=True)
    found = through_views(lockgate)
    gaps = ledger(lockgate)
    tables = {peer.name: reckon(truth, found, gaps, peer.name) for peer in peers}
    print_table(tables)
    for peer in peers:
        judge(peer, tables[peer.name], found, gaps, checks, run)
    pandas_agrees(lockgate, found, checks)
    commands_agree(lockgate, peers, truth, checks)


def read_truth(peer: Peer) -> pandas.DataFrame:
    """One row per variable and change; variables share a line of the file by group."""
    lines = [json.loads(line) for line in peer.truth.read_text().splitlines()]
    head = lines[0]
    changes = pandas.DataFrame([line for line in lines if "group" in line])
    variables = pandas.DataFrame({"variable": range(head["variables"])})
    variables["group"] = variables["variable"] % head["groups"]
    rows = variables.merge(changes, on="group")
    rows["source"] = peer.name
    rows["time"] = rows["time_ms"].astype("int64") * 1_000_000
    return rows[["source", "variable", "value", "time"]]


def through_views(lockgate: Lockgate) -> pandas.DataFrame:
    """Every counter value in the files; `time` is the source time in nanoseconds since 1970."""
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{lockgate.historian}'")
    connection.execute((lockgate.historian / "views.sql").read_text())
    return connection.execute(
        r"""
        SELECT source,
               regexp_extract(name, 'Counter(\d+)$', 1)::INTEGER AS variable,
               value::BIGINT AS value,
               epoch_ns(source_time) AS time,
               epoch_ns(receive_time) AS received
        FROM samples
        WHERE regexp_matches(name, 'Counter\d+$') AND value::BIGINT > 0
        """
    ).df()


def ledger(lockgate: Lockgate) -> pandas.DataFrame:
    answer = lockgate.expect("gaps are listed for programs", 0, "gaps", "--json").json()
    rows = [
        {
            "source": gap["source"],
            "variable": int(gap["stream"][-4:]) if gap["stream"] else -1,
            "begin": nanoseconds(gap["from"]),
            "end": nanoseconds(gap["to"]),
            "reason": gap["reason"],
        }
        for gap in answer["gaps"]
    ]
    return pandas.DataFrame(rows, columns=["source", "variable", "begin", "end", "reason"])


def reckon(truth: pandas.DataFrame, found: pandas.DataFrame, gaps: pandas.DataFrame, source: str) -> dict:
    """All in SQL, so that nothing is decided by a loop of ours."""
    connection = duckdb.connect()
    for name, frame in (("truth_all", truth), ("found_all", found), ("gaps_all", gaps)):
        connection.register(name, frame)
    row = connection.execute(
        """
        WITH truth AS (SELECT * FROM truth_all WHERE source = $source),
             found AS (SELECT * FROM found_all WHERE source = $source),
             gaps AS (SELECT * FROM gaps_all WHERE source = $source),
             starts AS (SELECT variable, min(value) AS first FROM found GROUP BY variable),
             expected AS (SELECT truth.* FROM truth JOIN starts USING (variable) WHERE value >= first),
             seen AS (SELECT variable, value, time, count(*) AS times FROM found GROUP BY ALL),
             missing AS (SELECT * FROM expected ANTI JOIN seen USING (variable, value, time)),
             covered AS (SELECT * FROM missing SEMI JOIN gaps
                         ON (gaps.variable = -1 OR gaps.variable = missing.variable)
                         AND missing.time BETWEEN gaps.begin AND gaps.end)
        SELECT (SELECT count(*) FROM expected) AS "values expected",
               (SELECT count(*) FROM seen SEMI JOIN expected USING (variable, value, time)) AS "found",
               (SELECT coalesce(sum(times - 1), 0)::BIGINT FROM seen) AS "duplicate",
               (SELECT count(*) FROM missing) AS "missing",
               (SELECT count(*) FROM covered) AS "covered by ledger",
               (SELECT count(*) FROM missing) - (SELECT count(*) FROM covered) AS "uncovered",
               (SELECT count(*) FROM seen ANTI JOIN truth USING (variable, value, time)) AS invented,
               (SELECT count(*) FROM starts) AS variables,
               (SELECT max(time) FROM found JOIN starts USING (variable) WHERE value = first) AS last_start
        """,
        {"source": source},
    ).df()
    return {key: int(value) for key, value in row.fillna(0).iloc[0].items()}


def print_table(tables: dict[str, dict[str, int]]) -> None:
    print(f"  {'source':10}" + "".join(f"{column:>19}" for column in COLUMNS))
    for source, table in tables.items():
        print(f"  {source:10}" + "".join(f"{table[column]:>19,}" for column in COLUMNS), flush=True)


def judge(
    peer: Peer, table: dict[str, int], found: pandas.DataFrame, gaps: pandas.DataFrame, checks: Checks, run: Run
) -> None:
    late = (table["last_start"] - run.started) / 1e9
    checks.check(f"{peer.name}: every variable was collected", table["variables"] == peer.variables, table["variables"])
    checks.check(f"{peer.name}: all of them from the start", late <= FIRST_VALUE_WITHIN, f"after {late:.1f} s")
    checks.check(
        f"{peer.name}: every change is in the files or on the ledger", table["uncovered"] == 0, table["uncovered"]
    )
    checks.check(f"{peer.name}: nothing is in the files twice", table["duplicate"] == 0, table["duplicate"])
    checks.check(f"{peer.name}: nothing is in the files that did not happen", table["invented"] == 0, table["invented"])
    judge_delays(peer, found[found["source"] == peer.name], checks, run)
    judge_ledger(peer, gaps[gaps["source"] == peer.name], checks, run)


def judge_ledger(peer: Peer, gaps: pandas.DataFrame, checks: Checks, run: Run) -> None:
    early = gaps[gaps["begin"] < run.collecting_again]
    seen = ", ".join(early["reason"]) or "no gap"
    checks.check(f"{peer.name}: the kill lost nothing: the server kept it and handed it over", early.empty, seen)
    # a ledger that admits everything would cover everything
    outages = {
        "a cut link": (run.links_cut, run.links_mended, False),
        "a half-open link": (run.links_mute, run.links_good, False),
        "the restart of the server": (run.servers_stopped, run.servers_back, True),
        "kill -9 of the server": (run.servers_killed, run.servers_up, True),
    }
    for name, (begin, end, needed) in outages.items():
        held, seen = owned_up(gaps, begin, end, needed=needed)
        checks.check(f"{peer.name}: the ledger owns up to what {name} lost, and to no more", held, seen)


def owned_up(gaps: pandas.DataFrame, begin: int, end: int, *, needed: bool) -> tuple[bool, str]:
    """Whether the gaps of one outage are no longer than it, and how long they are."""
    found = gaps[(gaps["end"] > begin) & (gaps["begin"] < end)]
    outage = (end - begin) / 1e9
    if found.empty:
        return not needed, f"no gap in {outage:.1f} s"
    longest = (found["end"] - found["begin"]).max() / 1e9
    seen = f"{longest:.1f} s of {outage:.1f} s; {', '.join(sorted(set(found['reason'])))}"
    return longest <= outage + BLANKET, seen


def judge_delays(peer: Peer, found: pandas.DataFrame, checks: Checks, run: Run) -> None:
    """How long after the links were good again the first value came."""

    def first_after(instant: int) -> float:
        later = found[found["received"] > instant]["received"]
        return (later.min() - instant) / 1e9 if len(later) else float("inf")

    cut, mute = first_after(run.links_mended), first_after(run.links_mute + SETTLED)
    checks.check(f"{peer.name}: first value soon after a cut link is mended", cut <= AFTER_CUT, f"{cut:.2f} s")
    noticed = mute + SETTLED / 1e9
    seen = f"{noticed:.1f} s after it fell silent"
    checks.check(f"{peer.name}: a half-open link is noticed, and left", noticed <= AFTER_SILENCE, seen)


def pandas_agrees(lockgate: Lockgate, found: pandas.DataFrame, checks: Checks) -> None:
    files = sorted(lockgate.historian.glob("**/part-*.parquet"))
    samples = pandas.concat([pandas.read_parquet(path) for path in files], ignore_index=True)
    streams = pandas.read_parquet(lockgate.historian / "streams.parquet")
    counters = streams[streams["name"].str.contains(r"Counter\d+$")]
    rows = samples[samples["stream"].isin(counters["id"])]
    zeros = len(rows) - len(found)
    # every variable may have been seen before its first change, once for each start of its server
    seen = f"{len(files)} files, {len(rows):,} rows"
    checks.check("pandas reads the same rows from the same files", 0 <= zeros <= STARTS * len(counters), seen)


def commands_agree(lockgate: Lockgate, peers: list[Peer], truth: pandas.DataFrame, checks: Checks) -> None:
    for peer in peers:
        stream = f"{peer.name}.Counters.Counter0000"
        last = truth[(truth["source"] == peer.name) & (truth["variable"] == 0)]["value"].max()
        answer = lockgate.expect(
            f"{peer.name}: query finds the values of one stream", 0,
            "query", stream, "--from", "-2h", "--format", "csv", "--limit", "1000000",
        )  # fmt: skip
        checks.check(f"{peer.name}: its last value is the server's", str(last) in answer.out.splitlines()[-1], last)
        path = Path(f"{peer.name}.csv")
        lockgate.expect(f"{peer.name}: export writes it to a file", 0,
                        "export", stream, "--from", "-2h", "--output", str(path))  # fmt: skip
        lines = len((lockgate.home / path).read_text().splitlines())
        checks.check(f"{peer.name}: query and export agree", lines == len(answer.out.splitlines()), f"{lines} lines")
