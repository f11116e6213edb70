//! Changes that reach what runs: sources, and the configuration as a whole. A real connector and a real plant.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::Face;
use connector::{Config, Runtime, identity};
use connector_web::Role;
use plant::{Plant, PlantConfig};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use ua_pki::{Certificate, SecurityPolicy, Store};

const USER: &str = "reader";
const PASSWORD: &str = "only read, please";

/// A connector that runs without a source, its face, and an admin's token.
struct Running {
    face: Face,
    admin: String,
    ours: Certificate,
}

impl Running {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lockgate.toml");
        let config = Config::create(&path, "lockgate", "urn:localhost:lockgate").unwrap();
        let store = Store::open(&config.pki).unwrap();
        let names = vec!["localhost".to_owned()];
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let (identity, _) = identity::ensure(&config, &store, names, vec![], now).unwrap();
        let mut handle = Runtime::start(config.clone()).await.unwrap();
        let (orders, mut ordered) = mpsc::channel(1);
        let face = Face::over(folder, config, Some(orders)).await;
        let runs = face.config.clone();
        let on = tokio::runtime::Handle::current();
        // what runs belongs to one thread
        std::thread::spawn(move || {
            on.block_on(async move {
                while let Some(order) = ordered.recv().await {
                    let (config, tell) = connector_web::Order::take(order);
                    let done = handle.reload(config).await;
                    runs.send_replace(Arc::new(handle.config().clone()));
                    tell(done);
                }
            });
        });
        let admin = face.token(Role::Admin);
        Self { face, admin, ours: identity.certificate().clone() }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.face.get_with(&self.admin, &format!("/api/v1{path}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let bearer = format!("Authorization: Bearer {}", self.admin);
        let (headers, text) = match body {
            Value::Null => (vec![bearer.as_str()], String::new()),
            body => (vec![bearer.as_str(), "Content-Type: application/json"], body.to_string()),
        };
        let answer = self.face.send(method, &format!("/api/v1{path}"), &headers, &text).await;
        (answer.status, answer.json())
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.face.folder.path().join("lockgate.toml")).unwrap()
    }

    fn plant_pki(&self) -> PathBuf {
        self.face.folder.path().join("plant")
    }

    async fn plant(&self) -> (Plant, String) {
        let config = PlantConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            pki_dir: self.plant_pki(),
            counters: 5,
            counter_period: Duration::from_millis(50),
            users: vec![(USER.to_owned(), PASSWORD.to_owned())],
            policies: vec![SecurityPolicy::Basic256Sha256],
            hosts: vec!["localhost".to_owned()],
        };
        let plant = Plant::start(config).await.unwrap();
        let url = format!("opc.tcp://localhost:{}", plant.local_addr().port());
        (plant, url)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_found_trusted_added_and_taken_out_again() {
    let running = Running::start().await;
    let (plant, url) = running.plant().await;
    let (_, found) = running.send("POST", "/discover", &json!({ "url": url })).await;
    assert_eq!(found["schema"], "lockgate/discover/1", "{found}");
    assert_eq!(found["certificates"][0]["verdict"]["status"], "BadCertificateUntrusted");
    let thumbprint = found["certificates"][0]["thumbprint"].clone();

    let mut wanted = json!({ "name": "line1", "url": url, "user": USER, "password": PASSWORD });
    let (status, refused) = running.send("POST", "/sources", &wanted).await;
    assert_eq!((status, &refused["code"]), (409, &json!("trust.not_trusted")), "{refused}");
    wanted["trust"] = json!(running.ours.thumbprint().grouped());
    let (status, refused) = running.send("POST", "/sources", &wanted).await;
    assert_eq!((status, &refused["code"]), (409, &json!("trust.other_certificate")), "{refused}");
    assert!(!running.text().contains("\n[[source]]"), "nothing was saved");

    wanted["trust"] = thumbprint;
    let (status, made) = running.send("POST", "/sources", &wanted).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!((&made["connected"], &made["running"]), (&json!(false), &json!(true)), "{made}");
    assert!(made["trouble"]["detail"].is_string(), "the server does not trust us yet: {made}");
    assert!(!made.to_string().contains(PASSWORD) && !running.text().contains(PASSWORD));
    let (status, twice) = running.send("POST", "/sources", &wanted).await;
    assert_eq!((status, &twice["code"]), (409, &json!("config.source_exists")), "{twice}");

    Store::open(running.plant_pki()).unwrap().trust(&running.ours).unwrap();
    let flowing = async {
        while running.get("/status").await["sources"][0]["state"] != "flowing" {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(90), flowing).await.unwrap();

    let top = running.get("/sources/line1/browse").await;
    let plant_node =
        top["nodes"].as_array().unwrap().iter().find(|node| node["display_name"] == "Plant").unwrap();
    let node = plant_node["path"].as_str().unwrap();
    let one = running.get(&format!("/sources/line1/browse?node={node}&limit=1")).await;
    assert_eq!((one["nodes"].as_array().unwrap().len(), &one["next"]), (1, &json!(1)), "{one}");
    let rest = running.get(&format!("/sources/line1/browse?node={node}&offset=1")).await;
    assert_eq!(rest["next"], Value::Null, "{rest}");
    assert_ne!(rest["nodes"][0]["node_id"], one["nodes"][0]["node_id"]);

    let rules = json!({ "include": ["Plant/Counters/**"] });
    let (status, tried) = running.send("POST", "/sources/line1/select?limit=2", &rules).await;
    assert_eq!((status, &tried["picked"], &tried["written"]), (200, &json!(5), &json!(false)), "{tried}");
    assert_eq!(tried["streams"].as_array().unwrap().len(), 2);
    assert!(!running.text().contains("Counters"), "only tried");
    let (status, none) = running
        .send("POST", "/sources/line1/select", &json!({ "include": ["Nowhere/**"], "write": true }))
        .await;
    assert_eq!((status, &none["code"]), (400, &json!("select.nothing")), "{none}");
    let rules = json!({ "include": ["Plant/Counters/**"], "write": true });
    let (status, held) = running.send("POST", "/sources/line1/select", &rules).await;
    assert_eq!((status, &held["written"]), (200, &json!(true)), "{held}");
    assert!(running.text().contains("Plant/Counters/**"), "{}", running.text());

    let (status, removed) = running.send("DELETE", "/sources/line1", &Value::Null).await;
    assert_eq!((status, &removed["removed"]), (200, &json!("line1")), "{removed}");
    assert_eq!(running.get("/sources").await["sources"], json!([]));
    let audit = running.get("/audit").await.to_string();
    for said in ["discover", "source.add", "source.remove", "line1 starts"] {
        assert!(audit.contains(said), "{said}: {audit}");
    }
    assert!(!audit.contains(PASSWORD), "{audit}");
    plant.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_configuration_is_tried_taken_over_and_rolled_back() {
    let running = Running::start().await;
    let before = running.text();
    let stamp = running.get("/config").await["stamp"].clone();
    let (status, wrong) = running.send("POST", "/config/try", &json!({ "text": "[nonsense]\n" })).await;
    assert_eq!((status, &wrong["code"]), (400, &json!("config.invalid")), "{wrong}");
    assert!(wrong["detail"].as_str().unwrap().contains("line 1"), "{wrong}");

    let sink = format!("{before}\n[[sink]]\nname = \"files\"\nkind = \"file\"\nfolder = \"out\"\n");
    let (_, planned) = running.send("POST", "/config/try", &json!({ "text": sink })).await;
    assert_eq!(planned["changes"][0]["part"], "sink files", "{planned}");
    assert_eq!(running.text(), before, "nothing was written");
    let (status, stale) = running.send("PUT", "/config", &json!({ "text": sink, "stamp": "00" })).await;
    assert_eq!((status, &stale["code"]), (409, &json!("config.changed")), "{stale}");

    let (status, done) = running.send("PUT", "/config", &json!({ "text": sink, "stamp": stamp })).await;
    assert_eq!((status, &done["running"]), (200, &json!(true)), "{done}");
    assert_eq!(done["changes"][0]["action"], "starts", "{done}");
    assert_eq!(running.get("/sinks").await["sinks"][0]["sink"], "files");
    assert_eq!(running.get("/config/plan").await["changes"], json!([]), "the file is what runs");

    let missing = format!(
        "{sink}\n[[source]]\nname = \"line1\"\nurl = \"opc.tcp://localhost:1\"\npolicy = \"Basic256Sha256\"\n\
         mode = \"SignAndEncrypt\"\nuser = \"reader\"\npassword = {{ file = \"secrets/gone\" }}\n"
    );
    let (status, refused) =
        running.send("PUT", "/config", &json!({ "text": missing, "stamp": done["stamp"] })).await;
    assert_eq!((status, &refused["code"]), (400, &json!("secret.missing")), "{refused}");
    assert_eq!(running.text(), sink, "what runs refused it, so the file is as it was");

    // the former one is from before the last that was taken over, not from one that was refused
    let (status, back) = running.send("POST", "/config/roll-back", &Value::Null).await;
    assert_eq!(status, 200, "{back}");
    assert_eq!(running.text(), before);
    assert_eq!(running.get("/sinks").await["sinks"], json!([]));
    let (_, forth) = running.send("POST", "/config/roll-back", &Value::Null).await;
    assert_eq!(forth["changes"][0]["action"], "starts", "{forth}");
}
