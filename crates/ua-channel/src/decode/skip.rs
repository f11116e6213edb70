//! Stepping over values.
