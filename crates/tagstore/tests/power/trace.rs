//! What a process did to its files, in its order, as `record.c` wrote it down.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

/// One call that changed something.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// Makes a name, if there was none.
    Create(PathBuf),
    Empty(PathBuf),
    Write {
        path: PathBuf,
        at: u64,
        bytes: Rc<[u8]>,
    },
    Cut {
        path: PathBuf,
        length: u64,
    },
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    Folder(PathBuf),
    /// The process said something about what it does.
    Mark(String),
}

/// Into this file below the root the process writes what it says.
pub(crate) const MARKS: &str = "marks";

/// Compiles the recorder.
pub(crate) fn recorder(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power/record.c");
    let library = folder.join("record.so");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let status = Command::new(compiler)
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([library.as_os_str(), source.as_os_str(), "-ldl".as_ref(), "-lpthread".as_ref()])
        .status();
    assert!(status.expect("a C compiler, as for SQLite").success(), "the recorder does not compile");
    library
}

/// Reads the records; paths are below the root.
pub(crate) fn read(trace: &[u8], root: &Path) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut open: HashMap<i32, PathBuf> = HashMap::new();
    let mut at = 0;
    while at < trace.len() {
        let what = trace[at];
        let number = |from: usize| i64::from_le_bytes(trace[at + from..at + from + 8].try_into().unwrap());
        let file = i32::from_le_bytes(trace[at + 1..at + 5].try_into().unwrap());
        let value = number(5);
        let (first, second) = (usize::try_from(number(13)).unwrap(), usize::try_from(number(21)).unwrap());
        let begin = at + 29;
        let (a, b) = (&trace[begin..begin + first], &trace[begin + first..begin + first + second]);
        at = begin + first + second;
        let path = |bytes: &[u8]| {
            let path = Path::new(std::str::from_utf8(bytes).unwrap());
            path.strip_prefix(root).unwrap().to_owned()
        };
        let of_file = |open: &HashMap<i32, PathBuf>| open[&file].clone();
        match what {
            b'o' => {
                let path = path(a);
                if value & i64::from(O_CREAT) != 0 {
                    calls.push(Call::Create(path.clone()));
                }
                if value & i64::from(O_TRUNC) != 0 {
                    calls.push(Call::Empty(path.clone()));
                }
                open.insert(file, path);
            }
            b'd' => {
                let path = of_file(&open);
                open.insert(i32::try_from(value).unwrap(), path);
            }
            b'c' => drop(open.remove(&file)),
            b'w' => {
                let path = of_file(&open);
                if path == Path::new(MARKS) {
                    calls.push(Call::Mark(String::from_utf8(a.to_vec()).unwrap().trim_end().to_owned()));
                } else {
                    calls.push(Call::Write { path, at: u64::try_from(value).unwrap(), bytes: a.into() });
                }
            }
            b't' => calls.push(Call::Cut { path: of_file(&open), length: u64::try_from(value).unwrap() }),
            b's' => calls.push(Call::Sync(of_file(&open))),
            b'r' => {
                let (from, to) = (path(a), path(b));
                open.values_mut().filter(|path| **path == from).for_each(|path| path.clone_from(&to));
                calls.push(Call::Rename(from, to));
            }
            b'l' => calls.push(Call::Link(path(a), path(b))),
            b'u' => calls.push(Call::Remove(path(a))),
            b'm' => calls.push(Call::Folder(path(a))),
            other => panic!("record {other}"),
        }
    }
    calls.retain(|call| !about_memory(call));
    calls
}

/// SQLite's index of the WAL is memory that processes share, made anew after a power cut, and the lock has no content that
/// counts.
fn about_memory(call: &Call) -> bool {
    let (Call::Create(path)
    | Call::Empty(path)
    | Call::Write { path, .. }
    | Call::Cut { path, .. }
    | Call::Sync(path)
    | Call::Remove(path)) = call
    else {
        return false;
    };
    is_memory(path)
}

pub(crate) fn is_memory(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.ends_with("-shm") || path.ends_with(".lock") || path == MARKS)
}

const O_CREAT: i32 = 0o100;
const O_TRUNC: i32 = 0o1000;
