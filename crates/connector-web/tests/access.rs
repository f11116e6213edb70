//! Who may come in, and what they may do there.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use common::Face;
use connector_web::{Needs, Role, Verb, known_setup_link, routes, setup_link};

const PASSWORD: &str = "correct horse";

/// What each route needs. A route that is added without a row here fails the test below.
const TABLE: &[(Verb, &str, Needs)] = &[
    (Verb::Get, "/setup", Needs::Nothing),
    (Verb::Post, "/setup", Needs::Nothing),
    (Verb::Post, "/login", Needs::Nothing),
    (Verb::Post, "/logout", Needs::Viewer),
    (Verb::Get, "/session", Needs::Viewer),
    (Verb::Get, "/users", Needs::Admin),
    (Verb::Post, "/users", Needs::Admin),
    (Verb::Delete, "/users/{name}", Needs::Admin),
    (Verb::Get, "/tokens", Needs::Admin),
    (Verb::Post, "/tokens", Needs::Admin),
    (Verb::Delete, "/tokens/{name}", Needs::Admin),
    (Verb::Get, "/audit", Needs::Admin),
    (Verb::Get, "/about", Needs::Viewer),
    (Verb::Get, "/status", Needs::Viewer),
    (Verb::Get, "/sources", Needs::Viewer),
    (Verb::Get, "/sinks", Needs::Viewer),
    (Verb::Get, "/certificates", Needs::Viewer),
    (Verb::Get, "/trust", Needs::Viewer),
    (Verb::Get, "/trust/{thumbprint}", Needs::Viewer),
    (Verb::Post, "/trust/{thumbprint}/accept", Needs::Admin),
    (Verb::Post, "/trust/{thumbprint}/reject", Needs::Admin),
    (Verb::Delete, "/trust/{thumbprint}", Needs::Admin),
    (Verb::Post, "/trust/revocation-lists", Needs::Admin),
    (Verb::Get, "/certificates/own", Needs::Viewer),
    (Verb::Post, "/discover", Needs::Admin),
    (Verb::Post, "/sources", Needs::Admin),
    (Verb::Delete, "/sources/{name}", Needs::Admin),
    (Verb::Get, "/sources/{name}/browse", Needs::Admin),
    (Verb::Post, "/sources/{name}/select", Needs::Admin),
    (Verb::Get, "/config", Needs::Admin),
    (Verb::Get, "/config/check", Needs::Viewer),
    (Verb::Get, "/config/plan", Needs::Viewer),
    (Verb::Post, "/config/try", Needs::Admin),
    (Verb::Put, "/config", Needs::Admin),
    (Verb::Post, "/config/apply", Needs::Admin),
    (Verb::Post, "/config/roll-back", Needs::Admin),
    (Verb::Get, "/streams", Needs::Viewer),
    (Verb::Get, "/query", Needs::Viewer),
    (Verb::Get, "/events", Needs::Viewer),
    (Verb::Get, "/gaps", Needs::Viewer),
    (Verb::Get, "/backfill", Needs::Viewer),
    (Verb::Get, "/backfill/{id}", Needs::Viewer),
    (Verb::Get, "/live", Needs::Viewer),
    (Verb::Get, "/status/live", Needs::Viewer),
    (Verb::Post, "/backfill", Needs::Admin),
    (Verb::Post, "/backfill/{id}/pause", Needs::Admin),
    (Verb::Post, "/backfill/{id}/resume", Needs::Admin),
    (Verb::Post, "/backfill/{id}/cancel", Needs::Admin),
    (Verb::Get, "/openapi.json", Needs::Viewer),
];

fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Put => "PUT",
        Verb::Delete => "DELETE",
    }
}

#[test]
fn every_route_has_a_row_and_every_change_is_an_admins_and_audited() {
    let listed: Vec<_> = routes().map(|route| (route.verb, route.path, route.needs)).collect();
    assert_eq!(listed, TABLE);
    let own_doing = ["/setup", "/login", "/logout"];
    for route in routes().filter(|route| route.verb != Verb::Get) {
        assert!(route.audited, "{route:?}");
        assert!(route.needs == Needs::Admin || own_doing.contains(&route.path), "{route:?}");
    }
}

#[tokio::test]
async fn each_role_gets_what_the_table_says_and_nothing_else() {
    let face = Face::new().await;
    let roles = [
        (None, vec![Needs::Nothing]),
        (Some(face.token(Role::Viewer)), vec![Needs::Nothing, Needs::Viewer]),
        (Some(face.token(Role::Admin)), vec![Needs::Nothing, Needs::Viewer, Needs::Admin]),
    ];
    for (token, may) in roles {
        for (verb, path, needs) in TABLE {
            let path = path.replace(['{', '}'], "");
            let bearer = token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n"));
            let request = format!(
                "{} /api/v1{path} HTTP/1.1\r\nHost: {}\r\n{}X-Lockgate: 1\r\nContent-Length: 0\r\n\r\n",
                method(*verb),
                face.address,
                bearer.as_deref().unwrap_or_default()
            );
            let answer = face.begin_of(&request, "\r\n\r\n").await;
            let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
            let turned_away = matches!(status, 401 | 403);
            assert_eq!(!turned_away, may.contains(needs), "{verb:?} {path} of {token:?}: {answer}");
            assert!(token.is_some() || !turned_away || status == 401, "{verb:?} {path}: {answer}");
        }
    }
}

fn first_user(face: &Face) -> String {
    let link = setup_link(&face.config.borrow(), face.address).unwrap().unwrap();
    let secret = link.split_once("/setup#").unwrap().1;
    format!(r#"{{"secret":"{secret}","user":"anna","password":"{PASSWORD}"}}"#)
}

#[tokio::test]
async fn the_one_time_link_makes_an_admin_and_is_void_after_that() {
    let face = Face::new().await;
    let body = first_user(&face);
    assert_eq!(face.get("/api/v1/setup").await.json()["needed"], true);
    let guessed =
        face.post("/api/v1/setup", r#"{"secret":"00","user":"eve","password":"ten or more"}"#).await;
    assert_eq!((guessed.status, guessed.json()["code"].as_str()), (403, Some("setup.void")));
    let made = face.post("/api/v1/setup", &body).await;
    assert_eq!((made.status, made.json()["role"].as_str()), (200, Some("admin")), "{made:?}");
    let cookie = made.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let session = face.send("GET", "/api/v1/session", &[&format!("Cookie: {}", made.cookie())], "").await;
    assert_eq!(session.json()["user"], "anna");
    assert_eq!(face.get("/api/v1/setup").await.json()["needed"], false);
    let again = face.post("/api/v1/setup", &body.replace("anna", "eve")).await;
    assert_eq!(again.status, 403, "{again:?}");
    assert_eq!(known_setup_link(&face.config.borrow(), face.address), None);
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_of_users_is_their_owners_alone_and_holds_no_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let face = Face::new().await;
    face.post("/api/v1/setup", &first_user(&face)).await;
    let token = face.token(Role::Viewer);
    let file = face.data().join("web/users.json");
    for path in [face.data().join("web"), file.clone(), face.data().join("audit.jsonl")] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{path:?}");
    }
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(!kept.contains(PASSWORD) && !kept.contains(&token) && kept.contains("$argon2id$"), "{kept}");
}

#[tokio::test]
async fn who_guesses_learns_nothing_and_is_slowed_down() {
    let face = Face::new().await;
    face.users().add("anna", Role::Viewer, PASSWORD, jiff::Timestamp::now()).unwrap();
    let login = |user: &str, password: &str| {
        let body = format!(r#"{{"user":"{user}","password":"{password}"}}"#);
        let face = &face;
        async move { face.post("/api/v1/login", &body).await }
    };
    let (wrong, unknown) = (login("anna", "wrong").await, login("nobody", "wrong").await);
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.body, unknown.body);
    for _ in 0..4 {
        assert_eq!(login("anna", "wrong").await.status, 401);
    }
    let waits = login("anna", PASSWORD).await;
    assert_eq!(waits.status, 429, "the right password is refused as well: {waits:?}");
    assert!(waits.header("retry-after").is_some());
    for _ in 0..4 {
        assert_eq!(login("nobody", "wrong").await.status, 401);
    }
    assert_eq!(login("nobody", "wrong").await.status, 429, "no difference between users");
    face.clock.by(2);
    assert_eq!(login("anna", PASSWORD).await.status, 200);
    assert_eq!(login("anna", "wrong").await.status, 401, "it begins anew");
}

#[tokio::test]
async fn a_session_ends_with_logout_idleness_another_password_and_the_user() {
    let face = Face::new().await;
    face.users().add("anna", Role::Admin, PASSWORD, jiff::Timestamp::now()).unwrap();
    let body = format!(r#"{{"user":"anna","password":"{PASSWORD}"}}"#);
    let log_in = async || format!("Cookie: {}", face.post("/api/v1/login", &body).await.cookie());
    let status = async |cookie: &str| face.send("GET", "/api/v1/session", &[cookie], "").await.status;

    let cookie = log_in().await;
    assert_eq!(status(&cookie).await, 200);
    face.send("POST", "/api/v1/logout", &[&cookie, "X-Lockgate: 1"], "").await;
    assert_eq!(status(&cookie).await, 401);

    let cookie = log_in().await;
    face.clock.by(2 * 3600 + 1);
    assert_eq!(status(&cookie).await, 401);

    let cookie = log_in().await;
    face.users().set_password("anna", "another password").unwrap();
    assert_eq!(status(&cookie).await, 401);

    face.users().set_password("anna", PASSWORD).unwrap();
    let cookie = log_in().await;
    assert_eq!(status(&cookie).await, 200);
    face.users().remove("anna").unwrap();
    assert_eq!(status(&cookie).await, 401);
}

#[tokio::test]
async fn a_page_of_another_site_can_change_nothing() {
    let face = Face::new().await;
    face.users().add("anna", Role::Admin, PASSWORD, jiff::Timestamp::now()).unwrap();
    let body = format!(r#"{{"user":"anna","password":"{PASSWORD}"}}"#);
    let cookie = format!("Cookie: {}", face.post("/api/v1/login", &body).await.cookie());
    let json = "Content-Type: application/json";
    let wanted = r#"{"name":"eve","role":"admin"}"#;
    let ask = async |headers: &[&str]| {
        let mut all = vec![cookie.as_str()];
        all.extend(headers);
        face.send("POST", "/api/v1/tokens", &all, wanted).await
    };
    for headers in [
        &[json][..],
        &[json, "X-Lockgate: 1", "Origin: http://evil.example"],
        &[json, "X-Lockgate: 1", "Origin: null"],
        &[json, "X-Lockgate: 1", "Sec-Fetch-Site: cross-site"],
        &[json, "X-Lockgate: 1", "Sec-Fetch-Site: same-site"],
    ] {
        let answer = ask(headers).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("csrf")), "{headers:?}");
    }
    let form = ask(&["X-Lockgate: 1", "Content-Type: text/plain"]).await;
    assert_eq!(form.status, 415);
    let looked = face.send("GET", "/api/v1/users", &[&cookie, "Sec-Fetch-Site: cross-site"], "").await;
    assert_eq!(looked.status, 403);
    assert_eq!(face.users().tokens().unwrap().len(), 0);
    let origin = format!("Origin: http://{}", face.address);
    let ours = ask(&[json, "X-Lockgate: 1", &origin, "Sec-Fetch-Site: same-origin"]).await;
    assert_eq!(ours.status, 200, "{ours:?}");
}

#[tokio::test]
async fn a_token_works_until_it_is_removed() {
    let face = Face::new().await;
    let admin = face.token(Role::Admin);
    let made = face.post_with(&admin, "/api/v1/tokens", r#"{"name":"grafana","role":"viewer"}"#).await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(face.get_with(&token, "/api/v1/session").await.json()["user"], "grafana");
    assert!(!face.get_with(&admin, "/api/v1/tokens").await.body.contains(&token));
    let bearer = format!("Authorization: Bearer {admin}");
    assert_eq!(face.send("DELETE", "/api/v1/tokens/grafana", &[&bearer], "").await.status, 200);
    assert_eq!(face.get_with(&token, "/api/v1/session").await.status, 401);
}

#[tokio::test]
async fn every_change_is_in_the_audit_with_hostile_text_escaped() {
    let face = Face::new().await;
    let admin = face.token(Role::Admin);
    let login = r#"{"user":"eve\n{\"who\":\"anna\"}\u001b[2J\u202e","password":"guessed it?"}"#;
    assert_eq!(face.post("/api/v1/login", login).await.status, 401);
    face.post_with(&admin, "/api/v1/users", r#"{"name":"bob","role":"viewer","password":"long enough"}"#)
        .await;
    let file = std::fs::read_to_string(face.data().join("audit.jsonl")).unwrap();
    assert_eq!(file.lines().count(), 2, "{file}");
    assert!(file.chars().all(|c| c == '\n' || !c.is_control()) && !file.contains('\u{202e}'), "{file:?}");
    assert!(!file.contains("guessed it?") && !file.contains("long enough"), "{file}");
    let audit = face.get_with(&admin, "/api/v1/audit").await.json();
    let (newest, first) = (&audit["entries"][0], &audit["entries"][1]);
    assert_eq!((newest["action"].as_str(), newest["who"].as_str()), (Some("user.add"), Some("admin")));
    assert_eq!(newest["detail"], "bob as viewer");
    assert_eq!((first["status"].as_u64(), first["from"].as_str()), (Some(401), Some("127.0.0.1")));
    assert_eq!(first["who"], "eve\n{\"who\":\"anna\"}\u{1b}[2J\u{202e}");
}

#[tokio::test]
async fn a_change_that_cannot_be_written_down_is_not_done() {
    let face = Face::new().await;
    let admin = face.token(Role::Admin);
    std::fs::create_dir(face.data().join("audit.jsonl")).unwrap();
    let answer = face.post_with(&admin, "/api/v1/tokens", r#"{"name":"x","role":"viewer"}"#).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("audit")));
    assert_eq!(face.users().tokens().unwrap().len(), 1);
}

#[tokio::test]
async fn a_flood_of_refused_logins_does_not_fill_the_audit() {
    let face = Face::new().await;
    let name = "x".repeat(50_000);
    for _ in 0..70 {
        let body = format!(r#"{{"secret":"00","user":"{name}","password":"long enough"}}"#);
        assert_eq!(face.post("/api/v1/setup", &body).await.status, 403);
    }
    face.post_with(&face.token(Role::Admin), "/api/v1/tokens", r#"{"name":"x","role":"viewer"}"#).await;
    let audit = std::fs::read_to_string(face.data().join("audit.jsonl")).unwrap();
    let lines = audit.lines().count();
    // a minute may have ended in between
    assert!((61..=70).contains(&lines) && audit.len() < 20_000, "{lines}: {}", audit.len());
    assert!(lines == 70 || audit.contains("refused ones before, not listed"), "{audit}");
}
