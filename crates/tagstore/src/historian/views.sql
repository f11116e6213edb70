-- Views on the lockgate historian for DuckDB:
--
--     cd historian && duckdb -init views.sql
--     SELECT time, value FROM samples WHERE name = 'line1.Plant.Level' ORDER BY time DESC LIMIT 10;
--
-- Samples appear here once they are sealed, about a minute after they were received.
-- "time" is the source time, else the server time, else the time of receipt (all UTC).
-- "date" is the day of receipt: a cheap way to look at some files only.
-- A value that came again (live, and from the server's history) is there as often as it came. To have it once:
--     SELECT DISTINCT ON (stream, source_time, status >> 16, text) * FROM samples ...;

CREATE OR REPLACE VIEW streams AS
SELECT * FROM read_parquet('streams.parquet');

CREATE OR REPLACE VIEW samples AS
SELECT
    s.name,
    s.source,
    s.unit,
    coalesce(p.source_time, p.server_time, p.receive_time) AS time,
    coalesce(
        p.value_double,
        CAST(p.value_int AS DOUBLE),
        CAST(p.value_uint AS DOUBLE),
        CAST(CAST(p.value_bool AS INTEGER) AS DOUBLE)
    ) AS value,
    coalesce(
        p.value_text,
        CASE WHEN p.type = 'float' THEN CAST(CAST(p.value_double AS FLOAT) AS VARCHAR) END,
        CAST(p.value_double AS VARCHAR),
        CAST(p.value_int AS VARCHAR),
        CAST(p.value_uint AS VARCHAR),
        CAST(p.value_bool AS VARCHAR),
        lower(hex(p.value_bytes))
    ) AS text,
    p.status,
    p.status >> 30 = 0 AS good,
    p.type,
    p.source_time,
    p.server_time,
    p.receive_time,
    p.stream,
    p.seq,
    p.date
FROM read_parquet('date=*/part-*.parquet', hive_partitioning = true, hive_types = {'date': DATE}) AS p
LEFT JOIN streams AS s ON s.id = p.stream
WHERE p.type <> 'event';

-- Alarms and events, each once. "record" is all of it as JSON; the fields of its own type are in "fields":
--     SELECT time, source_name, message, fields -> 'BatchNumber' ->> 'Value' FROM events WHERE severity >= 500;
CREATE OR REPLACE VIEW events AS
SELECT DISTINCT ON (p.stream, time, coalesce(event_id, record))
    s.name,
    s.source,
    coalesce(p.source_time, p.server_time, p.receive_time) AS time,
    CAST(p.value_text ->> '$.severity' AS INTEGER) AS severity,
    p.value_text ->> '$.source_name' AS source_name,
    p.value_text ->> '$.message' AS message,
    p.value_text ->> '$.type_name' AS type_name,
    p.value_text ->> '$.condition.name' AS condition_name,
    CAST(p.value_text ->> '$.condition.active' AS BOOLEAN) AS active,
    CAST(p.value_text ->> '$.condition.acknowledged' AS BOOLEAN) AS acknowledged,
    CAST(p.value_text ->> '$.condition.confirmed' AS BOOLEAN) AS confirmed,
    CAST(p.value_text ->> '$.condition.enabled' AS BOOLEAN) AS enabled,
    CAST(p.value_text ->> '$.condition.retain' AS BOOLEAN) AS retain,
    p.value_text ->> '$.condition.id' AS condition_id,
    p.value_text ->> '$.condition.branch' AS branch_id,
    p.value_text ->> '$.event_id' AS event_id,
    p.value_text ->> '$.event_type' AS event_type,
    p.value_text ->> '$.source_node' AS source_node,
    p.value_text -> '$.fields' AS fields,
    p.value_text AS record,
    p.server_time,
    p.receive_time,
    p.stream,
    p.seq,
    p.date
FROM read_parquet('date=*/part-*.parquet', hive_partitioning = true, hive_types = {'date': DATE}) AS p
LEFT JOIN streams AS s ON s.id = p.stream
WHERE p.type = 'event'
ORDER BY p.stream, time, p.seq;

CREATE OR REPLACE VIEW last_values AS
SELECT latest.* FROM (
    SELECT arg_max(samples, {'time': samples.time, 'seq': samples.seq}) AS latest
    FROM samples
    GROUP BY samples.stream
)
ORDER BY latest.name;
