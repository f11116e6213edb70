//! Deciding about certificates over HTTP, in a real store.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use common::Face;
use connector::{Config, identity};
use connector_web::Role;
use ua_pki::{Certificate, Store};

/// A store with our certificate.
fn store(face: &Face) -> (Store, Certificate) {
    let store = Store::open(&face.config.borrow().pki).unwrap();
    let identity = made(&face.config.borrow(), &store);
    (store, identity)
}

fn made(config: &Config, store: &Store) -> Certificate {
    let names = vec!["localhost".to_owned()];
    let (identity, _) = identity::ensure(config, store, names, vec![], jiff::Timestamp::now()).unwrap();
    identity.certificate().clone()
}

/// A certificate of somebody else.
fn stranger(face: &Face) -> Certificate {
    let other = Store::open(face.folder.path().join("other")).unwrap();
    made(&face.config.borrow(), &other)
}

#[tokio::test]
async fn a_certificate_that_waits_is_judged_accepted_rejected_and_removed() {
    let face = Face::new().await;
    let admin = face.token(Role::Admin);
    let (store, _) = store(&face);
    let stranger = stranger(&face);
    store.reject(std::slice::from_ref(&stranger)).unwrap();
    let thumbprint = stranger.thumbprint().grouped();
    let path = format!("/api/v1/trust/{thumbprint}");
    let shown = face.get_with(&admin, &path).await.json();
    assert_eq!(
        (shown["standing"].as_str(), shown["verdict"]["status"].as_str()),
        (Some("rejected"), Some("BadCertificateUntrusted"))
    );
    let command = shown["verdict"]["findings"][0]["command"].as_str().unwrap();
    assert!(command.starts_with("lockgate trust accept "), "{command}");

    let begin = thumbprint.get(..11).unwrap();
    let short = face.post_with(&admin, &format!("/api/v1/trust/{begin}/accept"), "").await;
    assert_eq!(short.status, 400, "only the whole thumbprint names it: {short:?}");
    assert!(store.trusted().unwrap().is_empty());

    for (doing, done, trusted) in [
        ("accept", "trusted from now on", 1),
        ("accept", "was trusted already", 1),
        ("reject", "not trusted any more", 0),
    ] {
        let answer = face.post_with(&admin, &format!("{path}/{doing}"), "").await;
        assert_eq!((answer.status, answer.json()["done"].as_str()), (200, Some(done)), "{answer:?}");
        assert_eq!(store.trusted().unwrap().len(), trusted);
    }
    let bearer = format!("Authorization: Bearer {admin}");
    face.post_with(&admin, &format!("{path}/accept"), "").await;
    assert_eq!(face.send("DELETE", &path, &[&bearer], "").await.status, 200);
    assert_eq!(face.get_with(&admin, &path).await.status, 404);
    assert_eq!(face.send("DELETE", &path, &[&bearer], "").await.status, 404);
    let audit = face.get_with(&admin, "/api/v1/audit").await.body;
    assert!(audit.contains("trust.accept") && audit.contains(&thumbprint), "{audit}");
}

#[tokio::test]
async fn our_certificate_is_given_to_be_carried_to_a_server_and_no_key_with_it() {
    let face = Face::new().await;
    let viewer = face.token(Role::Viewer);
    assert_eq!(face.get_with(&viewer, "/api/v1/certificates/own").await.status, 404);
    let (_, ours) = store(&face);
    let pem = face.get_with(&viewer, "/api/v1/certificates/own?form=pem").await;
    assert_eq!(pem.body, ours.to_pem());
    assert_eq!(pem.header("content-disposition"), Some("attachment; filename=\"lockgate.pem\""));
    let shown = face.get_with(&viewer, "/api/v1/certificates").await;
    assert!(!shown.body.contains("PRIVATE KEY"), "{shown:?}");
    assert_eq!(shown.json()["certificates"][0]["thumbprint"], ours.thumbprint().grouped());
}

#[tokio::test]
async fn what_is_no_revocation_list_is_refused() {
    let face = Face::new().await;
    let bearer = format!("Authorization: Bearer {}", face.token(Role::Admin));
    let (_, ours) = store(&face);
    let kind = "Content-Type: application/pkix-crl";
    for body in [String::new(), "nonsense".to_owned(), ours.to_pem()] {
        let answer = face.send("POST", "/api/v1/trust/revocation-lists", &[&bearer, kind], &body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    let answer = face
        .send("POST", "/api/v1/trust/revocation-lists", &[&bearer, "Content-Type: text/plain"], "x")
        .await;
    assert_eq!(answer.status, 415);
}
