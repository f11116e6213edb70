//! What the API answers: the documents of the command line, pages, problems, and hostile text as data.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use common::{Face, append, journal, stream};
use connector_web::{Role, openapi, routes};
use tagstore::Value;

#[tokio::test]
async fn streams_come_in_pages() {
    let face = Face::new().await;
    let viewer = face.token(Role::Viewer);
    let none = face.get_with(&viewer, "/api/v1/streams").await.json();
    assert_eq!(
        (&none["schema"], none["streams"].as_array().unwrap().len()),
        (&"lockgate/streams/1".into(), 0)
    );
    let mut journal = journal(&face.data());
    for name in ["a.Level", "b.Level", "c.Speed"] {
        stream(&mut journal, name);
    }
    let names = |answer: &serde_json::Value| -> Vec<String> {
        let streams = answer["streams"].as_array().unwrap().iter();
        streams.map(|stream| stream["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = face.get_with(&viewer, "/api/v1/streams?limit=2").await.json();
    assert_eq!(
        (names(&first), first["next"].as_str()),
        (vec!["a.Level".into(), "b.Level".into()], Some("b.Level"))
    );
    let second = face.get_with(&viewer, "/api/v1/streams?limit=2&after=b.Level").await.json();
    assert_eq!((names(&second), second["next"].as_str()), (vec!["c.Speed".to_owned()], None));
    let filtered = face.get_with(&viewer, "/api/v1/streams?filter=Lev&source=line1").await.json();
    assert_eq!(names(&filtered), ["a.Level", "b.Level"]);
}

#[tokio::test]
async fn values_are_given_as_json_and_as_csv_that_no_spreadsheet_obeys() {
    let face = Face::new().await;
    let viewer = face.token(Role::Viewer);
    let mut journal = journal(&face.data());
    let id = stream(&mut journal, "=cmd|'/c calc'!A1");
    append(&mut journal, id, Value::Text("=HYPERLINK(\"http://evil.example\")"));
    append(&mut journal, id, Value::Double(-1.5));
    let path = "/api/v1/query?stream=%3Dcmd%7C%27%2Fc%20calc%27%21A1&to=2100-01-01T00:00:00Z";
    let json = face.get_with(&viewer, path).await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    let json = json.json();
    assert_eq!(json["samples"][0]["value"], "=HYPERLINK(\"http://evil.example\")");
    let csv = face.get_with(&viewer, &format!("{path}&format=csv")).await;
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"lockgate-values.csv\""));
    assert!(csv.body.contains("\n'=cmd|'/c calc'!A1,"), "{}", csv.body);
    assert!(csv.body.contains(",\"'=HYPERLINK("), "{}", csv.body);
    assert!(csv.body.contains(",-1.5,double,Good,"), "{}", csv.body);
}

#[tokio::test]
async fn the_status_and_its_parts_are_the_documents_of_the_command_line() {
    let face = Face::new().await;
    let viewer = face.token(Role::Viewer);
    for (path, schema) in [
        ("/status", "status"),
        ("/sources", "source-list"),
        ("/sinks", "sinks"),
        ("/about", "about"),
        ("/trust", "trust-list"),
        ("/openapi.json", ""),
    ] {
        let answer = face.get_with(&viewer, &format!("/api/v1{path}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if !schema.is_empty() {
            assert_eq!(answer.json()["schema"], format!("lockgate/{schema}/1"));
        }
    }
    let sources = face.get_with(&viewer, "/api/v1/sources").await.json();
    assert_eq!(
        sources["sources"][0]["danger"][0], "danger_suppress BadCertificateHostNameInvalid",
        "{sources}"
    );
}

#[tokio::test]
async fn another_configuration_is_shown_as_soon_as_it_runs() {
    let face = Face::new().await;
    let viewer = face.token(Role::Viewer);
    let text = common::CONFIG.replace("line1", "line2");
    let other = connector::Config::parse(&text, &face.folder.path().join("lockgate.toml")).unwrap();
    face.config.send_replace(std::sync::Arc::new(other));
    let sources = face.get_with(&viewer, "/api/v1/sources").await.json();
    assert_eq!(sources["sources"][0]["name"], "line2");
}

#[tokio::test]
async fn what_makes_no_sense_is_answered_with_a_problem() {
    let face = Face::new().await;
    let admin = face.token(Role::Admin);
    journal(&face.data());
    for (path, status, code) in [
        ("/api/v1/gaps?limit=0", 400, "usage.parameter"),
        ("/api/v1/gaps?limit=x", 400, "usage.parameter"),
        ("/api/v1/gaps?nonsense=1", 400, "usage.parameter"),
        ("/api/v1/gaps?from=yesterday", 400, "usage.time"),
        ("/api/v1/query", 400, "usage.parameter"),
        ("/api/v1/query?stream=x", 404, "data.no_such_stream"),
        ("/api/v1/query?stream=x&from=now&to=-1h", 404, "data.no_such_stream"),
        ("/api/v1/events?from=now&to=-1h", 400, "usage.empty_interval"),
        ("/api/v1/events?source=%5B", 400, "usage.parameter"),
        ("/api/v1/backfill/7", 404, "backfill.no_such_job"),
        ("/api/v1/backfill/seven", 404, "backfill.no_such_job"),
        ("/api/v1/trust/xyz", 400, "trust.not_a_thumbprint"),
        ("/api/v1/certificates", 404, "pki.no_certificate"),
        ("/api/v1/nothing", 404, "no_such_page"),
        ("/api/v1/session/%ff", 404, "no_such_page"),
    ] {
        let answer = face.get_with(&admin, path).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{path}: {answer:?}"
        );
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(face.post_with(&admin, "/api/v1/tokens", &long).await.status, 413);
    assert_eq!(face.post_with(&admin, "/api/v1/tokens", r#"{"name":"a","role":"king"}"#).await.status, 400);
    assert_eq!(
        face.post_with(&admin, "/api/v1/tokens", r#"{"name":"a","role":"viewer","x":1}"#).await.status,
        400
    );
    let bearer = format!("Authorization: Bearer {admin}");
    assert_eq!(face.send("DELETE", "/api/v1/status", &[&bearer], "").await.status, 405);
}

#[tokio::test]
async fn every_answer_carries_what_keeps_a_browser_from_obeying_it() {
    let face = Face::new().await;
    for path in ["/livez", "/metrics", "/api/v1/status", "/api/v1/setup", "/assets/x", "/api/x"] {
        let answer = face.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn new_values_come_by_themselves() {
    let face = Face::new().await;
    let viewer = face.token(Role::Viewer);
    let mut journal = journal(&face.data());
    let id = stream(&mut journal, "line1.Level");
    append(&mut journal, id, Value::Double(42.5));
    let ask = |path: &str| {
        let host = face.address;
        format!("GET /api/v1{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {viewer}\r\n\r\n")
    };
    let values = face.begin_of(&ask("/live?stream=Level"), "42.5").await;
    assert!(
        values.contains("content-type: text/event-stream") && values.contains("event: values\n"),
        "{values}"
    );
    let status = face.begin_of(&ask("/status/live"), "lockgate/status/1").await;
    assert!(status.contains("event: status\n"), "{status}");
}

#[tokio::test]
async fn a_job_is_ordered_steered_and_over() {
    let face = Face::new().await;
    let admin = face.token(Role::Admin);
    journal(&face.data());
    let ordered = face.post_with(&admin, "/api/v1/backfill", r#"{"what":"line1","from":"-1d"}"#).await.json();
    assert_eq!(
        (ordered["job"]["state"].as_str(), ordered["job"]["origin"].as_str()),
        (Some("waiting"), Some("api"))
    );
    let id = ordered["job"]["id"].as_i64().unwrap();
    let steer = async |word: &str| face.post_with(&admin, &format!("/api/v1/backfill/{id}/{word}"), "").await;
    assert_eq!(steer("pause").await.json()["job"]["state"], "paused");
    assert_eq!(steer("resume").await.json()["job"]["state"], "waiting");
    assert_eq!(steer("cancel").await.json()["job"]["state"], "cancelled");
    let over = steer("resume").await;
    assert_eq!((over.status, over.json()["code"].as_str()), (409, Some("backfill.over")));
    assert_eq!(face.get_with(&admin, "/api/v1/backfill").await.json()["jobs"][0]["id"], id);
}

#[test]
fn the_description_names_every_route_once() {
    let description = openapi();
    let paths = description["paths"].as_object().unwrap();
    let described: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(described, routes().count());
}

#[test]
fn the_description_in_the_docs_is_that_of_the_code() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = format!("{:#}\n", openapi());
    if std::env::var_os("WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "WRITE_OPENAPI=1 cargo nextest run -p connector-web description, and commit it"
    );
}
