//! Nodes as people write them on the command line.

use ua_client::{NodeAddress, NodeId, Session};

use crate::advice::{Advice, Outcome};
use crate::commands::failure;
use crate::context::Context;
use crate::exit::Exit;

/// The nodes as typed, or a usage message that lists the forms.
pub(super) fn parse(texts: &[String]) -> Outcome<Vec<NodeAddress>> {
    texts
        .iter()
        .map(|text| {
            text.parse().map_err(|error: ua_client::Error| {
                Box::new(Advice::new("usage.node", Exit::Usage, error.to_string()).then(
                    "write it as nsu=URI;s=NAME, ns=2;s=NAME, i=2258, or as a path such as /Objects/2:Line1/2:Speed",
                ))
            })
        })
        .collect()
}

/// A node that was asked for, and its id on this server or why it has none.
pub(super) struct Asked {
    pub(super) text: String,
    pub(super) id: Result<NodeId, String>,
}

/// Finds the ids on this server.
pub(super) async fn resolve(
    context: &Context,
    session: &Session,
    addresses: &[NodeAddress],
) -> Outcome<Vec<Asked>> {
    let found = session
        .resolve(addresses)
        .await
        .map_err(|error| failure::explain(context, None, &connector::Error::Client(error)))?;
    let asked = addresses.iter().zip(found).map(|(address, id)| Asked {
        text: address.to_string(),
        id: id.map_err(|unresolved| unresolved.to_string()),
    });
    Ok(asked.collect())
}
