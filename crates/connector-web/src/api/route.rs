//! What a route is: everything about it in one place, from which the router, the rights, the check of what is asked and
//! the description of the API are made.

use std::pin::Pin;
use std::sync::Arc;

use axum::response::Response;

use super::call::Call;
use crate::problem::Problem;

/// One thing that can be asked for.
pub(crate) struct Route {
    pub(crate) verb: Verb,
    /// Below `/api/v1`, with `{name}` for what varies.
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    pub(crate) about: &'static str,
    pub(crate) params: &'static [Param],
    pub(crate) body: Body,
    pub(crate) answer: Answer,
    /// The name of the change in the audit; none for what changes nothing.
    pub(crate) audit: Option<&'static str>,
    pub(crate) run: Run,
}

/// What is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Looks.
    Get,
    /// Does something.
    Post,
    /// Replaces something.
    Put,
    /// Removes something.
    Delete,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Everybody who reaches the address.
    Nothing,
    /// Who is logged in.
    Viewer,
    /// Who is logged in and may change things.
    Admin,
}

/// A parameter of the query.
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) about: &'static str,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    /// Several, each as its own parameter of the same name.
    Texts {
        most: usize,
    },
    Count {
        least: usize,
        most: usize,
        default: Option<usize>,
    },
    /// As on the command line; without a default it is optional.
    Time {
        default: Option<&'static str>,
    },
    /// `true` or `false`; `false` when it is missing.
    Flag,
    /// One of these words; the first when it is missing.
    Choice(&'static [&'static str]),
}

/// What comes with the question.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    None,
    /// An object of at most 64 KiB.
    Json(&'static [Field]),
    /// So many bytes at most, of this type.
    Bytes {
        most: usize,
        kind: &'static str,
    },
}

/// A member of an object that comes with the question.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// As JSON Schema names it.
    pub(crate) kind: &'static str,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
}

/// What comes back.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// The document with this schema.
    Document(&'static str),
    /// The document or CSV, as is asked.
    DocumentOrCsv(&'static str),
    /// A file of one of these types.
    File(&'static [&'static str]),
    /// Server-sent events, each the document with this schema.
    Events(&'static str),
}

pub(crate) type Later = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// How it is answered.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// By a function that reads or writes files.
    Now(fn(&Call) -> Result<Response, Problem>),
    /// By one that waits for others.
    Later(fn(Arc<Call>) -> Later),
}
