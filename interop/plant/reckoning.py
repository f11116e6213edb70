"""The reckoning, all in DuckDB over the files as they lie: every step of every counter is there once, or on the ledger."""

import argparse
import sys

import duckdb
import pandas
from checks import Checks
from lockgate import Lockgate, nanoseconds
from simulated import Simulated
from usage import Usage

COVERED_COLUMNS = ("stream", "begin", "end", "reason")
# of what is offered; the rest may be the plant's own delay
FULL_FLOW = 0.98
LAST_VALUE_WITHIN = 3.0
MOST_NS = 600
MOST_MIB = 128
MOST_BYTES = 11


def reckon(
    lockgate: Lockgate, plant: Simulated, arguments: argparse.Namespace, checks: Checks, usage: Usage | None
) -> None:
    checks.part("counting every step")
    connection = duckdb.connect(config={"memory_limit": "3GB", "temp_directory": str(arguments.folder / "duckdb")})
    files = lockgate.historian / "**/part-*.parquet"
    period_us = round(arguments.counters / arguments.rate * 1e6)
    # a counter is told apart from what it was in another life of the plant by when that began
    connection.execute(
        f"""
        CREATE VIEW found AS
        SELECT stream, value_int AS k, epoch_us(source_time) AS time, time - k * {period_us} AS born,
               epoch_us(receive_time) AS received
        FROM read_parquet('{files}') WHERE value_int IS NOT NULL
        """
    )
    connection.register("gaps", ledger(lockgate))
    deaths = pandas.DataFrame({"died": [death // 1000 for death in plant.deaths]}, dtype="int64")
    connection.register("deaths", deaths)
    rows, streams, lives, doubled = connection.execute(
        """
        SELECT count(*), count(DISTINCT stream), count(DISTINCT born),
               count(*) - (SELECT count(*) FROM (SELECT DISTINCT stream, born, k FROM found))
        FROM found
        """
    ).fetchone()
    # of a life that was cut short, up to its end; of the last one, up to the last value
    missing, uncovered, last, first_last = connection.execute(
        f"""
        WITH lives AS (SELECT born, (SELECT min(died) FROM deaths WHERE died > born) AS died
                       FROM (SELECT DISTINCT born FROM found)),
             steps AS (SELECT stream, born, k, lead(k) OVER (PARTITION BY stream, born ORDER BY k) AS next FROM found),
             ends AS (SELECT stream, born, k, coalesce(next, (died - born) // {period_us} + 1) AS next
                      FROM steps JOIN lives USING (born)),
             missing AS (SELECT stream, born + unnest(range(k + 1, next)) * {period_us} AS time
                         FROM ends WHERE next > k + 1),
             covered AS (SELECT missing.* FROM missing SEMI JOIN gaps
                         ON (gaps.stream = -1 OR gaps.stream = missing.stream)
                         AND missing.time BETWEEN gaps.begin AND gaps."end"),
             lasts AS (SELECT stream, max(time) AS last FROM found GROUP BY stream)
        SELECT (SELECT count(*) FROM missing), (SELECT count(*) FROM missing) - (SELECT count(*) FROM covered),
               (SELECT max(last) FROM lasts), (SELECT min(last) FROM lasts)
        """
    ).fetchone()
    seen = f"{rows:,} values of {streams:,} counters"
    checks.check("every counter was collected", streams == arguments.counters, seen)
    seen_lives = f"{lives} lives of the plant"
    checks.check("each value has the time at which the plant stepped, to the microsecond", lives == len(deaths) + 1, seen_lives)
    checks.check("nothing is in the files twice", doubled == 0, doubled)
    owned = f"{missing:,} are missing, {uncovered:,} of them not on the ledger"
    checks.check("every step is in the files or on the ledger", uncovered == 0, owned)
    behind = (last - first_last) / 1e6
    checks.check("every counter was collected to the end", behind <= LAST_VALUE_WITHIN, f"{behind:.2f} s apart")
    if usage:
        checks.check("undisturbed, nothing is missing at all", missing == 0, missing)
        judge(connection, arguments, rows, usage, checks)


def judge(connection, arguments: argparse.Namespace, rows: int, usage: Usage, checks: Checks) -> None:
    checks.part("what it takes")
    (flowed,) = connection.execute("SELECT count(*) FROM found WHERE received >= $1", [usage.began // 1000]).fetchone()
    seconds = (usage.flowed - usage.began) / 1e9
    rate = flowed / seconds
    offered = f"{rate:,.0f} values/s for {seconds:.0f} s, {arguments.rate:,} offered"
    if rate >= FULL_FLOW * arguments.rate:
        checks.check("all that is offered is taken", True, offered)
    else:
        checks.not_judged("all that is offered is taken", f"nothing is missing, so the plant did not send more; {offered}")
    nanos = usage.processor * 1e9 / flowed
    shown = f"{nanos:.0f} ns a value: {usage.processor:.1f} s of the processor"
    name = f"received encrypted, in the journal with fsync, sealed: at most {MOST_NS} ns of the processor a value"
    checks.check(name, nanos <= MOST_NS, shown)
    peak = usage.peak_kib / 1024
    checks.check(f"at most {MOST_MIB} MiB of memory", peak <= MOST_MIB, f"{peak:.0f} MiB at its peak")
    size = usage.disk_bytes() / rows
    checks.check(f"at most {MOST_BYTES} bytes a value on the disk", size <= MOST_BYTES, f"{size:.1f} bytes")


def ledger(lockgate: Lockgate) -> pandas.DataFrame:
    answer = lockgate.expect("gaps are listed", 0, "gaps", "--json").json()
    names = {row["name"]: row["id"] for row in streams(lockgate)}
    rows = [
        {
            "stream": names[gap["stream"]] if gap["stream"] else -1,
            "begin": nanoseconds(gap["from"]) // 1000,
            "end": nanoseconds(gap["to"]) // 1000,
            "reason": gap["reason"],
        }
        for gap in answer["gaps"]
    ]
    frame = pandas.DataFrame(rows, columns=COVERED_COLUMNS)
    for gap in frame.itertuples():
        length = (gap.end - gap.begin) / 1e6
        print(f"  on the ledger: {gap.reason}, {length:.2f} s", file=sys.stdout)
    return frame.astype({"stream": "int64", "begin": "int64", "end": "int64"})


def streams(lockgate: Lockgate) -> list[dict]:
    return pandas.read_parquet(lockgate.historian / "streams.parquet")[["id", "name"]].to_dict("records")
