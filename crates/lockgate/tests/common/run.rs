//! `lockgate run` in a process of its own, and the counting of what it kept.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests fail by panicking, then show the log, and bound their waiting by the clock"
)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::plant::{Plant, binary};
use super::{Lab, Screen};

/// The thumbprint of our own certificate.
pub(crate) fn our_thumbprint(lab: &Lab) -> String {
    let shown = lab.run(&["--json", "cert", "show"]).json();
    shown["certificates"][0]["thumbprint"].as_str().unwrap().to_owned()
}

/// What the administrator of the plant does before we ever come.
pub(crate) fn plant_trusts_us(lab: &Lab, plant: &Plant) {
    let (file, pki) = (lab.path().join("ours.der"), plant.pki.display().to_string());
    let file = file.display().to_string();
    assert_eq!(lab.run(&["cert", "export", "-o", &file]).code, 0);
    assert_eq!(lab.run(&["trust", "import", &file, "--pki", &pki]).code, 0);
}

/// `source add line1` with a user.
pub(crate) fn add(lab: &Lab, url: &str, more: &[&str], password: &str) -> Screen {
    let command: Vec<&str> = ["source", "add", "line1", url, "--user", "operator", "--password-stdin"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    lab.run_with_input(&command, password)
}

/// A lab with this plant as its source `line1`: trust on both sides, every step sampled, sealing each second, and a face of
/// its own.
pub(crate) fn connected_to(plant: &Plant) -> Lab {
    let lab = Lab::initialised();
    plant_trusts_us(&lab, plant);
    let added = add(&lab, &plant.url, &["--trust", &plant.thumbprint], "practise\n");
    assert_eq!(added.code, 0, "{}", added.page());
    // as often as the plant looks at its values: no step is between two looks
    configure(&lab, "sampling_interval = \"10ms\"\n");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    reconfigure(&lab, "127.0.0.1:8480", &free.to_string());
    reconfigure(&lab, "seal_every = \"1m\"", "seal_every = \"1s\"");
    lab
}

/// Replaces a piece of the configuration, which must be there.
pub(crate) fn reconfigure(lab: &Lab, from: &str, to: &str) {
    let path = lab.path().join("lockgate.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    std::fs::write(&path, text.replace(from, to)).unwrap();
}

/// Adds to the end of the configuration.
pub(crate) fn configure(lab: &Lab, more: &str) {
    let path = lab.path().join("lockgate.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + more).unwrap();
}

/// Asks until it is so; gives up at the deadline.
pub(crate) fn wait_for(at_most: Duration, mut so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + at_most;
    while Instant::now() < deadline {
        if so() {
            return true;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    false
}

/// On a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// The machine is shared with what is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A connector at work, ended with the test.
pub(crate) struct Running {
    pub(crate) process: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// `lockgate run` in the lab.
    pub(crate) fn start(lab: &Lab) -> Self {
        let mut command = binary(lab);
        command.args(["run", "--for", "120s"]).stdout(Stdio::null());
        Self::start_as(command)
    }

    /// `command`, which ends in being a `lockgate run`. Its log is read on, so that it never waits for us.
    pub(crate) fn start_as(mut command: Command) -> Self {
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = process.stderr.take().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = stderr.read(&mut buffer)
                && count > 0
            {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        });
        Self { process, log, reader: Some(reader) }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Lets no file that it writes grow beyond so many bytes, or takes that back. A process of ours, so nobody has to be root.
    pub(crate) fn limit_files(&self, soft: &str) {
        let pid = self.process.id().to_string();
        let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={soft}:")]).status();
        assert!(limited.expect("prlimit is of util-linux, which every Linux has").success());
    }

    /// The most memory that it ever had, in MiB.
    pub(crate) fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").arg(format!("-{name}")).arg(pid).status().unwrap().success());
    }

    /// As a power failure would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// As a service manager would; its exit code, and how long it took.
    pub(crate) fn terminate(&mut self) -> (Option<i32>, Duration) {
        self.signal("TERM");
        let begun = Instant::now();
        let code = self.process.wait().unwrap().code();
        let took = begun.elapsed();
        self.reader.take().unwrap().join().unwrap();
        (code, took)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        if std::thread::panicking() {
            eprintln!("the log of lockgate run:\n{}", self.log());
        }
    }
}

/// `lockgate status --json`, once it can be had.
pub(crate) fn status(lab: &Lab) -> serde_json::Value {
    let shown = lab.run(&["--json", "status"]);
    if shown.code == 0 { shown.json() } else { serde_json::Value::Null }
}

/// Waits until `status --json` is like this.
pub(crate) fn until_status(
    lab: &Lab,
    what: &str,
    so: impl Fn(&serde_json::Value) -> bool,
) -> serde_json::Value {
    let mut last = serde_json::Value::Null;
    let reached = wait_for(PATIENCE, || {
        last = status(lab);
        so(&last)
    });
    assert!(reached, "never {what}: {last:#}\n{}", lab.run(&["status"]).page());
    last
}

/// Waits until Counter0001 has at least so many values.
pub(crate) fn until_counted(lab: &Lab, values: usize) {
    let reached = wait_for(PATIENCE, || counted(lab) >= values);
    assert!(reached, "{} of {values}: {}", counted(lab), lab.run(&["status"]).page());
}

/// How many values of Counter0001 are kept.
pub(crate) fn counted(lab: &Lab) -> usize {
    let queried = lab.run(&["--json", "query", "Counter0001", "--every", "1d"]);
    if queried.code != 0 {
        return 0;
    }
    let buckets = queried.json()["buckets"].as_array().unwrap().clone();
    buckets.iter().map(|bucket| bucket["count"].as_u64().unwrap() as usize).sum()
}

/// Every value of every counter that is kept, by stream, in the order of time.
pub(crate) fn counters(lab: &Lab) -> BTreeMap<String, Vec<(Timestamp, i64)>> {
    let file = lab.path().join("all.jsonl");
    std::fs::remove_file(&file).ok();
    let (file, earlier) = (file.display().to_string(), "-1d");
    let exported = lab.run(&["export", "--from", earlier, "--format", "jsonl", "--output", &file]);
    assert_eq!(exported.code, 0, "{}", exported.page());
    let mut counters: BTreeMap<String, Vec<(Timestamp, i64)>> = BTreeMap::new();
    for line in std::fs::read_to_string(&file).unwrap().lines() {
        let sample: serde_json::Value = serde_json::from_str(line).unwrap();
        let stream = sample["stream"].as_str().unwrap();
        if stream.contains("Counter") {
            let time = sample["time"].as_str().unwrap().parse().unwrap();
            let value = sample["value"].as_i64().unwrap();
            counters.entry(stream.to_owned()).or_default().push((time, value));
        }
    }
    counters
}

/// One line of `lockgate gaps`.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) stream: Option<String>,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) reason: String,
}

pub(crate) fn gaps(lab: &Lab) -> Vec<Gap> {
    let listed = lab.run(&["--json", "gaps"]).json();
    assert_eq!(listed["truncated"], false);
    let time = |gap: &serde_json::Value, key: &str| gap[key].as_str().unwrap().parse().unwrap();
    let gap = |gap: &serde_json::Value| Gap {
        stream: gap["stream"].as_str().map(str::to_owned),
        from: time(gap, "from"),
        to: time(gap, "to"),
        reason: gap["reason"].as_str().unwrap().to_owned(),
    };
    listed["gaps"].as_array().unwrap().iter().map(gap).collect()
}

/// Recounts: each counter steps by one, nothing is there twice, and where a step is missing (or a plant that was started
/// anew counts from the beginning) the ledger has the time between the two values. Gives back how many values there are.
pub(crate) fn assert_accounted(lab: &Lab, streams: usize) -> usize {
    let (counters, gaps) = (counters(lab), gaps(lab));
    assert_eq!(counters.len(), streams, "{:?}", counters.keys());
    for (stream, values) in &counters {
        for pair in values.windows(2) {
            let ((before, left), (after, right)) = (pair[0], pair[1]);
            if right == left + 1 {
                continue;
            }
            let on_ledger = gaps.iter().any(|gap| {
                let concerned =
                    gap.stream.as_ref().is_none_or(|concerned| stream.ends_with(concerned.as_str()));
                concerned && gap.from < after && gap.to > before
            });
            assert!(
                on_ledger,
                "{stream}: {left} at {before}, then {right} at {after}, and the ledger has {gaps:#?}"
            );
        }
    }
    counters.values().map(Vec::len).sum()
}
