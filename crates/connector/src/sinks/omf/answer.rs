//! What a server says to a request, understood: the status of the whole, and of each message in it.
//!
//! A message can fail inside a request that was accepted, so the body is read, within a bound. What is no answer of an
//! OMF endpoint (a login page, a proxy's error) is never taken for one.

use serde::Deserialize;

use super::http::Answer;
use super::trouble::OmfTrouble;
use crate::naming::printable;

/// What became of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// All of it is the server's.
    Taken,
    /// Some of its messages were refused; the others are the server's.
    Partly(Vec<Refusal>),
    /// The body is too large.
    TooLarge,
    /// 400 and the like: the same will never be taken.
    Refused { status: u16, reason: String },
    /// A type or container is not known.
    Unknown { reason: String },
    /// There is another definition under this name.
    Conflict { reason: String },
}

/// One refused message of a request.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Its place in the request.
    pub(super) message: usize,
    pub(super) code: u16,
    pub(super) reason: String,
}

/// Understands an answer.
///
/// # Errors
/// What stops the sink for now: no OMF endpoint, a login refused, a server that cannot take anything.
pub(super) fn understand(url: &str, answer: &Answer) -> Result<Outcome, OmfTrouble> {
    let url = url.to_owned();
    let not_omf = |what: String| OmfTrouble::NotOmf { url: url.clone(), what };
    let status = answer.status;
    if answer.cut_off {
        return Err(not_omf(format!("{status} with an answer that does not end")));
    }
    let said = Said::read(answer);
    let reason = said.as_ref().map(Said::reason).unwrap_or_default();
    let worded = |otherwise: &str| if reason.is_empty() { otherwise.to_owned() } else { reason.clone() };
    let detail = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    match status {
        200..=299 => match said {
            None if answer.body.iter().all(u8::is_ascii_whitespace) => Ok(Outcome::Taken),
            None => Err(not_omf(format!("{status} with {}", answer.kind()))),
            Some(said) => of_messages(url, &said),
        },
        300..=399 => Err(not_omf(format!("{status}, a redirection, which is not followed"))),
        401 | 403 => Err(OmfTrouble::Login { url, status, detail }),
        404 if said.is_none() && !answer.body.is_empty() => {
            Err(not_omf(format!("404 with {}", answer.kind())))
        }
        404 => Ok(Outcome::Unknown { reason: worded("404 Not Found") }),
        409 => Ok(Outcome::Conflict { reason: worded("409 Conflict") }),
        413 => Ok(Outcome::TooLarge),
        408 | 429 | 500 | 502..=504 | 506..=599 => Err(OmfTrouble::Busy { url, status, detail }),
        400 | 422 => Ok(Outcome::Refused { status, reason: worded("400 Bad Request") }),
        _ => Err(not_omf(format!("{status}{detail}"))),
    }
}

/// The messages that were refused inside a request that was accepted.
fn of_messages(url: String, said: &Said) -> Result<Outcome, OmfTrouble> {
    let mut refusals = Vec::new();
    for message in &said.messages {
        let code = message.status.as_ref().map_or(200, |status| status.code);
        let reason = message.reason().unwrap_or_else(|| format!("{code}"));
        match (code, message.index) {
            (0..=399, _) => {}
            (408 | 429 | 500.., _) => {
                return Err(OmfTrouble::Busy { url, status: code, detail: format!(" ({reason})") });
            }
            (401 | 403, _) => {
                return Err(OmfTrouble::Login { url, status: code, detail: format!(" ({reason})") });
            }
            (_, Some(message)) => refusals.push(Refusal { message, code, reason }),
            (404, None) => return Ok(Outcome::Unknown { reason }),
            (409, None) => return Ok(Outcome::Conflict { reason }),
            (413, None) => return Ok(Outcome::TooLarge),
            (_, None) => return Ok(Outcome::Refused { status: code, reason }),
        }
    }
    Ok(if refusals.is_empty() { Outcome::Taken } else { Outcome::Partly(refusals) })
}

/// The body of PI Web API; what the others answer (`OperationId`, `Error` with `Reason`) is a part of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(rename = "Messages")]
    messages: Vec<Message>,
    #[serde(rename = "Error", alias = "error", alias = "Message", alias = "message")]
    error: Option<serde_json::Value>,
    #[serde(rename = "Reason", alias = "reason")]
    reason: Option<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    #[serde(rename = "MessageIndex")]
    index: Option<usize>,
    #[serde(rename = "Status")]
    status: Option<Status>,
    #[serde(rename = "Events")]
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(rename = "Code")]
    code: u16,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    /// Older servers write the members of `EventInfo` into the event itself.
    #[serde(rename = "EventInfo")]
    info: Option<EventInfo>,
    #[serde(rename = "Message")]
    message: Option<String>,
    #[serde(rename = "Reason")]
    reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EventInfo {
    #[serde(rename = "Message")]
    message: Option<String>,
    #[serde(rename = "Reason")]
    reason: Option<String>,
}

impl Said {
    /// `None` when the body is not the JSON object of such an answer.
    fn read(answer: &Answer) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
        value.is_object().then(|| serde_json::from_value(value).ok()).flatten()
    }

    fn reason(&self) -> String {
        let of_messages = self.messages.iter().find_map(Message::reason);
        let text = |value: &Option<serde_json::Value>| {
            value.as_ref().and_then(|value| value.as_str()).map(str::to_owned)
        };
        let own = || match (text(&self.error), text(&self.reason)) {
            (Some(error), Some(reason)) => Some(format!("{error}: {reason}")),
            (error, reason) => error.or(reason),
        };
        printable(&of_messages.or_else(own).unwrap_or_default())
    }
}

impl Message {
    fn reason(&self) -> Option<String> {
        let event = self.events.first()?;
        let (message, reason) = match &event.info {
            Some(info) => (&info.message, &info.reason),
            None => (&event.message, &event.reason),
        };
        let text = match (message, reason) {
            (Some(message), Some(reason)) => format!("{message}: {reason}"),
            (message, reason) => message.as_ref().or(reason.as_ref())?.clone(),
        };
        Some(printable(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> Answer {
        Answer { status, content_type: kind.to_owned(), body: body.as_bytes().to_vec(), cut_off: false }
    }

    #[test]
    fn a_message_that_failed_inside_an_accepted_request_is_found_in_both_spellings() {
        let body = r#"{"OperationId":"1","Messages":[
            {"MessageIndex":0,"Status":{"Code":202},"Events":[]},
            {"MessageIndex":1,"Status":{"Code":404,"HighestSeverity":"Error"},
             "Events":[{"EventInfo":{"Message":"No container","Reason":"unknown"},"Severity":"Error"}]},
            {"MessageIndex":2,"Status":{"Code":400},"Events":[{"Message":"Bad","Severity":"Error"}]}]}"#;
        let Ok(Outcome::Partly(refusals)) = understand("u", &answer(202, "application/json", body)) else {
            panic!("not partly")
        };
        let found: Vec<_> = refusals.iter().map(|r| (r.message, r.code, r.reason.as_str())).collect();
        assert_eq!(found, [(1, 404, "No container: unknown"), (2, 400, "Bad")]);
    }

    #[test]
    fn a_page_that_says_200_is_no_delivery() {
        let trouble =
            understand("https://pi/x", &answer(200, "text/html", "<html>Log in</html>")).unwrap_err();
        assert_eq!(
            trouble.to_string(),
            "https://pi/x does not answer as an OMF endpoint: 200 with text/html"
        );
        assert!(matches!(understand("u", &answer(204, "", "")), Ok(Outcome::Taken)));
        assert!(matches!(understand("u", &answer(202, "application/json", "{}")), Ok(Outcome::Taken)));
        assert!(matches!(understand("u", &answer(302, "", "")), Err(OmfTrouble::NotOmf { .. })));
    }
}
