//! ua-pki
