//! What both roles share.
