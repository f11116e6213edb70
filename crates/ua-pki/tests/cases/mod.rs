//! What a row of the table cannot say: messages, skipped steps, whole ranges of inputs.

mod beyond;
mod words;

pub(crate) use crate::table::{Case, case};
