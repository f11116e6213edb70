//! Logging in and out, and the first user.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::call::{Call, document};
use super::guard::Note;
use super::route::{Answer, Body, Field, Needs, Route, Run, Verb};
use crate::access::{AccessError, By, Role, verify};
use crate::problem::Problem;

const LOGIN: &[Field] = &[
    Field { name: "user", kind: "string", required: true, about: "Name of the user" },
    Field { name: "password", kind: "string", required: true, about: "The password" },
];

const SETUP: &[Field] = &[
    Field {
        name: "secret",
        kind: "string",
        required: true,
        about: "What stands behind the # of the one-time link",
    },
    Field { name: "user", kind: "string", required: true, about: "Name of the first user, who is an admin" },
    Field { name: "password", kind: "string", required: true, about: "At least 10 characters" },
];

pub(super) const ROUTES: &[Route] = &[
    Route {
        verb: Verb::Get,
        path: "/setup",
        needs: Needs::Nothing,
        about: "Whether there is no user yet, so that the one-time link is needed",
        params: &[],
        body: Body::None,
        answer: Answer::Document("setup"),
        audit: None,
        run: Run::Now(setup),
    },
    Route {
        verb: Verb::Post,
        path: "/setup",
        needs: Needs::Nothing,
        about: "Makes the first user, with the secret of the one-time link, and logs in",
        params: &[],
        body: Body::Json(SETUP),
        answer: Answer::Document("session"),
        audit: Some("setup"),
        run: Run::Now(first_user),
    },
    Route {
        verb: Verb::Post,
        path: "/login",
        needs: Needs::Nothing,
        about: "Begins a session; the answer sets its cookie",
        params: &[],
        body: Body::Json(LOGIN),
        answer: Answer::Document("session"),
        audit: Some("login"),
        run: Run::Now(login),
    },
    Route {
        verb: Verb::Post,
        path: "/logout",
        needs: Needs::Viewer,
        about: "Ends the session",
        params: &[],
        body: Body::None,
        answer: Answer::Document("logout"),
        audit: Some("logout"),
        run: Run::Now(logout),
    },
    Route {
        verb: Verb::Get,
        path: "/session",
        needs: Needs::Viewer,
        about: "Who is logged in",
        params: &[],
        body: Body::None,
        answer: Answer::Document("session"),
        audit: None,
        run: Run::Now(session),
    },
];

#[derive(Serialize)]
struct Setup {
    /// Whether the first user is yet to be made.
    needed: bool,
}

#[derive(Serialize)]
struct Session<'a> {
    user: &'a str,
    role: Role,
    by: &'static str,
}

#[derive(Serialize)]
struct LoggedOut {
    user: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    user: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstUser {
    secret: String,
    user: String,
    password: String,
}

fn setup(call: &Call) -> Result<Response, Problem> {
    document("setup", &Setup { needed: call.api.access().users.is_empty()? })
}

fn first_user(call: &Call) -> Result<Response, Problem> {
    let asked: FirstUser = call.json()?;
    let _one = one_of_few(call)?;
    let users = &call.api.access().users;
    users.add_first(&asked.user, &asked.password, &asked.secret, call.now()).map_err(Problem::from)?;
    begin(call, &asked.user)
}

fn login(call: &Call) -> Result<Response, Problem> {
    let asked: Login = call.json()?;
    let access = call.api.access();
    if let Err(wait) = access.lockout.enter(&asked.user, call.from) {
        let why = format!("too many wrong tries; the next one in {} s", wait.as_secs().max(1));
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "login.wait", why).after(wait);
        return Err(problem.about(&asked.user));
    }
    let _one = one_of_few(call)?;
    let user = access.users.find(&asked.user)?;
    if !verify(&asked.password, user.as_ref().map(|user| user.hash.as_str())) {
        let why = "no user has this name and password";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "login.refused", why).about(&asked.user));
    }
    access.lockout.passed(&asked.user, call.from);
    begin(call, &asked.user)
}

/// Hashing takes much memory: who is one too many has to come again.
fn one_of_few(call: &Call) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
    call.api.access().hashing.try_acquire().map_err(|_| {
        let why = "several log in at this moment; try again";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", why).after(Duration::from_secs(1))
    })
}

fn begin(call: &Call, user: &str) -> Result<Response, Problem> {
    let access = call.api.access();
    let secret = access.open_session(user).ok_or_else(|| Problem::internal(&"no session could be made"))?;
    let who = access.by_cookie(&secret).ok_or_else(|| Problem::internal(&"no session could be made"))?;
    let mut response = document("session", &Session { user, role: who.role, by: who.by.word() })?;
    let cookie =
        format!("{}={secret}; Path=/; Max-Age={LASTS}; HttpOnly; SameSite=Strict", call.api.cookie_name());
    set_cookie(&mut response, &cookie)?;
    response.extensions_mut().insert(Note { detail: String::new(), who: Some(user.to_owned()) });
    Ok(response)
}

fn set_cookie(response: &mut Response, cookie: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(cookie).map_err(|error| Problem::internal(&error))?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(())
}

fn logout(call: &Call) -> Result<Response, Problem> {
    let Some(who) = &call.who else { return Err(Problem::internal(&"nobody logs out")) };
    if let By::Session(digest) = &who.by {
        call.api.access().sessions.close(digest);
    }
    let mut response = document("logout", &LoggedOut { user: who.name.clone() })?;
    let cookie = format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict", call.api.cookie_name());
    set_cookie(&mut response, &cookie)?;
    Ok(response)
}

fn session(call: &Call) -> Result<Response, Problem> {
    let Some(who) = &call.who else { return Err(Problem::internal(&"nobody is logged in")) };
    document("session", &Session { user: &who.name, role: who.role, by: who.by.word() })
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let text = error.to_string();
        match error {
            AccessError::Exists => Self::new(StatusCode::CONFLICT, "user.exists", text),
            AccessError::Unknown => Self::not_found("user.unknown", text),
            AccessError::Refused(why) => Self::bad("user.refused", why),
            AccessError::NoSetup => Self::new(StatusCode::FORBIDDEN, "setup.void", text),
            AccessError::Io { .. } | AccessError::Damaged { .. } => {
                tracing::error!(%error, "users cannot be read");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "user.unreadable",
                    "the file of users cannot be used",
                )
            }
        }
    }
}

/// Seconds after which the browser forgets the cookie; the session ends earlier when it is idle.
const LASTS: u32 = 12 * 3600;
