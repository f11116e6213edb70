//! One token's keys.
