//! ua-server
