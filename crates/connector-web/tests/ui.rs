//! The pages of the web UI.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use common::Face;

/// One test, because the variable is the process's.
#[tokio::test]
async fn pages_and_files_of_the_ui_are_served_and_nothing_beside_them() {
    let dist = tempfile::tempdir().unwrap();
    let folder = dist.path().join("dist");
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    std::fs::write(dist.path().join("secret.txt"), "the secret").unwrap();
    let start = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "served_from_a_folder", "--nocapture"])
        .env("LOCKGATE_WEB_DIST", &folder)
        .output()
        .unwrap();
    assert!(start.status.success(), "{}", String::from_utf8_lossy(&start.stderr));
}

/// Runs with the variable set, by the test above; alone it has nothing to look at.
#[tokio::test]
async fn served_from_a_folder() {
    let Some(folder) = std::env::var_os("LOCKGATE_WEB_DIST").map(std::path::PathBuf::from) else { return };
    let face = Face::new().await;
    let missing = face.get("/").await;
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains("npm run build"), "{missing:?}");
    std::fs::write(folder.join("index.html"), "<!doctype html><title>lockgate</title>").unwrap();
    std::fs::write(folder.join("assets/index-1a2b.js"), "export {}").unwrap();
    for page in ["/", "/sources", "/sources/line1?tab=gaps", "/streams/%3Cscript%3E"] {
        let answer = face.get(page).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-cache")), "{page}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.body.contains("<title>lockgate</title>"), "{answer:?}");
    }
    let script = face.get("/assets/index-1a2b.js").await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(script.header("cache-control").unwrap().contains("immutable"));
    for path in ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"] {
        let answer = face.get(path).await;
        assert!(!answer.body.contains("the secret"), "{path}: {answer:?}");
    }
    assert_eq!(face.get("/assets/gone.js").await.status, 404);
    assert_eq!(face.get("/api/v2/status").await.status, 404);
    assert_eq!(face.send("POST", "/", &[], "").await.status, 405);
}
