//! `lockgate config check`: everything that `run` needs and that can be looked at without a server.

use connector::documents::Checked;
use connector::{identity, sources};
use ua_pki::Store;

use super::{config, failure, store};
use crate::advice::Outcome;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::safe;

pub(super) fn run(context: &Context) -> Outcome {
    let config = config::load(context)?;
    let explain = |error: connector::Error| failure::explain(context, None, &error);
    let store = Store::open(&config.pki).map_err(|error| store::failed(&config.pki, &error))?;
    identity::load(&config, &store, clock::now()).map_err(explain)?;
    for source in &config.sources {
        let about = failure::About { source: Some(source.name.as_str()), ..failure::About::default() };
        sources::login(source).map_err(|error| failure::explain(context, Some(&about), &error))?;
    }
    config.sinks.iter().try_for_each(connector::config::SinkConfig::check).map_err(explain)?;
    let checked = Checked::of(&config);
    context.answer("config-check", &checked, || {
        let names: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        let sources = match names.as_slice() {
            [] => "no source yet".to_owned(),
            [one] => format!("one source, {one}"),
            names => format!("{} sources, {}", names.len(), names.join(", ")),
        };
        format!("{} is valid: {sources}; our certificate and every login are there\n", safe(&checked.config))
    })?;
    Ok(Exit::Ok)
}
