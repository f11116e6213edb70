//! Users, API tokens, and what they changed.

use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::call::{Call, document};
use super::guard::noted;
use super::route::{Answer, Body, Field, Kind, Needs, Param, Route, Run, Verb};
use crate::access::{Role, TokenShown, UserShown};
use crate::problem::Problem;

const NAME: Field = Field {
    name: "name",
    kind: "string",
    required: true,
    about: "1 to 64 characters of a-z, A-Z, 0-9, . _ @ -",
};
const ROLE: Field = Field { name: "role", kind: "string", required: true, about: "viewer or admin" };
const PASSWORD: Field =
    Field { name: "password", kind: "string", required: true, about: "At least 10 characters" };

pub(super) const ROUTES: &[Route] = &[
    Route {
        verb: Verb::Get,
        path: "/users",
        needs: Needs::Admin,
        about: "The users and what they may do",
        params: &[],
        body: Body::None,
        answer: Answer::Document("user-list"),
        audit: None,
        run: Run::Now(users),
    },
    Route {
        verb: Verb::Post,
        path: "/users",
        needs: Needs::Admin,
        about: "Adds a user",
        params: &[],
        body: Body::Json(&[NAME, ROLE, PASSWORD]),
        answer: Answer::Document("user-change"),
        audit: Some("user.add"),
        run: Run::Now(add_user),
    },
    Route {
        verb: Verb::Delete,
        path: "/users/{name}",
        needs: Needs::Admin,
        about: "Removes a user and ends the user's sessions",
        params: &[],
        body: Body::None,
        answer: Answer::Document("user-change"),
        audit: Some("user.remove"),
        run: Run::Now(remove_user),
    },
    Route {
        verb: Verb::Get,
        path: "/tokens",
        needs: Needs::Admin,
        about: "The API tokens and what they may do; never the tokens themselves",
        params: &[],
        body: Body::None,
        answer: Answer::Document("token-list"),
        audit: None,
        run: Run::Now(tokens),
    },
    Route {
        verb: Verb::Post,
        path: "/tokens",
        needs: Needs::Admin,
        about: "Makes an API token, which is shown this once",
        params: &[],
        body: Body::Json(&[NAME, ROLE]),
        answer: Answer::Document("token-add"),
        audit: Some("token.add"),
        run: Run::Now(add_token),
    },
    Route {
        verb: Verb::Delete,
        path: "/tokens/{name}",
        needs: Needs::Admin,
        about: "Makes an API token void",
        params: &[],
        body: Body::None,
        answer: Answer::Document("token-change"),
        audit: Some("token.remove"),
        run: Run::Now(remove_token),
    },
    Route {
        verb: Verb::Get,
        path: "/audit",
        needs: Needs::Admin,
        about: "Who changed what, the newest first",
        params: &[Param {
            name: "limit",
            kind: Kind::Count { least: 1, most: 1000, default: Some(100) },
            about: "At most so many",
        }],
        body: Body::None,
        answer: Answer::Document("audit"),
        audit: None,
        run: Run::Now(audit),
    },
];

#[derive(Serialize)]
struct UserList {
    users: Vec<UserShown>,
}

#[derive(Serialize)]
struct TokenList {
    tokens: Vec<TokenShown>,
}

#[derive(Serialize)]
struct Changed<'a> {
    done: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct TokenMade<'a> {
    name: &'a str,
    role: Role,
    token: &'a str,
}

#[derive(Serialize)]
struct Audited {
    truncated: bool,
    entries: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: String,
    role: Role,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedToken {
    name: String,
    role: Role,
}

fn users(call: &Call) -> Result<Response, Problem> {
    document("user-list", &UserList { users: call.api.access().users.list()? })
}

fn add_user(call: &Call) -> Result<Response, Problem> {
    let NewUser { name, role, password } = call.json()?;
    call.api.access().users.add(&name, role, &password, call.now())?;
    let response = document("user-change", &Changed { done: "added", name: &name })?;
    Ok(noted(response, format!("{name} as {}", role.word())))
}

fn remove_user(call: &Call) -> Result<Response, Problem> {
    let name = call.part("name");
    call.api.access().users.remove(name)?;
    document("user-change", &Changed { done: "removed", name })
}

fn tokens(call: &Call) -> Result<Response, Problem> {
    document("token-list", &TokenList { tokens: call.api.access().users.tokens()? })
}

fn add_token(call: &Call) -> Result<Response, Problem> {
    let AskedToken { name, role } = call.json()?;
    let made = call.api.access().users.add_token(&name, role, call.now())?;
    let response = document("token-add", &TokenMade { name: &name, role, token: &made.secret })?;
    Ok(noted(response, format!("{name} as {}", role.word())))
}

fn remove_token(call: &Call) -> Result<Response, Problem> {
    let name = call.part("name");
    call.api.access().users.remove_token(name)?;
    document("token-change", &Changed { done: "removed", name })
}

fn audit(call: &Call) -> Result<Response, Problem> {
    let (entries, truncated) =
        call.api.audit().newest(call.limit()).map_err(|error| Problem::internal(&error))?;
    document("audit", &Audited { truncated, entries })
}
