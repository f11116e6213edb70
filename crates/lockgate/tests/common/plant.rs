//! `lockgate simulate` in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::Lab;

/// A plant in a process of its own, ended with the test.
pub(crate) struct Plant {
    process: Child,
    /// A folder of its own, when the plant is not in the lab.
    home: Option<Lab>,
    pub(crate) url: String,
    pub(crate) thumbprint: String,
    pub(crate) pki: PathBuf,
}

impl Plant {
    /// Starts in the lab's folder.
    pub(crate) fn start(lab: &Lab) -> Self {
        Self::start_at(lab, "0")
    }

    /// Starts in a folder that nobody else uses.
    pub(crate) fn start_elsewhere() -> Self {
        let home = Lab::empty();
        let mut plant = Self::start_at(&home, "0");
        plant.home = Some(home);
        plant
    }

    /// Starts in a folder that nobody else uses, with a variable of each rare kind.
    pub(crate) fn start_with_specimens() -> Self {
        let home = Lab::empty();
        let mut plant = Self::start_with(&home, "0", &["--counters", "5", "--specimens"]);
        plant.home = Some(home);
        plant
    }

    /// Starts in a folder that nobody else uses, with nodes that not everybody may use.
    pub(crate) fn start_with_control() -> Self {
        let home = Lab::empty();
        let mut plant = Self::start_with(&home, "0", &["--control"]);
        plant.home = Some(home);
        plant
    }

    /// The folder that nobody else uses.
    pub(crate) fn home(&self) -> &Lab {
        self.home.as_ref().unwrap()
    }

    fn start_at(lab: &Lab, port: &str) -> Self {
        Self::start_with(lab, port, COUNTERS)
    }

    fn start_with(lab: &Lab, port: &str, more: &[&str]) -> Self {
        let mut process = binary(lab)
            .args(["simulate", "--json", "--port", port, "--for", "120s"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut text = String::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            text.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let said: serde_json::Value = serde_json::from_str(&text).unwrap();
        let word = |key: &str| said[key].as_str().unwrap().to_owned();
        let pki = lab.path().join(word("pki"));
        Self { process, home: None, url: word("url"), thumbprint: word("thumbprint"), pki }
    }

    /// Ends it without a word, as a power failure would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts a plant that was killed at the same address, with the same certificates. Only for one that is elsewhere.
    pub(crate) fn start_again(&mut self) {
        self.start_again_with(COUNTERS);
    }

    /// Starts in a folder that nobody else uses, with so many counters that together step `rate` times a second.
    pub(crate) fn start_elsewhere_at_rate(counters: &str, rate: &str) -> Self {
        let home = Lab::empty();
        let mut plant = Self::start_with(&home, "0", &["--counters", counters, "--rate", rate]);
        plant.home = Some(home);
        plant
    }

    /// The same as another plant: with these options.
    pub(crate) fn start_again_with(&mut self, more: &[&str]) {
        let port = self.url.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
        let home = self.home.take().unwrap();
        let mut again = Self::start_with(&home, &port, more);
        std::mem::swap(&mut self.process, &mut again.process);
        self.home = Some(home);
    }

    /// What the administrator of the plant does about a client.
    pub(crate) fn trust(&self, lab: &Lab, thumbprint: &str) {
        let pki = self.pki.display().to_string();
        let accepted = lab.run(&["trust", "accept", thumbprint, "--pki", &pki]);
        assert_eq!(accepted.code, 0, "{}", accepted.page());
    }
}

const COUNTERS: &[&str] = &["--counters", "5"];

impl Drop for Plant {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The binary, as a user in the lab would start it.
pub(crate) fn binary(lab: &Lab) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("lockgate"));
    command.current_dir(lab.path()).env_remove("LOCKGATE_CONFIG").env("TZ", "UTC");
    command
}
