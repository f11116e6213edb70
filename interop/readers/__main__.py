"""The same values by four readers: lockgate itself, and DuckDB, pandas and polars on the files as they lie.

`sample_store` of tagstore has made the folder. Each foreign reader gets the values of every stream from the historian's
Parquet files with no help of ours (DuckDB also through the views), condenses them, and must come to what `lockgate query`
gives; then it opens what `query --out` and `export` write.
"""

import argparse
import json
import math
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "campaign"))

import duckdb
import pandas
import polars
from checks import Checks

FROM, TO = "2026-08-27T00:00:00Z", "2026-08-28T00:00:00Z"
DAY = ["--from", FROM, "--to", TO]
STREAMS = ["Temperature", "Counter", "Big", "Running", "State", "Ratio", "Raw"]
NUMBERS = ["Temperature", "Counter", "Running", "Ratio"]
COPIES = 200
BUCKET_SECONDS = 60
VALUE_OF = {
    "double": "value_double",
    "float": "value_double",
    "int": "value_int",
    "uint": "value_uint",
    "bool": "value_bool",
    "text": "value_text",
    "bytes": "value_bytes",
}
TIMEOUT = 60


class Lockgate:
    def __init__(self, binary: Path, home: Path) -> None:
        self.binary, self.home = binary, home

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            [self.binary, *words], check=False, cwd=self.home, capture_output=True, text=True, timeout=TIMEOUT
        )
        if done.returncode != 0:
            raise RuntimeError(f"lockgate {' '.join(words)} ended with {done.returncode}: {done.stderr}")
        return done.stdout


def main() -> int:
    arguments = parse_arguments()
    checks = Checks()
    lockgate = Lockgate(arguments.lockgate, arguments.folder)
    lockgate("init")
    historian = arguments.folder / "data/historian"
    ours = {name: raw_by_lockgate(lockgate, name) for name in STREAMS}
    checks.check("there is something to compare", min(len(rows) for rows in ours.values()) == 7200)
    readers = {
        "DuckDB": by_duckdb(historian),
        "pandas": by_pandas(historian),
        "polars": by_polars(historian),
    }
    for reader, theirs in readers.items():
        for name in STREAMS:
            once = without_copies(theirs[name])
            checks.check(
                f"{reader} reads every value of {name} from the files as they lie",
                once == ours[name],
                first_difference(once, ours[name]),
            )
        copies = len(theirs["Counter"]) - len(ours["Counter"])
        checks.check(f"{reader} also sees what history brought again", copies == COPIES, copies)
    views(historian, ours, checks)
    condensed(lockgate, historian, checks)
    written(lockgate, ours, checks)
    print(f"  {checks.summary()}")
    return 1 if checks.failed else 0


def raw_by_lockgate(lockgate: Lockgate, name: str) -> list[tuple]:
    answer = json.loads(lockgate("query", name, *DAY, "--json", "--limit", "1000000"))
    return [
        (nanoseconds(row["time"]), row["status_code"] >> 16, row["type"], plain(row["type"], row["value"]))
        for row in answer["samples"]
    ]


def nanoseconds(text: str) -> int:
    return pandas.Timestamp(text).as_unit("ns").value


def plain(kind: str, value: object) -> object:
    """A value as all readers can say it: floats by their bits, bytes in hex."""
    if kind == "null":
        return None
    if kind in ("double", "float"):
        number = float(value)
        form = "<d" if kind == "double" else "<f"
        return "NaN" if math.isnan(number) else struct.pack(form, number).hex()
    if kind == "bytes":
        return value if isinstance(value, str) else bytes(value).hex()
    if kind in ("int", "uint"):
        return int(value)
    return bool(value) if kind == "bool" else str(value)


def rows_of(records: list[dict]) -> list[tuple]:
    """Rows of a part file, in the order in which they arrived for each time."""
    records.sort(key=lambda row: (row["time"], row["seq"]))
    return [
        (row["time"], row["status"] >> 16, row["type"], plain(row["type"], row.get(VALUE_OF.get(row["type"], ""))))
        for row in records
    ]


def by_stream(records: list[dict]) -> dict[str, list[tuple]]:
    return {name: rows_of([row for row in records if row["name"] == f"line1.{name}"]) for name in STREAMS}


def by_duckdb(historian: Path) -> dict[str, list[tuple]]:
    cursor = duckdb.connect().execute(
        f"""
        SELECT s.name, epoch_us(p.source_time) * 1000 + coalesce(p.source_nanos, 0) AS time, p.seq, p.status, p.type, {", ".join(sorted(set(VALUE_OF.values())))}
        FROM read_parquet('{historian}/date=*/part-*.parquet') p JOIN '{historian}/streams.parquet' s ON s.id = p.stream
        """
    )
    heads = [column[0] for column in cursor.description]
    return by_stream([dict(zip(heads, row, strict=True)) for row in cursor.fetchall()])


def by_pandas(historian: Path) -> dict[str, list[tuple]]:
    parts = [
        pandas.read_parquet(path, dtype_backend="pyarrow") for path in sorted(historian.glob("date=*/part-*.parquet"))
    ]
    streams = pandas.read_parquet(historian / "streams.parquet")
    rows = pandas.concat(parts, ignore_index=True).merge(streams[["id", "name"]], left_on="stream", right_on="id")
    rows["time"] = rows["source_time"].astype("int64") * 1000 + rows["source_nanos"].fillna(0).astype("int64")
    rows["type"] = rows["type"].astype(str)
    return by_stream(rows.to_dict("records"))


def by_polars(historian: Path) -> dict[str, list[tuple]]:
    streams = polars.scan_parquet(historian / "streams.parquet").select("id", "name")
    rows = (
        polars.scan_parquet(historian / "date=*/part-*.parquet")
        .join(streams, left_on="stream", right_on="id")
        .with_columns(
            (polars.col("source_time").dt.epoch("us") * 1000 + polars.col("source_nanos").fill_null(0)).alias("time"),
            polars.col("type").cast(polars.String),
        )
        .collect()
    )
    return by_stream(rows.to_dicts())


def without_copies(rows: list[tuple]) -> list[tuple]:
    return list(dict.fromkeys(rows))


def first_difference(theirs: list[tuple], ours: list[tuple]) -> object:
    for pair in zip(theirs, ours, strict=False):
        if pair[0] != pair[1]:
            return pair
    return f"{len(theirs)} rows" if len(theirs) == len(ours) else (len(theirs), len(ours))


def views(historian: Path, ours: dict[str, list[tuple]], checks: Checks) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{historian}'")
    connection.execute((historian / "views.sql").read_text())
    for name in NUMBERS:
        expected = sum(1 for row in ours[name] if row[1] == 0)
        found = connection.execute(
            "SELECT count(DISTINCT time) FROM samples WHERE name = $name AND good", {"name": f"line1.{name}"}
        ).fetchone()
        checks.check(f"the view `samples` has the good values of {name}", found == (expected,), found)
    last = connection.execute("SELECT epoch_ns(time) FROM last_values WHERE name = 'line1.State'").fetchone()
    checks.check("the view `last_values` has the last one", last == (ours["State"][-1][0],), last)


def condensed(lockgate: Lockgate, historian: Path, checks: Checks) -> None:
    """The lines of `--every`, by each reader's own means of grouping."""
    for name in NUMBERS:
        answer = json.loads(lockgate("query", name, *DAY, "--json", "--every", f"{BUCKET_SECONDS}s"))
        ours = {nanoseconds(row["time"]): line_of(row, name) for row in answer["buckets"] if row["count"]}
        rows = usable(historian, name)
        theirs = {
            "DuckDB": group_by_duckdb(rows),
            "pandas": group_by_pandas(rows),
            "polars": group_by_polars(rows),
        }
        for reader, lines in theirs.items():
            same = lines.keys() == ours.keys() and all(alike(lines[time], ours[time]) for time in ours)
            seen = next(
                ((lines.get(t), ours[t]) for t in ours if not alike(lines.get(t), ours[t])), f"{len(ours)} lines"
            )
            checks.check(f"{reader} condenses {name} to the same lines", same, seen)
        gaps = [row["time"] for row in answer["buckets"] if row["gap"]]
        expected = (
            ["2026-08-27T07:06:00Z", "2026-08-27T07:07:00Z", "2026-08-27T07:08:00Z"] if name == "Temperature" else []
        )
        checks.check(f"the lines of {name} that touch a gap say so", gaps == expected, gaps)


def line_of(row: dict, name: str) -> tuple:
    def value(member: str) -> float | None:
        if row[member] is None:
            return None
        number = float(row[member]["value"])
        # a 32-bit value is shown with the digits that 32 bits have, and lies in the files as the double next to it
        return struct.unpack("<f", struct.pack("<f", number))[0] if name == "Ratio" else number

    return (row["count"], row["bad"], value("min"), value("max"), row["avg"])


def usable(historian: Path, name: str) -> pandas.DataFrame:
    """The values of a stream as numbers, each once; Bad ones and NaN are none."""
    frame = (
        duckdb.connect()
        .execute(
            f"""
        SELECT DISTINCT p.source_time AS time, p.status >> 30 >= 2 AS bad,
               CASE WHEN bad THEN NULL ELSE coalesce(
                   CASE WHEN isnan(p.value_double) THEN NULL ELSE p.value_double END, p.value_int::DOUBLE,
                   p.value_bool::INTEGER::DOUBLE) END AS number
        FROM read_parquet('{historian}/date=*/part-*.parquet') p JOIN '{historian}/streams.parquet' s ON s.id = p.stream
        WHERE s.name = 'line1.{name}'
        """
        )
        .df()
    )
    frame["time"] = pandas.to_datetime(frame["time"], utc=True).dt.as_unit("ns")
    return frame


def group_by_duckdb(rows: pandas.DataFrame) -> dict[int, tuple]:
    found = duckdb.connect().execute(
        f"""
        SELECT epoch_ns(time) // {BUCKET_SECONDS}_000_000_000 * {BUCKET_SECONDS}_000_000_000 AS start,
               count(*), count(*) FILTER (bad), min(number), max(number), avg(number)
        FROM rows GROUP BY start
        """
    )
    return {row[0]: row[1:] for row in found.fetchall()}


def group_by_pandas(rows: pandas.DataFrame) -> dict[int, tuple]:
    groups = rows.groupby(rows["time"].dt.floor(f"{BUCKET_SECONDS}s"))
    table = groups.agg(
        count=("bad", "size"), bad=("bad", "sum"), min=("number", "min"), max=("number", "max"), avg=("number", "mean")
    )
    return {
        start.as_unit("ns").value: tuple(line)
        for start, line in zip(table.index, table.itertuples(index=False), strict=True)
    }


def group_by_polars(rows: pandas.DataFrame) -> dict[int, tuple]:
    number = polars.col("number").fill_nan(None)
    table = (
        polars.from_pandas(rows)
        .sort("time")
        .group_by_dynamic("time", every=f"{BUCKET_SECONDS}s")
        .agg(
            polars.len(),
            polars.col("bad").sum(),
            number.min().alias("min"),
            number.max().alias("max"),
            number.mean().alias("avg"),
        )
        .with_columns(polars.col("time").dt.epoch("ns"))
    )
    return {row[0]: row[1:] for row in table.rows()}


def alike(a: tuple | None, b: tuple) -> bool:
    """Counts and extremes are the same, means but for the order of summing."""
    if a is None:
        return False

    def same(x: float | None, y: float | None) -> bool:
        if none(x) or none(y):
            return none(x) and none(y)
        return math.isclose(x, y, rel_tol=1e-12)

    return tuple(a[:2]) == tuple(b[:2]) and all(same(x, y) for x, y in zip(a[2:], b[2:], strict=True))


def none(number: float | None) -> bool:
    return number is None or math.isnan(number)


def written(lockgate: Lockgate, ours: dict[str, list[tuple]], checks: Checks) -> None:
    lockgate("query", "Temperature", "State", *DAY, "--format", "parquet", "--out", "raw.parquet")
    lockgate("export", *DAY, "--format", "parquet", "--output", "all.parquet")
    lockgate("query", "Temperature", *DAY, "--every", "1h", "--format", "parquet", "--out", "hours.parquet")
    lockgate("query", "Temperature", *DAY, "--points", "100", "--format", "parquet", "--out", "curve.parquet")
    read = {
        "DuckDB": lambda path: duckdb.connect().execute(f"SELECT * FROM '{path}'").df(),
        "pandas": pandas.read_parquet,
        "polars": lambda path: polars.read_parquet(path).to_pandas(),
    }
    total = sum(len(rows) for rows in ours.values())
    for reader, frame in read.items():
        raw, everything, hours, curve = (
            frame(lockgate.home / f"{name}.parquet") for name in ("raw", "all", "hours", "curve")
        )
        checks.check(f"{reader} opens what export wrote", len(everything) == total, len(everything))
        temperature = raw[raw["name"] == "line1.Temperature"]
        times = [int(time.as_unit("ns").value) for time in temperature["time"]]
        checks.check(
            f"{reader} finds the times that query wrote, to 100 ns", times == [row[0] for row in ours["Temperature"]]
        )
        states = list(raw[raw["name"] == "line1.State"]["text"].dropna())
        checks.check(
            f"{reader} finds the text that query wrote",
            states == [row[3] for row in ours["State"] if row[3] is not None],
        )
        seen = (len(hours), int(hours["count"].sum()), int(hours["gap"].sum()))
        checks.check(f"{reader} opens the hours that query wrote", seen == (2, 7200, 1), seen)
        breaks = sorted(set(curve["break"].dropna()))
        checks.check(f"{reader} opens the curve that query wrote", breaks == ["bad", "gap", "not-a-number"], breaks)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lockgate", type=Path, required=True, help="the binary")
    parser.add_argument("--folder", type=Path, required=True, help="holds data/ as `sample_store` made it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
