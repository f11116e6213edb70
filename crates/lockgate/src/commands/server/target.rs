//! Which server is meant, as whom we log in, and which certificate store decides.

use std::path::Path;
use std::sync::Arc;

use connector::config::SecretRef;
use connector::{Config, SourceConfig, identity, secrets, sources};
use ua_client::{EndpointUrl, Login};
use ua_pki::{ApplicationIdentity, Store};
use zeroize::Zeroizing;

use crate::advice::{Advice, Outcome, disk};
use crate::cli;
use crate::clock;
use crate::commands::failure::{self, About};
use crate::commands::{cert, config, discover, secret, store};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};

/// A server to talk to, with everything that is ours in the conversation.
pub(super) struct Target {
    /// Where and with which security. For a bare URL the security is chosen when its endpoints are known.
    pub(super) place: Place,
    pub(super) store: Store,
    pub(super) identity: Arc<ApplicationIdentity>,
    pub(super) login: Login,
    /// Shown on the server.
    pub(super) session_name: String,
}

/// A source whose security was agreed on, or an address.
pub(super) enum Place {
    Source(Box<SourceConfig>),
    Url(EndpointUrl),
}

impl Target {
    /// Finds out what is meant; reads the password last, when everything else is right.
    pub(super) fn resolve(context: &Context, args: &cli::Target) -> Outcome<Self> {
        if args.target.contains("://") {
            let url = discover::parse_url(&args.target)?;
            let (store, identity, session_name) = ours(context, args)?;
            let login = login(context, args)?.unwrap_or(Login::Anonymous);
            return Ok(Self { place: Place::Url(url), store, identity, login, session_name });
        }
        refuse_url_options(args)?;
        let config = config::load(context)?;
        let source = config.source(&args.target).map_err(|e| failure::explain(context, None, &e))?.clone();
        let (store, identity, session_name) = ours(context, args)?;
        let login = match login(context, args)? {
            Some(login) => login,
            None => sources::login(&source).map_err(|e| failure::explain(context, None, &e))?,
        };
        Ok(Self { place: Place::Source(Box::new(source)), store, identity, login, session_name })
    }

    /// A source as the collector will meet it.
    pub(super) fn of_source(context: &Context, config: &Config, source: SourceConfig) -> Outcome<Self> {
        let store = Store::open(&config.pki).map_err(|e| store::failed(&config.pki, &e))?;
        let identity = load(context, config, &store)?;
        let login = sources::login(&source).map_err(|e| failure::explain(context, None, &e))?;
        let session_name = config.application.name.clone();
        Ok(Self { place: Place::Source(Box::new(source)), store, identity, login, session_name })
    }

    /// The address that will be dialled.
    pub(super) fn url(&self) -> &EndpointUrl {
        match &self.place {
            Place::Source(source) => &source.url,
            Place::Url(url) => url,
        }
    }

    /// What is known for explaining a failure.
    pub(super) fn about<'a>(&'a self, make: Option<(&'a str, &'a str)>) -> About<'a> {
        let configured = match &self.place {
            Place::Source(source) => Some(source.as_ref()),
            Place::Url(_) => None,
        };
        About {
            source: configured.map(|source| source.name.as_str()),
            configured,
            url: Some(self.url().as_str()),
            host: Some(self.url().host()),
            user: match (&self.place, &self.login) {
                (Place::Url(_), Login::UserName { name, .. }) => Some(name),
                _ => None,
            },
            user_certificate: match &self.login {
                Login::Certificate { user } => Some(user.certificate()),
                _ => None,
            },
            own: Some(self.identity.certificate()),
            store: Some(&self.store),
            make,
        }
    }
}

/// A source has its security in the configuration; naming another one here would only seem to work.
fn refuse_url_options(args: &cli::Target) -> Outcome<()> {
    let given = [
        ("--policy", args.policy.is_some()),
        ("--mode", args.mode.is_some()),
        ("--application-uri", args.application_uri.is_some()),
        ("--danger-without-security", args.danger_without_security),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => Err(Box::new(
            Advice::new(
                "usage.option_of_a_url",
                Exit::Usage,
                format!("{option} goes with a URL; the security of a source is in the configuration"),
            )
            .fact("source", args.target.as_str())
            .then("leave the option out, or name the server by its URL (opc.tcp://HOST:PORT)"),
        )),
    }
}

/// The store, our identity in it, and the name of our sessions.
fn ours(context: &Context, args: &cli::Target) -> Outcome<(Store, Arc<ApplicationIdentity>, String)> {
    let config = if context.config.exists() { Some(config::load(context)?) } else { None };
    let name = config.as_ref().map_or_else(|| SESSION_NAME.to_owned(), |c| c.application.name.clone());
    if let Some(root) = &args.pki {
        let store = made(root)?;
        let identity = own(context, &store)?;
        return Ok((store, identity, name));
    }
    let Some(config) = config else { return Err(nowhere(context, &args.target)) };
    let store = Store::open(&config.pki).map_err(|e| store::failed(&config.pki, &e))?;
    let identity = load(context, &config, &store)?;
    Ok((store, identity, name))
}

fn load(context: &Context, config: &Config, store: &Store) -> Outcome<Arc<ApplicationIdentity>> {
    let identity = identity::load(config, store, clock::now()).map_err(|error| {
        failure::explain(context, Some(&About { store: Some(store), ..About::default() }), &error)
    })?;
    Ok(Arc::new(identity))
}

/// The store at `--pki`, made if there is none.
fn made(root: &Path) -> Outcome<Store> {
    if !root.exists() {
        std::fs::create_dir_all(root).map_err(|e| disk("make the certificate store", root, &e))?;
    }
    Store::open(root).map_err(|e| store::failed(root, &e))
}

/// Our identity in a store without a configuration; the first time it is made, and that is said.
fn own(context: &Context, store: &Store) -> Outcome<Arc<ApplicationIdentity>> {
    let failed = |e: ua_pki::Error| store::failed(store.root(), &e);
    if let Some(identity) = store.own().map_err(failed)? {
        identity::in_time(&identity, clock::now()).map_err(|error| {
            failure::explain(context, Some(&About { store: Some(store), ..About::default() }), &error)
        })?;
        return Ok(Arc::new(identity));
    }
    let _hold = store.hold_own().map_err(failed)?;
    // another command may have made it while this one waited
    if let Some(identity) = store.own().map_err(failed)? {
        return Ok(Arc::new(identity));
    }
    let identity = ApplicationIdentity::self_signed(&cert::first()).map_err(failed)?;
    store.save_own(&identity).map_err(failed)?;
    say(&format!(
        "made our certificate {} in {}",
        identity.certificate().thumbprint().grouped(),
        safe(&store.root().display().to_string())
    ));
    Ok(Arc::new(identity))
}

/// The login that the options ask for; `None` when they name no user.
fn login(context: &Context, args: &cli::Target) -> Outcome<Option<Login>> {
    if let (Some(certificate), Some(key)) = (&args.certificate.user_cert, &args.certificate.user_key) {
        let user = secrets::user_certificate(certificate, key)
            .map_err(|error| failure::explain(context, None, &error))?;
        return Ok(Some(Login::Certificate { user: Arc::new(user) }));
    }
    let Some(user) = &args.user else { return Ok(None) };
    let reference = match (&args.password_file, &args.password_credential) {
        (Some(path), _) => Some(SecretRef::File(path.clone())),
        (None, Some(name)) => Some(SecretRef::Credential(name.clone())),
        (None, None) => None,
    };
    let password: Zeroizing<String> = match reference {
        Some(reference) => {
            secrets::read(&reference).map_err(|error| failure::explain(context, None, &error))?
        }
        None => secret::From::terminal_or_stdin(args.password_stdin).read(user)?,
    };
    Ok(Some(Login::UserName { name: user.clone(), password }))
}

fn nowhere(context: &Context, target: &str) -> Box<Advice> {
    Box::new(
        Advice::new(
            "pki.nowhere",
            Exit::Config,
            "there is no configuration here and no --pki, so there is no certificate store to decide trust by",
        )
        .fact("config", context.config.display().to_string())
        .fact("target", target)
        .then("name a folder for our certificate and for those we trust; it is made if it is missing: add --pki DIR")
        .then("or make a configuration with its own store:")
        .then_run(&["init"]),
    )
}

/// What our sessions are called where no configuration gives us a name.
const SESSION_NAME: &str = "lockgate";
