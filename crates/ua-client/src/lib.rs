//! ua-client
