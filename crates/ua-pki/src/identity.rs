//! Who we are: our application instance certificate with its chain, and the private key to it.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::{Certificate, Error, KeyKind, PrivateKey, issue, profile};

/// What an application instance certificate says (Part 6 §6.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationProfile {
    /// Common name of the subject: the name people see.
    pub common_name: String,
    /// Organisation in the subject.
    pub organization: Option<String>,
    /// The application URI, as in `urn:HOST:lockgate`; must be the one in our application description.
    pub application_uri: String,
    /// Host names under which the application is reached.
    pub dns_names: Vec<String>,
    /// Addresses under which the application is reached.
    pub ip_addresses: Vec<IpAddr>,
    /// Kind of key to make; where the key is there already, its own kind counts.
    pub key: KeyKind,
    /// Start of the validity period.
    pub valid_from: Timestamp,
    /// Length of the validity period in days.
    pub days: u32,
}

/// Our certificate chain and the private key of its leaf; they always belong together.
#[derive(Debug, Clone)]
pub struct ApplicationIdentity {
    leaf: Certificate,
    /// Leaf first.
    chain: Vec<Certificate>,
    key: PrivateKey,
}

impl ApplicationIdentity {
    /// Joins a chain (leaf first) and a key. Fails when the key is not the leaf's.
    pub fn new(chain: Vec<Certificate>, key: PrivateKey) -> Result<Self, Error> {
        let leaf =
            chain.first().cloned().ok_or_else(|| Error::Malformed("no certificate at all".to_owned()))?;
        if !key.belongs_to(leaf.public_key()) {
            return Err(Error::KeyMismatch { thumbprint: leaf.thumbprint().to_string() });
        }
        Ok(Self { leaf, chain, key })
    }

    /// Makes a new key of the profile's kind and a certificate for it, signed by itself, fit to be client and server.
    pub fn self_signed(profile: &ApplicationProfile) -> Result<Self, Error> {
        // before time is spent on a key
        profile::check_application(profile)?;
        Self::self_signed_for(profile, PrivateKey::generate(profile.key)?)
    }

    /// Makes a certificate for this key, signed by it, fit to be client and server.
    pub fn self_signed_for(profile: &ApplicationProfile, key: PrivateKey) -> Result<Self, Error> {
        let certificate = issue::self_signed_application(profile, &key)?;
        Self::new(vec![certificate], key)
    }

    /// Our own certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// Our certificate and its issuers, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The chain as it goes over the wire: concatenated DER, leaf first.
    #[must_use]
    pub fn chain_der(&self) -> Vec<u8> {
        self.chain.iter().flat_map(|certificate| certificate.der().iter().copied()).collect()
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The application URI in the certificate; empty when it has none.
    #[must_use]
    pub fn application_uri(&self) -> &str {
        self.leaf.application_uri().unwrap_or_default()
    }
}
