//! Security tokens.
