//! A folder that somebody else has filled, and names that peers choose.
//!
//! The input is a list of files: a byte for folder and kind, the name, the content. The store must say what is wrong,
//! use the rest, and touch nothing outside of it.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use ua_pki::{Certificate, Store, ThumbprintQuery};

use crate::world::{NOW, assert_harmless, key_pkcs8};

const FOLDERS: [&str; 8] = [
    "trusted/certs",
    "trusted/crl",
    "issuers/certs",
    "issuers/crl",
    "issuer/certs",
    "rejected/certs",
    "own/certs",
    "own/private",
];
const VICTIM: &[u8] = b"not to be touched";

pub(crate) fn run(bytes: &[u8]) {
    let folder = tempfile::tempdir_in(memory()).unwrap();
    let root = folder.path().join("pki");
    fs::write(folder.path().join("victim"), VICTIM).unwrap();
    let name = fill(&root, bytes);
    // whoever fills the folder may also have put something else where it should be
    if let Ok(store) = Store::open(&root) {
        use_it(&store, &name);
    }
    assert_eq!(fs::read(folder.path().join("victim")).unwrap(), VICTIM);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "something was written beside the store");
}

fn use_it(store: &Store, name: &str) {
    let Ok(before) = store.trust_list() else { return };
    assert_eq!(store.trust_list().unwrap().generation(), before.generation(), "nothing has changed");
    for problem in before.problems() {
        assert!(problem.path.starts_with(store.root()) && !problem.message.is_empty());
        assert_harmless(&problem.message);
    }
    drop(store.own());
    for rejected in store.rejected().unwrap_or_default() {
        drop(store.reject(std::slice::from_ref(&rejected)));
    }
    assert_eq!(store.trust_list().unwrap().trusted(), before.trusted(), "who was turned away is not trusted");
    let stranger = certificate_named(name);
    drop(store.reject_at(std::slice::from_ref(&stranger), NOW.parse().unwrap()));
    // a folder that is a link is not written through
    let Ok(path) = store.trust(&stranger) else { return };
    assert_eq!(path.parent(), Some(store.root().join("trusted/certs").as_path()));
    let file = path.file_name().unwrap().to_str().unwrap();
    assert!(file.len() <= 255 && !file.starts_with('.') && file.ends_with(".der"), "{file:?}");
    assert!(file.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{file:?}");
    assert!(store.trusted().unwrap().contains(&stranger));
    assert!(store.generation() > before.generation());
    let query: ThumbprintQuery = stranger.thumbprint().to_string().parse().unwrap();
    if store.remove(&query).is_ok() {
        assert!(!store.trusted().unwrap().contains(&stranger));
    }
}

/// Returns the first name, which the certificate of a peer then has.
fn fill(root: &Path, mut bytes: &[u8]) -> String {
    let mut first = None;
    for _ in 0..24 {
        let [op, length, rest @ ..] = bytes else { break };
        let (name, rest) = rest.split_at(usize::from(*length & 63).min(rest.len()));
        let [high, low, rest @ ..] = rest else { break };
        let content = usize::from(*high) << 8 | usize::from(*low);
        let (content, rest) = rest.split_at(content.min(rest.len()));
        bytes = rest;
        let folder = root.join(FOLDERS[usize::from(op & 7)]);
        fs::create_dir_all(&folder).unwrap();
        put(&folder.join(file_name(name)), op >> 3 & 3, content);
        first.get_or_insert_with(|| String::from_utf8_lossy(name).into_owned());
    }
    first.unwrap_or_default()
}

/// What is there already stays: the kinds may collide.
fn put(path: &Path, kind: u8, content: &[u8]) {
    let targets: [PathBuf; 4] =
        [PathBuf::from("../../../victim"), path.to_owned(), PathBuf::from("/dev/zero"), PathBuf::from("..")];
    if path.symlink_metadata().is_ok() {
        return;
    }
    drop(match kind {
        2 => symlink(&targets[usize::from(content.first().copied().unwrap_or(0) & 3)], path),
        3 => fs::create_dir(path),
        _ => fs::write(path, content),
    });
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Any bytes that the system takes as a name.
#[cfg(unix)]
fn file_name(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let name: Vec<u8> =
        bytes.iter().map(|byte| if matches!(byte, 0 | b'/') { b'_' } else { *byte }).collect();
    let taken = matches!(name.as_slice(), b"" | b"." | b"..");
    std::ffi::OsString::from_vec(if taken { b"x".to_vec() } else { name }).into()
}

#[cfg(not(unix))]
fn file_name(bytes: &[u8]) -> PathBuf {
    bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect::<String>().into()
}

fn certificate_named(name: &str) -> Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::try_from(key_pkcs8(3)).unwrap();
    Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap()
}

/// Where files cost no disk.
fn memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}
