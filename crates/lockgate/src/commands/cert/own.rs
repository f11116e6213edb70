//! Our own certificates as the commands need them: the store they are in, and what they are to say.

use std::path::Path;

use connector::{Config, identity};
use jiff::Timestamp;
use ua_pki::{
    ApplicationProfile, Certificate, Error, KeyKind, OwnHold, OwnPair, OwnRole, Store, is_dns_name,
};

use crate::advice::{Advice, Outcome};
use crate::cli::Names;
use crate::clock;
use crate::commands::{config, store};
use crate::context::Context;
use crate::exit::Exit;

/// The store with our certificates.
pub(super) struct Ours<'a> {
    context: &'a Context,
    pub(super) store: Store,
    /// Keeps others out while something is changed.
    _hold: Option<OwnHold>,
}

impl<'a> Ours<'a> {
    /// To change something.
    pub(super) fn open(context: &'a Context, pki: Option<&'a Path>) -> Outcome<Self> {
        Self::held(context, store::open(context, pki)?)
    }

    /// To look only.
    pub(super) fn look(context: &'a Context, pki: Option<&'a Path>) -> Outcome<Self> {
        Ok(Self { context, store: store::look(context, pki)?, _hold: None })
    }

    /// As [`open`](Self::open), and makes the store where there is none.
    pub(super) fn make(context: &'a Context, pki: Option<&'a Path>) -> Outcome<Self> {
        let root = match pki {
            Some(path) => path.to_path_buf(),
            None => config::pki(context)?,
        };
        let store = Store::open(&root).map_err(|e| store::failed(&root, &e))?;
        Self::held(context, store)
    }

    fn held(context: &'a Context, store: Store) -> Outcome<Self> {
        let hold = store.hold_own().map_err(|e| store::failed(store.root(), &e))?;
        Ok(Self { context, store, _hold: Some(hold) })
    }

    pub(super) fn failed(&self, error: &Error) -> Box<Advice> {
        store::failed(self.store.root(), error)
    }

    pub(super) fn pair(&self, role: OwnRole) -> Outcome<Option<OwnPair>> {
        self.store.own_pair(role).map_err(|e| self.failed(&e))
    }

    /// A command that reaches this store again, as one line to copy.
    pub(super) fn line(&self, command: &[&str]) -> String {
        self.context.line(command)
    }

    /// There is no certificate of ours.
    pub(super) fn none(&self) -> Box<Advice> {
        Box::new(
            Advice::new("pki.no_certificate", Exit::Config, "we have no application certificate yet")
                .fact("store", self.store.root().display().to_string())
                .then("put own/certs and own/private back, or make a certificate and its key:")
                .then_run(&["cert", "create"]),
        )
    }

    /// A pair waits already to be used next.
    pub(super) fn next_waits(&self, next: &OwnPair, again: &[&str]) -> Box<Advice> {
        Box::new(
            Advice::new("cert.next_waits", Exit::Config, "another certificate waits already to be used next")
                .fact("thumbprint", next.certificate.thumbprint().grouped())
                .fact("valid until", next.certificate.not_after().to_string())
                .then("when every server trusts it, use it:")
                .then_run(&["cert", "use", "next"])
                .then("or have it replaced by the new one:")
                .then_run(again),
        )
    }
}

/// The configuration, where the store is the one of the configuration.
pub(super) fn configured(context: &Context, pki: Option<&Path>) -> Outcome<Option<Config>> {
    if pki.is_some() || !context.config.exists() { Ok(None) } else { config::load(context).map(Some) }
}

/// What a certificate is to say: what was asked for, then what the configuration and the certificate there is say, then
/// what this machine is called.
pub(super) fn profile(
    names: &Names,
    config: Option<&Config>,
    present: Option<&Certificate>,
    days: u32,
) -> Outcome<ApplicationProfile> {
    let now = clock::now();
    let (valid_from, days) = (identity::valid_from(now), days.saturating_add(u32::from(days > 0)));
    let mut profile = match present {
        Some(certificate) => ApplicationProfile::renewing(certificate, valid_from, days),
        None => fresh(config, valid_from, days),
    };
    if let Some(name) = &names.name {
        profile.common_name.clone_from(name);
    }
    if let Some(organization) = &names.organization {
        profile.organization = Some(organization.clone());
    }
    let configured = config.map(|config| config.application.uri.as_str());
    match (&names.application_uri, configured) {
        (Some(asked), Some(configured)) if asked != configured => {
            return Err(other_application(asked, configured));
        }
        (Some(uri), _) => profile.application_uri.clone_from(uri),
        (None, Some(uri)) => uri.clone_into(&mut profile.application_uri),
        (None, None) => {}
    }
    if profile.application_uri.is_empty() {
        profile.application_uri = format!("urn:{}:{}", host(), profile.common_name);
    }
    if !names.dns.is_empty() || !names.ip.is_empty() {
        profile.dns_names.clone_from(&names.dns);
        profile.ip_addresses.clone_from(&names.ip);
    }
    Ok(profile)
}

/// What our first certificate says where no configuration says anything.
pub(in crate::commands) fn first() -> ApplicationProfile {
    let mut profile = fresh(None, identity::valid_from(clock::now()), identity::VALID_DAYS.saturating_add(1));
    profile.application_uri = format!("urn:{}:{}", host(), profile.common_name);
    profile
}

fn fresh(config: Option<&Config>, valid_from: Timestamp, days: u32) -> ApplicationProfile {
    ApplicationProfile {
        common_name: config.map_or_else(|| "lockgate".to_owned(), |config| config.application.name.clone()),
        organization: None,
        application_uri: String::new(),
        // a machine's own name is not always one that DNS allows
        dns_names: Some(host()).filter(|host| is_dns_name(host)).into_iter().collect(),
        ip_addresses: Vec::new(),
        key: KeyKind::Rsa { bits: identity::KEY_BITS },
        valid_from,
        days,
    }
}

fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

fn other_application(asked: &str, configured: &str) -> Box<Advice> {
    Box::new(
        Advice::new("cert.other_application", Exit::Usage, "the configuration names another application URI")
            .fact("configured", configured)
            .fact("asked for", asked)
            .then(
                "leave out --application-uri, or change `uri` under [application] in the configuration first",
            ),
    )
}

/// Keys on a curve are for other applications: our channel could not use one.
pub(super) fn refuse_curve(key: KeyKind) -> Outcome<()> {
    if matches!(key, KeyKind::Rsa { .. }) {
        return Ok(());
    }
    Err(Box::new(
        Advice::new(
            "cert.key_not_for_lockgate",
            Exit::Usage,
            format!("lockgate cannot use {key} for itself"),
        )
        .rule("all security policies that lockgate speaks are RSA policies (Part 7 §6.6)")
        .then("take an RSA key, as in --key rsa3072")
        .then("or, for another application, write the certificate and its key to files:")
        .then_run_alone(&[
            "cert",
            "create",
            "--output",
            "NAME",
            "--key",
            "ec-p256",
            "--application-uri",
            "URI",
        ]),
    ))
}

/// Says what has to happen before a new certificate of ours is any good.
pub(super) fn carry(ours: &Ours<'_>, role: OwnRole) -> Vec<String> {
    let export = if role == OwnRole::Next {
        ours.line(&["cert", "export", "--next", "--output", "lockgate.der"])
    } else {
        ours.line(&["cert", "export", "--output", "lockgate.der"])
    };
    vec![
        "put this certificate into the list of trusted clients of every server; as a file:".to_owned(),
        format!("  {export}"),
    ]
}
