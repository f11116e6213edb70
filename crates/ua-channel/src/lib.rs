//! ua-channel
