//! What the machine itself must have: Python with venv, Node.
//!
//! Installed with apt where that may be done without asking (root, or CI with sudo); elsewhere the exact command is said.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::command::Command;

const PYTHON: &str = "python3";
const OLDEST_PYTHON: (u32, u32) = (3, 11);

/// A Python virtual environment that holds exactly what a lock file says.
pub(crate) struct PythonEnvironment {
    directory: PathBuf,
}

impl PythonEnvironment {
    pub(crate) fn bin(&self) -> PathBuf {
        self.directory.join(if cfg!(windows) { "Scripts" } else { "bin" })
    }

    pub(crate) fn python(&self) -> PathBuf {
        self.bin().join(if cfg!(windows) { "python.exe" } else { "python" })
    }
}

/// Makes the environment anew when the lock file or the interpreter changed; `lock` pins every file by hash.
pub(crate) fn python_environment(directory: &Path, lock: &Path, root: &Path) -> Result<PythonEnvironment> {
    let version = python_version(root)?;
    let stamp = Stamp::new(directory, &[lock], &version)?;
    let environment = PythonEnvironment { directory: directory.to_owned() };
    if stamp.is_current() {
        return Ok(environment);
    }
    Command::new(PYTHON, root).args(["-m", "venv", "--clear"]).arg(directory).run()?;
    Command::new(environment.python(), root)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement"])
        .arg(lock)
        .run()?;
    stamp.write()?;
    Ok(environment)
}

/// Makes sure that `program` answers; `packages` are Debian's names for it.
pub(crate) fn require(program: &str, probe: &[&str], packages: &[&str], root: &Path) -> Result<String> {
    if let Some((true, answer)) = Command::new(program, root).args(probe).probe() {
        return Ok(answer.trim().to_owned());
    }
    apt_install(packages, root).with_context(|| format!("{program} is missing"))?;
    match Command::new(program, root).args(probe).probe() {
        Some((true, answer)) => Ok(answer.trim().to_owned()),
        _ => bail!("{program} does not work although {} is installed", packages.join(" ")),
    }
}

/// A record of what an installation was made from, beside the installation. Compared whole, so it cannot be stale by time.
pub(crate) struct Stamp {
    path: PathBuf,
    content: String,
}

impl Stamp {
    pub(crate) fn new(directory: &Path, inputs: &[&Path], version: &str) -> Result<Self> {
        let mut content = format!("{version}\n");
        for input in inputs {
            let text =
                fs::read_to_string(input).with_context(|| format!("cannot read {}", input.display()))?;
            content.push_str(&text);
        }
        Ok(Self { path: directory.join(".installed-from"), content })
    }

    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|found| found == self.content)
    }

    pub(crate) fn write(&self) -> Result<()> {
        fs::write(&self.path, &self.content).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

fn python_version(root: &Path) -> Result<String> {
    // Debian ships venv without ensurepip, apart from python3-venv
    let program =
        "import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1], sys.executable)";
    let answer = require(PYTHON, &["-c", program], &["python3", "python3-venv"], root)?;
    let mut words = answer.split(' ');
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok()).unwrap_or(0);
    let version = (number(), number());
    if version < OLDEST_PYTHON {
        let (major, minor) = OLDEST_PYTHON;
        bail!("Python {major}.{minor} or later is needed; {PYTHON} is {}.{}", version.0, version.1);
    }
    Ok(answer)
}

fn apt_install(packages: &[&str], root: &Path) -> Result<()> {
    let by_hand = format!("sudo apt-get install --yes {}", packages.join(" "));
    let is_root = Command::new("id", root).arg("-u").probe().is_some_and(|(_, answer)| answer.trim() == "0");
    let in_ci = std::env::var_os("CI").is_some();
    if is_root {
        apt(Command::new("apt-get", root), packages, Command::new("apt-get", root))
    } else if in_ci {
        let sudo = || Command::new("sudo", root).args(["--non-interactive", "apt-get"]);
        apt(sudo(), packages, sudo())
    } else {
        bail!("install it with: {by_hand}")
    }
    .with_context(|| format!("it could not be installed; by hand: {by_hand}"))
}

fn apt(update: Command, packages: &[&str], install: Command) -> Result<()> {
    update.args(["update", "--quiet"]).run()?;
    install
        .args(["install", "--yes", "--quiet", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_current_until_an_input_or_the_version_changes() {
        let directory = tempfile::tempdir().unwrap();
        let input = directory.path().join("lock.txt");
        fs::write(&input, "a==1").unwrap();
        let stamp = |version| Stamp::new(directory.path(), &[&input], version).unwrap();
        assert!(!stamp("3.11").is_current());
        stamp("3.11").write().unwrap();
        assert!(stamp("3.11").is_current());
        assert!(!stamp("3.12").is_current());
        fs::write(&input, "a==2").unwrap();
        assert!(!stamp("3.11").is_current());
    }
}
