//! tagstore
