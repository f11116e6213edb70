//! A million nodes: how long it takes to know them, and in how much memory, on the real binary against the simulated plant.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::command::Command;
use crate::workspace::Workspace;

/// Variables of the plant besides a few signals.
const NODES: usize = 1_000_000;
/// In MB.
const LIMIT: u64 = 512;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(900);
const PASSWORD: &[u8] = b"practise\n";

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    Command::cargo(workspace)
        .args(["build", "--quiet", "--locked", "--release", "--package", "lockgate"])
        .run()?;
    let folder = workspace.target().join("bench-browse");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let program =
        workspace.target().join("release").join(format!("lockgate{}", std::env::consts::EXE_SUFFIX));
    let mut bench = Bench { program, folder, plant: None };
    let plant = bench.start_plant()?;
    bench.introduce(&plant)?;
    let few = ["--include", "**/Mixer1/**"];
    let figures = [
        bench.measure(
            "select, 5 of them",
            [&["select", "big", "--dry-run"], few.as_slice()].concat(),
            None,
        )?,
        bench.measure("select, all of them", vec!["select", "big", "--dry-run"], None)?,
        {
            bench.set_rule()?;
            bench.measure(
                "run, until they are known",
                vec!["run"],
                Some("data/address-space/big.jsonl.zst"),
            )?
        },
        bench.measure("run, 20 s from the snapshot", vec!["run", "--for", "20s"], None)?,
        bench.measure("diff", vec!["diff", "big"], None)?,
    ];
    println!("{:<32} {:>8} {:>10}   limit {LIMIT} MB", "1,000,010 nodes", "seconds", "peak MB");
    for figure in &figures {
        println!("{:<32} {:>8.1} {:>10}", figure.what, figure.took.as_secs_f64(), figure.peak);
    }
    match figures.iter().find(|figure| figure.peak > LIMIT) {
        Some(figure) => bail!("{} takes {} MB", figure.what, figure.peak),
        None => Ok(()),
    }
}

struct Bench {
    program: PathBuf,
    folder: PathBuf,
    plant: Option<Child>,
}

struct Figure {
    what: &'static str,
    took: Duration,
    /// In MB.
    peak: u64,
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(plant) = &mut self.plant {
            // nothing can be done about one that ended before
            drop(plant.kill());
            drop(plant.wait());
        }
    }
}

impl Bench {
    fn lockgate(&self, arguments: &[&str]) -> Process {
        let mut process = Process::new(&self.program);
        process.current_dir(&self.folder).args(arguments).stdin(Stdio::null());
        process.stdout(Stdio::null()).stderr(Stdio::null());
        process
    }

    /// Starts the plant and gives what it says of itself.
    fn start_plant(&mut self) -> Result<serde_json::Value> {
        let said = self.folder.join("plant.json");
        let count = NODES.to_string();
        let mut plant =
            self.lockgate(&["simulate", "--json", "--port", "0", "--dir", "plant", "--counters", &count]);
        self.plant = Some(plant.stdout(fs::File::create(&said)?).spawn().context("cannot start the plant")?);
        let begun = now();
        while begun.elapsed() < PATIENCE {
            if let Ok(said) = serde_json::from_str(&fs::read_to_string(&said)?) {
                return Ok(said);
            }
            sleep(Duration::from_millis(200));
        }
        bail!("the plant does not come up")
    }

    /// Lets both sides trust each other.
    fn introduce(&self, plant: &serde_json::Value) -> Result<()> {
        let of = |member: &str| {
            plant.get(member).and_then(|value| value.as_str()).context("the plant says too little")
        };
        self.done(&["init"])?;
        self.done(&["cert", "export", "--output", "ours.der"])?;
        self.done(&["trust", "import", "ours.der", "--pki", of("pki")?])?;
        let add = ["source", "add", "big", of("url")?, "--user", of("user")?, "--password-stdin"];
        let mut adding = self.lockgate(&add);
        adding.args(["--trust", of("thumbprint")?]).stdin(Stdio::piped());
        let mut adding = adding.spawn()?;
        adding.stdin.take().context("no stdin")?.write_all(PASSWORD)?;
        if !adding.wait()?.success() {
            bail!("the source could not be added");
        }
        self.edit(|text| text.replace("name = \"big\"", "name = \"big\"\nmax_nodes = 2000000"))
    }

    fn set_rule(&self) -> Result<()> {
        self.edit(|text| format!("{text}\n[[source.rule]]\ninclude = [\"**/Mixer1/**\"]\n"))
    }

    fn edit(&self, change: impl FnOnce(String) -> String) -> Result<()> {
        let path = self.folder.join("lockgate.toml");
        fs::write(&path, change(fs::read_to_string(&path)?)).map_err(Into::into)
    }

    fn done(&self, arguments: &[&str]) -> Result<()> {
        if !self.lockgate(arguments).status()?.success() {
            bail!("`lockgate {}` failed", arguments.join(" "));
        }
        Ok(())
    }

    /// Runs a command to its end, or until a file appears.
    fn measure(&self, what: &'static str, arguments: Vec<&str>, until: Option<&str>) -> Result<Figure> {
        println!("   $ lockgate {}", arguments.join(" "));
        let mut child = self.lockgate(&arguments).spawn()?;
        let begun = now();
        let mut peak = 0;
        loop {
            peak = peak.max(high_water(child.id()));
            if let Some(status) = child.try_wait()? {
                if !status.success() {
                    bail!("`lockgate {}` ended with {status}", arguments.join(" "));
                }
                break;
            }
            let is_there = until.is_some_and(|file| self.folder.join(file).exists());
            if is_there || begun.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                if !is_there {
                    bail!("`lockgate {}` comes to no end", arguments.join(" "));
                }
                break;
            }
            sleep(Duration::from_millis(20));
        }
        Ok(Figure { what, took: begun.elapsed(), peak })
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured is time")]
fn now() -> Instant {
    Instant::now()
}

/// Most memory that a process ever had, in MB, as Linux tells it; 0 elsewhere.
fn high_water(process: u32) -> u64 {
    let status =
        fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}
