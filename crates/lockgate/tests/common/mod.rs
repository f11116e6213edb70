//! A folder for one test, the real binary in it, and screens with everything that differs from run to run redacted.

#![allow(dead_code, reason = "each test file takes what it needs")]

pub(crate) mod plant;
pub(crate) mod run;

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

/// A folder with the binary working in it.
pub(crate) struct Lab {
    dir: TempDir,
}

impl Lab {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A folder after `lockgate init`.
    pub(crate) fn initialised() -> Self {
        let lab = Self::empty();
        let made = lab.run(&["init", "--application-uri", "urn:test:lockgate"]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        lab
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Runs the binary to its end, without a terminal and with nothing on stdin.
    pub(crate) fn run(&self, args: &[&str]) -> Screen {
        self.run_with_input(args, "")
    }

    /// Runs the binary to its end with `input` on stdin.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Screen {
        let mut command = assert_cmd::Command::cargo_bin("lockgate").unwrap();
        command.current_dir(self.path()).args(args).env_remove("LOCKGATE_CONFIG").env("TZ", "UTC");
        command.timeout(std::time::Duration::from_secs(60)).write_stdin(input);
        Screen::of(command.output().unwrap())
    }
}

/// What a command left behind.
pub(crate) struct Screen {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Screen {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Everything on one page, for a snapshot.
    pub(crate) fn page(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }

    /// stdout as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}\n{}", self.page()))
    }
}

/// Snapshots a page with thumbprints, times, numbers and paths replaced.
#[macro_export]
macro_rules! assert_page {
    ($screen:expr) => {
        insta::with_settings!({ filters => $crate::common::redactions(), omit_expression => true }, {
            insta::assert_snapshot!($screen.page())
        })
    };
}

/// What differs from run to run, and what stands for it.
pub(crate) fn redactions() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"([0-9A-F]{2}:){19}[0-9A-F]{2}", "[THUMBPRINT]"),
        (r"\b([0-9A-F]{2}:){3}[0-9A-F]{2}\b", "[THUMBPR..]"),
        (r"\b[0-9A-F]{64}\b", "[SHA-256]"),
        (r"\b[0-9A-F]{40}\b", "[THUMBPRINT-HEX]"),
        (r"(serial +)[0-9A-F]+", "${1}[SERIAL]"),
        (r"(hosts +)\S.*", "${1}[HOST]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        (r"\b[0-9A-F]{32}\b", "[SERIAL]"),
        (r"(in \d+ files, )\d+ bytes", "${1}[BYTES] bytes"),
        (r"((?:ends|ended) on )\d{4}-\d\d-\d\d", "${1}[DATE]"),
        (r"(VALID UNTIL\n(?:.*\n)*?.*)\d{4}-\d\d-\d\d", "${1}[DATE]"),
        (r"opc\.tcp://(127\.0\.0\.1|localhost):\d+", "opc.tcp://$1:[PORT]"),
        (r#"/[^\s"']*/\.tmp[A-Za-z0-9]+"#, "[DIR]"),
    ]
}
