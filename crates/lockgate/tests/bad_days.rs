//! Bad days of a whole `lockgate run`: disks that take nothing, bursts, sinks that hang, a journal that is full. Whatever happens,
//! every step of every counter is there or on the ledger, and status says what is wrong and what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking, say which way they take, and bound their waiting by the clock"
)]

mod common;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::Lab;
use common::plant::{Plant, binary};
use common::run::{
    Running, assert_accounted, configure, connected_to, counted, counters, gaps, reconfigure, status,
    until_counted, until_status, wait_for,
};
use tagstore::{
    Commit, DiskTrouble, HISTORIAN_DIR, Historian, JOURNAL_FILE, Journal, JournalOptions, NewStream, Sample,
    SampleBatch, SealOptions, Seq, Value,
};

/// What a person who waits for the end will bear, with some room for a machine that does other things too.
const END: Duration = Duration::from_secs(11);
/// A debug build with its caches; growth would go far beyond.
const MOST_MIB: u64 = 256;

#[test]
fn a_disk_that_takes_nothing_for_a_while_costs_no_value_and_status_says_what_to_do() {
    let plant = Plant::start_elsewhere();
    let lab = connected_to(&plant);
    let mut running = Running::start(&lab);
    until_counted(&lab, 4);

    running.limit_files("0");
    let seen = until_status(&lab, "in trouble", |status| !status["storage"]["trouble"].is_null());
    assert_eq!(seen["running"], true);
    assert_eq!(seen["sources"][0]["state"], "storage failed");
    let next = seen["storage"]["trouble"]["next_step"].as_str().unwrap();
    assert!(next.contains("make room on the disk"), "{next}");
    let shown = lab.run(&["status"]);
    assert!(shown.stdout.contains("unable to write anything for"), "{}", shown.page());
    let refused = counted(&lab);
    assert!(running.lives(), "it waits for the disk");
    assert!(running.log().contains("samples cannot be made durable; trying again"), "{}", running.log());
    assert!(running.log().contains("no space left"), "{}", running.log());

    running.limit_files("unlimited");
    until_status(&lab, "flowing again", |status| {
        status["storage"]["trouble"].is_null() && status["sources"][0]["state"] == "flowing"
    });
    until_counted(&lab, refused + 20);
    assert!(running.peak_mib() < MOST_MIB, "{} MiB", running.peak_mib());
    let (code, took) = running.terminate();
    assert_eq!(code, Some(0), "{}", running.log());
    assert!(took < END, "{took:?}");
    assert_accounted(&lab, 5);
}

#[test]
fn told_to_end_while_its_disk_takes_nothing_it_ends_in_time_and_goes_on_without_loss() {
    let plant = Plant::start_elsewhere();
    let lab = connected_to(&plant);
    let mut running = Running::start(&lab);
    until_counted(&lab, 4);
    running.limit_files("0");
    assert!(
        wait_for(Duration::from_secs(10), || running.log().contains("trying again")),
        "{}",
        running.log()
    );
    let (code, took) = running.terminate();
    assert_eq!(code, Some(8), "{}", running.log());
    assert!(took < END, "{took:?}");
    assert!(running.log().contains("error[run.drain_timed_out]"), "{}", running.log());

    let before = counted(&lab);
    let mut again = Running::start(&lab);
    until_counted(&lab, before + 10);
    assert_eq!(again.terminate().0, Some(0));
    assert_accounted(&lab, 5);
}

#[test]
fn killed_while_its_disk_is_read_only_it_goes_on_with_what_was_never_acknowledged() {
    let plant = Plant::start_elsewhere();
    let lab = connected_to(&plant);
    let mut running = Running::start(&lab);
    until_counted(&lab, 4);
    let read_only = ReadOnly::make(&lab, &running);
    assert!(
        wait_for(Duration::from_secs(10), || running.log().contains("trying again")),
        "{}",
        running.log()
    );
    let before = counted(&lab);
    // the plant counts on, and hands over what nobody may acknowledge
    let said = || running.log().matches("samples cannot be made durable").count();
    assert!(wait_for(Duration::from_secs(15), || said() >= 3), "{}", running.log());
    assert_eq!(counted(&lab), before);
    running.kill();
    drop(read_only);

    let mut again = Running::start(&lab);
    until_counted(&lab, before + 15);
    assert_eq!(again.terminate().0, Some(0));
    assert_accounted(&lab, 5);
    assert!(gaps(&lab).is_empty(), "the plant keeps what is not acknowledged: {:?}", gaps(&lab));
}

#[test]
fn a_historian_that_cannot_be_written_is_named_and_the_journal_keeps_everything() {
    let plant = Plant::start_elsewhere();
    let lab = connected_to(&plant);
    let historian = lab.path().join("data").join(HISTORIAN_DIR);
    let mut running = Running::start_as(bound_by_modes(&lab, &["run", "--for", "120s"]));
    until_status(&lab, "sealing", |status| status["storage"]["sealed_files"].as_u64().is_some_and(|n| n > 0));
    set_modes(&historian, 0o555);
    let seen = until_status(&lab, "named", |status| !status["storage"]["historian_trouble"].is_null());
    let trouble = &seen["storage"]["historian_trouble"];
    assert!(trouble["detail"].as_str().unwrap().contains("permission denied"), "{trouble}");
    assert!(trouble["next_step"].as_str().unwrap().contains("writable for lockgate"), "{trouble}");
    assert!(lab.run(&["status"]).stdout.contains("\nhistorian: "), "{}", lab.run(&["status"]).page());
    until_counted(&lab, counted(&lab) + 4);
    let still = status(&lab);
    assert_eq!(still["sources"][0]["state"], "flowing", "{still:#}");

    set_modes(&historian, 0o755);
    let healed = |status: &serde_json::Value| {
        status["storage"]["historian_trouble"].is_null()
            && status["storage"]["sealed_rows"].as_u64() > seen["storage"]["sealed_rows"].as_u64()
    };
    until_status(&lab, "sealing again", healed);
    assert_eq!(running.terminate().0, Some(0));
    assert_accounted(&lab, 5);
    assert!(gaps(&lab).is_empty(), "{:?}", gaps(&lab));
}

#[test]
fn a_data_folder_that_cannot_be_written_is_refused_at_the_start_with_what_to_do() {
    let plant = Plant::start_elsewhere();
    let lab = connected_to(&plant);
    let mut running = Running::start(&lab);
    until_counted(&lab, 2);
    assert_eq!(running.terminate().0, Some(0));
    let (data, before) = (lab.path().join("data"), counted(&lab));
    set_modes(&data, 0o555);

    let refused = || {
        let output = bound_by_modes(&lab, &["run", "--for", "5s"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = refused();
    assert_eq!(code, Some(9), "{said}");
    assert!(said.contains("error[storage.failed]") && said.contains("permission denied"), "{said}");
    assert!(said.contains("this user may use it"), "{said}");
    let read = bound_by_modes(&lab, &["query", "Counter0001"]).output().unwrap();
    assert_eq!(read.status.code(), Some(0), "what is there can be read: {read:?}");

    set_modes(&data, 0o755);
    assert_eq!(counted(&lab), before, "nothing was touched");
    set_modes_of(lab.path(), 0o555);
    reconfigure(&lab, "data = \"data\"", "data = \"elsewhere/data\"");
    let (code, said) = refused();
    set_modes_of(lab.path(), 0o755);
    assert_eq!(code, Some(9), "{said}");
    assert!(said.contains("elsewhere/data"), "{said}");
}

#[test]
fn ten_times_the_rate_is_taken_and_nothing_is_lost_in_silence() {
    let mut plant = Plant::start_elsewhere_at_rate("250", "250");
    let lab = connected_to(&plant);
    let mut running = Running::start(&lab);
    let rate = |status: &serde_json::Value| {
        status["sources"][0]["last"]["values_per_second"].as_f64().unwrap_or_default()
    };
    until_status(&lab, "at its rate", |status| rate(status) > 200.0);
    plant.kill();
    until_status(&lab, "unreachable", |status| status["sources"][0]["state"] == "unreachable");
    plant.start_again_with(&["--counters", "250", "--rate", "2500"]);
    until_status(&lab, "at ten times its rate", |status| rate(status) > 2000.0);
    let seen = until_status(&lab, "well", |status| status["sources"][0]["state"] == "flowing");
    assert!(running.peak_mib() < MOST_MIB, "{} MiB", running.peak_mib());
    let (code, took) = running.terminate();
    assert_eq!(code, Some(0), "{}", running.log());
    assert!(took < END, "{took:?}");
    let kept = assert_accounted(&lab, 250);
    assert!(kept > 10_000, "{kept} {seen:#}");
    assert!(gaps(&lab).iter().any(|gap| gap.reason == "server-restart"), "{:?}", gaps(&lab));
}

#[test]
fn sinks_that_hang_hold_up_nobody_are_named_and_do_not_delay_the_end() {
    let plant = Plant::start_elsewhere_at_rate("50", "500");
    let lab = connected_to(&plant);
    let (first, second) = (Deaf::listen(), Deaf::listen());
    for (name, deaf) in [("pi", &first), ("edge", &second)] {
        let url = &deaf.url;
        configure(
            &lab,
            &format!(
                "\n[[sink]]\nname = \"{name}\"\nkind = \"omf\"\ntarget = \"edge-data-store\"\nurl = \"{url}\"\nevery = \"1s\"\n"
            ),
        );
    }
    configure(&lab, "\n[[sink]]\nname = \"pipe\"\nkind = \"stdout\"\nevery = \"1s\"\n");
    let mut command = binary(&lab);
    command.args(["run", "--for", "120s"]).stdout(Stdio::piped());
    let mut running = Running::start_as(command);
    let seen = until_status(&lab, "hanging", |status| {
        status["sinks"].as_array().is_some_and(|sinks| sinks.iter().all(|sink| sink["state"] == "hanging"))
    });
    for (sink, place) in [(0, first.url.as_str()), (1, second.url.as_str()), (2, "standard output")] {
        let next = seen["sinks"][sink]["next_step"].as_str().unwrap();
        assert!(next.contains(place), "{next}");
    }
    let text = lab.run(&["status"]);
    assert!(text.stdout.contains("pi: a delivery does not end"), "{}", text.page());
    let sealed = |status: &serde_json::Value| status["storage"]["sealed_rows"].as_u64().unwrap();
    let later = until_status(&lab, "sealing on", |status| sealed(status) > sealed(&seen));
    assert_eq!(later["sources"][0]["state"], "flowing", "{later:#}");
    assert!(running.peak_mib() < MOST_MIB, "{} MiB", running.peak_mib());
    let (code, took) = running.terminate();
    assert_eq!(code, Some(0), "{}", running.log());
    assert!(took < END, "{took:?}");
    let mut read = String::new();
    running.process.stdout.take().unwrap().read_to_string(&mut read).unwrap();

    // another process gets what the hung one never read
    let file = lab.path().join("read.jsonl");
    let mut command = binary(&lab);
    command.args(["run", "--for", "120s"]).stdout(std::fs::File::create(&file).unwrap());
    let mut again = Running::start_as(command);
    until_status(&lab, "caught up", |status| {
        let pipe = &status["sinks"][2];
        pipe["state"] == "delivering" && pipe["waiting_values"].as_u64().is_some_and(|waiting| waiting < 2000)
    });
    assert_eq!(again.terminate().0, Some(0), "{}", again.log());
    read.push('\n');
    read.push_str(&std::fs::read_to_string(&file).unwrap());
    // a line that the end of the first process cut is whole in what the second wrote
    let lines = read.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let handed_on: BTreeSet<(String, i64)> = lines
        .filter_map(|line| Some((line["stream"].as_str()?.to_owned(), line["value"].as_i64()?)))
        .collect();
    assert_accounted(&lab, 50);
    for (stream, values) in counters(&lab) {
        let missing =
            values.iter().filter(|(_, value)| !handed_on.contains(&(stream.clone(), *value))).count();
        assert_eq!(missing, 0, "{stream}: {} values", values.len());
    }
}

#[test]
fn a_full_journal_lets_the_oldest_go_that_a_sink_misses_and_the_historian_keeps_them() {
    let plant = Plant::start_elsewhere_at_rate("50", "500");
    let lab = connected_to(&plant);
    let old = fill_journal_for_a_sink_that_is_down(&lab, "drop-oldest", Sealed::Yes);
    let mut running = Running::start(&lab);
    let seen = until_status(&lab, "dropping", |status| {
        status["sinks"][0]["missed"].as_array().is_some_and(|missed| !missed.is_empty())
    });
    let missed = &seen["sinks"][0]["missed"][0];
    assert_eq!((&missed["reason"], &missed["in_historian"]), (&"journal-full".into(), &true.into()));
    assert_eq!(missed["source"], "line1");
    let text = lab.run(&["status"]);
    assert!(
        text.stdout.contains("pi: misses ") && text.stdout.contains("the journal was full"),
        "{}",
        text.page()
    );
    until_counted(&lab, 10);
    let later = until_status(&lab, "flowing beside a sink that fails", |status| {
        status["sources"][0]["state"] == "flowing" && status["sinks"][0]["state"] == "failing"
    });
    let used = later["storage"]["journal_used_bytes"].as_u64().unwrap();
    assert!(used <= LIMIT, "{used}");
    assert!(running.peak_mib() < MOST_MIB, "{} MiB", running.peak_mib());
    assert_eq!(running.terminate().0, Some(0), "{}", running.log());
    assert_accounted(&lab, 50);
    assert!(gaps(&lab).is_empty(), "nothing is lost: {:?}", gaps(&lab));
    assert_eq!(old_values(&lab).len() as u64, old, "what was sealed stays");
    let ledger = lab.run(&["--json", "gaps"]).json();
    assert_eq!(ledger["sinks"][0]["sink"], "pi");
    assert!(ledger["sinks"][0]["values"].as_u64().unwrap() > 0, "{ledger:#}");
}

#[test]
fn a_full_journal_whose_historian_cannot_write_lets_the_oldest_go_and_the_ledger_has_them() {
    let plant = Plant::start_elsewhere_at_rate("50", "500");
    let lab = connected_to(&plant);
    let old = fill_journal_for_a_sink_that_is_down(&lab, "drop-oldest", Sealed::No);
    let before = old_values(&lab);
    assert_eq!(before.len() as u64, old);
    let historian = lab.path().join("data").join(HISTORIAN_DIR);
    set_modes(&historian, 0o555);
    let mut running = Running::start_as(bound_by_modes(&lab, &["run", "--for", "120s"]));
    let seen = until_status(&lab, "dropping", |status| status["storage"]["gaps"].as_u64() > Some(0));
    assert!(!seen["storage"]["historian_trouble"].is_null(), "{seen:#}");
    until_counted(&lab, 10);
    assert_eq!(status(&lab)["sources"][0]["state"], "flowing");
    set_modes(&historian, 0o755);
    // it delivers once more before it ends, whenever it would have tried again
    assert_eq!(running.terminate().0, Some(0), "{}", running.log());
    assert_accounted(&lab, 50);
    let (after, gaps) = (old_values(&lab), gaps(&lab));
    assert!(after.len() < before.len(), "something had to go");
    assert!(gaps.iter().all(|gap| gap.reason == "quota"), "{gaps:?}");
    for time in before.difference(&after) {
        let end = *time + jiff::SignedDuration::from_secs(1);
        assert!(gaps.iter().any(|gap| gap.from < end && *time <= gap.to), "{time} is in none of {gaps:?}");
    }
    let young = before.iter().next_back().unwrap();
    assert!(after.contains(young), "the oldest go first");
}

#[test]
fn a_full_journal_that_waits_says_which_setting_helps_and_goes_on_when_the_sink_is_taken_out() {
    let plant = Plant::start_elsewhere();
    let lab = connected_to(&plant);
    fill_journal_for_a_sink_that_is_down(&lab, "wait", Sealed::Yes);
    let mut running = Running::start(&lab);
    let seen =
        until_status(&lab, "storage failed", |status| status["sources"][0]["state"] == "storage failed");
    let detail = seen["sources"][0]["last"]["detail"].as_str().unwrap();
    assert!(detail.contains("the journal has reached its limit"), "{detail}");
    let next = seen["sources"][0]["next_step"].as_str().unwrap();
    assert!(next.contains("journal_max_mib") && next.contains("lockgate status"), "{next}");

    let path = lab.path().join("lockgate.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (without, _) = text.split_once("\n[[sink]]").unwrap();
    std::fs::write(&path, without).unwrap();
    running.signal("HUP");
    until_status(&lab, "flowing", |status| status["sources"][0]["state"] == "flowing");
    until_counted(&lab, 20);
    assert_eq!(running.terminate().0, Some(0), "{}", running.log());
    assert_accounted(&lab, 5);
}

/// Of the journal, the least that can be configured.
const LIMIT: u64 = 16 << 20;

/// Whether the historian has taken what is in the journal.
#[derive(PartialEq)]
enum Sealed {
    Yes,
    No,
}

/// Configures a sink where nobody listens, and a journal that is full of what waits for it, of three hours ago. Says how
/// many values that are.
fn fill_journal_for_a_sink_that_is_down(lab: &Lab, when_full: &str, sealed: Sealed) -> u64 {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    configure(
        lab,
        &format!(
            "\n[[sink]]\nname = \"pi\"\nkind = \"omf\"\ntarget = \"edge-data-store\"\nurl = \"http://{nobody}/omf\"\n"
        ),
    );
    reconfigure(lab, "# journal_max_mib = 4096", "journal_max_mib = 16");
    reconfigure(lab, "# journal_full = \"wait\"", &format!("journal_full = \"{when_full}\""));
    let data = lab.path().join("data");
    let mut options = JournalOptions::default();
    options.max_bytes = Some(LIMIT);
    let mut journal = Journal::open(data.join(JOURNAL_FILE), options).unwrap();
    let stream = NewStream {
        key: "old".into(),
        name: "line1.Old".into(),
        source: "line1".into(),
        ..NewStream::default()
    };
    let stream = journal.register_streams(&[stream]).unwrap()[0];
    journal.advance("pi", Seq::ZERO).unwrap();
    let begin = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(3);
    let (mut count, mut size) = (0, 400_000);
    let mut noise = noise();
    while size > 0 {
        let noise: Vec<u8> = (0..size / 8).flat_map(|_| noise.next().unwrap()).collect();
        let time = (begin + jiff::SignedDuration::from_secs(count)).into();
        let value = Value::Bytes(&noise);
        let mut batch = SampleBatch::new();
        batch.push(Sample {
            stream,
            source_time: time,
            server_time: time,
            receive_time: time,
            status: 0,
            value,
        });
        match journal.append(&Commit { batches: &[&batch], now: time, ..Commit::default() }) {
            Ok(_) => count += 1,
            Err(tagstore::Error::Disk { trouble: DiskTrouble::Limit, .. }) => size /= 2,
            Err(error) => panic!("{error}"),
        }
    }
    let historian = Historian::open(data.join(HISTORIAN_DIR)).unwrap();
    while sealed == Sealed::Yes
        && historian.seal(&mut journal, &SealOptions::default(), begin.into()).unwrap().is_some()
    {}
    u64::try_from(count).unwrap()
}

/// What does not compress.
fn noise() -> impl Iterator<Item = [u8; 8]> {
    std::iter::successors(Some(0x9E37_79B9_7F4A_7C15_u64), |last| {
        let once = last ^ (last << 13);
        let twice = once ^ (once >> 7);
        Some(twice ^ (twice << 17))
    })
    .map(u64::to_le_bytes)
}

/// The seconds of what was there before the connector ran, one value in each.
fn old_values(lab: &Lab) -> BTreeSet<jiff::Timestamp> {
    let asked = lab.run(&["--json", "query", "line1.Old", "--every", "1s", "--from", "-1d"]);
    assert_eq!(asked.code, 0, "{}", asked.page());
    let seconds = asked.json()["buckets"].as_array().unwrap().clone();
    let full = seconds.iter().filter(|second| second["count"] == 1);
    full.map(|second| second["time"].as_str().unwrap().parse().unwrap()).collect()
}

/// Takes every connection and never answers.
struct Deaf {
    url: String,
}

impl Deaf {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/omf", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let _taken: Vec<TcpStream> = listener.incoming().filter_map(Result::ok).collect();
        });
        Self { url }
    }
}

/// The data folder of a connector at work, as if its disk had become read-only; writable again when dropped.
struct ReadOnly(Vec<PathBuf>);

impl ReadOnly {
    fn make(lab: &Lab, running: &Running) -> Self {
        let data = lab.path().join("data");
        let wal = data.join(format!("{JOURNAL_FILE}-wal"));
        let places = vec![data.join(JOURNAL_FILE), wal, data.join(HISTORIAN_DIR), data];
        let made = Self(places);
        if made.change("+i") {
            return made;
        }
        made.change("-i");
        eprintln!(
            "files cannot be made immutable here (that takes CAP_LINUX_IMMUTABLE and a file system that can): a limit on their size refuses the writes instead"
        );
        running.limit_files("0");
        Self(Vec::new())
    }

    fn change(&self, how: &str) -> bool {
        let changed = Command::new("chattr").arg(how).args(&self.0).stderr(Stdio::null()).status();
        changed.is_ok_and(|status| status.success())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.change("-i");
        }
    }
}

/// The binary with these arguments, as a user to whom the modes of files apply: root gives up the capability to pass over them.
fn bound_by_modes(lab: &Lab, args: &[&str]) -> Command {
    let probe = tempfile::tempdir().unwrap();
    set_modes_of(probe.path(), 0o555);
    let passes_over = std::fs::write(probe.path().join("file"), b"").is_ok();
    let plain = binary(lab);
    let mut command = if passes_over { Command::new("setpriv") } else { binary(lab) };
    if passes_over {
        eprintln!(
            "modes do not apply to this user: lockgate runs by setpriv of util-linux, without capabilities"
        );
        command.args(["--inh-caps=-all", "--bounding-set=-all"]).arg(plain.get_program());
        command.current_dir(lab.path()).env_remove("LOCKGATE_CONFIG").env("TZ", "UTC");
    }
    command.args(args).stdout(Stdio::null());
    command
}

/// Of a folder and the folders and files in it.
fn set_modes(folder: &Path, mode: u32) {
    if mode & 0o200 != 0 {
        set_modes_of(folder, mode);
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            set_modes(&path, mode);
        } else {
            set_modes_of(&path, mode & 0o666);
        }
    }
    set_modes_of(folder, mode);
}

fn set_modes_of(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
