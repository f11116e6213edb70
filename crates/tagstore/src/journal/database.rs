//! Opening, making and recognising the database.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::{DiskTrouble, Error};

/// How much a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) enum Sync {
    /// For the disk.
    Full,
    /// For the operating system.
    Normal,
}

pub(in crate::journal) fn open_for_writing(path: &Path, sync: Sync) -> Result<Connection, Error> {
    let sql = |e: rusqlite::Error| Error::sqlite(path, &e);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sql)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sql)?;
    let state = inspect(&connection, path)?;
    if let State::Ours(version) = state {
        upgrade(&mut connection, version).map_err(sql)?;
    } else {
        create(&mut connection).map_err(sql)?;
        // the names of the new files are durable, too
        if let Some(folder) = path.parent() {
            crate::historian::files::sync_folder(folder)?;
        }
    }
    connection
        .execute_batch(match sync {
            Sync::Full => "PRAGMA synchronous=FULL",
            Sync::Normal => "PRAGMA synchronous=NORMAL",
        })
        .map_err(sql)?;
    connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES).map_err(sql)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEEP_BYTES).map_err(sql)?;
    Ok(connection)
}

/// From now on this connection may not let the file grow beyond so many bytes; `None`: as far as the disk goes.
pub(super) fn limit_growth(connection: &Connection, max_bytes: Option<u64>) -> rusqlite::Result<()> {
    let pages = max_bytes.map_or(MOST_PAGES, |bytes| (bytes / PAGE_BYTES).clamp(1, MOST_PAGES));
    // answers with the new limit, which is larger than asked when the file already is
    connection.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(()))
}

/// Of the file: what is not free for the next rows.
pub(crate) fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pages = |pragma: &str| connection.query_row(pragma, [], |row| super::read::unsigned(row, 0));
    let used = pages("PRAGMA page_count")?.saturating_sub(pages("PRAGMA freelist_count")?);
    Ok(used.saturating_mul(PAGE_BYTES))
}

/// For another process. In WAL mode even a reader writes to the `-shm` file, so the folder should be writable to it. If
/// it is not (a backup on a read-only medium) and the journal was closed properly, it is read as it lies.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, Error> {
    if !path.exists() {
        return Err(Error::NoJournal { path: path.to_owned() });
    }
    match open_shared(path) {
        Err(Error::Disk { trouble: DiskTrouble::Permission | DiskTrouble::ReadOnly, .. })
            if was_closed(path) =>
        {
            open_immutable(path)
        }
        result => result,
    }
}

fn open_shared(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| Error::sqlite(path, &e))?;
    recognise(connection, path)
}

fn open_immutable(path: &Path) -> Result<Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let connection = Connection::open_with_flags(uri, flags).map_err(|e| Error::sqlite(path, &e))?;
    recognise(connection, path)
}

fn recognise(connection: Connection, path: &Path) -> Result<Connection, Error> {
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|e| Error::sqlite(path, &e))?;
    match inspect(&connection, path)? {
        State::Ours(_) => Ok(connection),
        // the writer is just making it
        State::Empty => Err(Error::NoJournal { path: path.to_owned() }),
    }
}

/// The last writer takes the WAL away when it closes; one that is there holds what the database file does not.
fn was_closed(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    std::fs::metadata(wal).map_or(true, |wal| wal.len() == 0)
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Empty,
    /// With this version of the layout.
    Ours(u32),
}

fn inspect(connection: &Connection, path: &Path) -> Result<State, Error> {
    let number = |pragma: &str| -> Result<i64, Error> {
        connection
            .query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
            .map_err(|e| Error::sqlite(path, &e))
    };
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| Error::sqlite(path, &e))?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(State::Empty);
    }
    if application != APPLICATION_ID {
        let detail = "it is another application's SQLite database".to_owned();
        return Err(Error::NotOurs { what: "journal", path: path.to_owned(), detail });
    }
    let found = u32::try_from(version).unwrap_or(u32::MAX);
    if found > LAYOUT {
        return Err(Error::NewerFormat { what: "journal", found, known: LAYOUT });
    }
    Ok(State::Ours(found))
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    // both must be said before the first page is written
    connection.execute_batch(&format!("PRAGMA page_size={PAGE_BYTES}; PRAGMA auto_vacuum=INCREMENTAL;"))?;
    connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", 1)?;
    transaction.commit()?;
    upgrade(connection, 1)
}

/// Brings an older layout up to ours, all or nothing.
fn upgrade(connection: &mut Connection, version: u32) -> rusqlite::Result<()> {
    if version < 2 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(COMPACTION)?;
        transaction.pragma_update(None, "user_version", 2)?;
        transaction.commit()?;
    }
    if version < 3 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(GAP_INDEX)?;
        transaction.pragma_update(None, "user_version", 3)?;
        transaction.commit()?;
    }
    if version < 4 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(super::filling::LAYOUT)?;
        transaction.pragma_update(None, "user_version", 4)?;
        transaction.commit()?;
    }
    if version < 5 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(MEANING)?;
        transaction.pragma_update(None, "user_version", 5)?;
        transaction.commit()?;
    }
    if version < 6 {
        // nothing moves, but samples may be events from now on, which an older version takes for damage
        connection.pragma_update(None, "user_version", 6)?;
    }
    if version < 7 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(super::quota::LAYOUT)?;
        transaction.pragma_update(None, "user_version", 7)?;
        transaction.commit()?;
    }
    Ok(())
}

const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
pub(super) const PAGE_BYTES: u64 = 4096;
/// SQLite's own limit.
const MOST_PAGES: u64 = 4_294_967_294;
/// 64 MiB of WAL. Normally the historian's thread checkpoints long before (see `Journal::trim`), so that no append
/// waits for it.
const AUTOCHECKPOINT_PAGES: i64 = 16_384;
const WAL_KEEP_BYTES: i64 = 64 << 20;
/// "LGJ1"
const APPLICATION_ID: i64 = 0x4c47_4a31;
const LAYOUT: u32 = 7;

/// Layout 5: what a stream's values can be.
const MEANING: &str = "
ALTER TABLE stream ADD COLUMN range_low REAL;
ALTER TABLE stream ADD COLUMN range_high REAL;
ALTER TABLE stream ADD COLUMN states TEXT;
UPDATE meta SET value = value + 1 WHERE key = 'streams_version';
";

/// Layout 1.
const SCHEMA: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('id', lower(hex(randomblob(16)))), ('streams_version', 0);
CREATE TABLE stream (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    data_type TEXT,
    unit TEXT,
    description TEXT
) STRICT;
CREATE TABLE batch (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    committed_at INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    first_stream INTEGER NOT NULL,
    last_stream INTEGER NOT NULL,
    blob BLOB NOT NULL
) STRICT;
CREATE TABLE state (key TEXT PRIMARY KEY, blob BLOB NOT NULL) STRICT;
CREATE TABLE gap (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    stream INTEGER REFERENCES stream (id),
    from_time INTEGER NOT NULL,
    to_time INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE TABLE source_status (source TEXT PRIMARY KEY, json TEXT NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE TABLE cursor (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
INSERT INTO cursor VALUES ('historian', 0);
CREATE TABLE seal_plan (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    date TEXT NOT NULL,
    planned_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sealed_file (
    first_seq INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    path TEXT NOT NULL UNIQUE,
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    first_stream INTEGER NOT NULL,
    last_stream INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE damaged (
    seq INTEGER PRIMARY KEY,
    committed_at INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    blob BLOB NOT NULL,
    detail TEXT NOT NULL,
    found_at INTEGER NOT NULL
) STRICT;
";

/// Layout 3: to count the gaps of a source, and to find the last one of a stream.
const GAP_INDEX: &str = "CREATE INDEX IF NOT EXISTS gap_of ON gap (source, stream, reason);";

/// Layout 2.
const COMPACTION: &str = "
ALTER TABLE sealed_file ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
CREATE TABLE merge_plan (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    level INTEGER NOT NULL
) STRICT;
CREATE TABLE obsolete_file (path TEXT PRIMARY KEY) STRICT;
";
