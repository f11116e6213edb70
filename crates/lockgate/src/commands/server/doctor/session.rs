//! What a session can do once it is logged in: browse, read, subscribe, history.

use std::time::Duration;

use jiff::Timestamp;
use ua_client::types::{ObjectId, VariableId};
use ua_client::{
    AttributeId, BrowseFilter, DataValue, DataValueRef, Error, HistoryRange, HistoryVisitor, ItemRequest,
    NodeHistory, NodeId, NotificationVisitor, RawHistory, Session, SubscriptionRequest, SubscriptionWatch,
    Variant, explain_history_status, status_name, ticks,
};

use super::report::Report;
use super::rights;
use crate::advice::{Advice, Outcome, Side, chain};
use crate::clock;
use crate::exit::Exit;
use crate::view::variant;

/// Tries everything that collecting needs; leaves the server as it was.
pub(super) async fn examine(session: Session, report: &mut Report) -> Outcome<()> {
    let tried = steps(&session, report).await;
    if let Err(error) = session.close().await {
        tracing::debug!(%error, "the server did not confirm the end of the session");
    }
    tried
}

async fn steps(session: &Session, report: &mut Report) -> Outcome<()> {
    browse(session, report).await.map_err(|error| failed("browse", &error))?;
    read(session, report).await.map_err(|error| failed("read", &error))?;
    subscribe(session, report).await.map_err(|error| failed("subscribe", &error))?;
    let rights = rights::look(session).await.map_err(|error| failed("history", &error))?;
    let history = history(session, rights.history(), report).await;
    report.rights = Some(rights);
    match history {
        // a server without the service: no trouble, but worth knowing
        Err(Error::Service { status, .. }) => {
            report.note(explain_history_status(status).unwrap_or("the server refuses to read history"));
            Ok(())
        }
        other => other.map_err(|error| failed("history", &error)),
    }
}

fn failed(step: &'static str, error: &Error) -> Box<Advice> {
    let code = match step {
        "browse" => "server.browse_failed",
        "read" => "server.read_failed",
        "subscribe" => "server.subscribe_failed",
        _ => "server.history_failed",
    };
    let mut advice = Advice::new(code, Exit::Unreachable, chain(error)).rule(error.rule());
    advice = match error.side() {
        ua_client::Side::Us => advice.side(Side::Us),
        ua_client::Side::Server => advice.side(Side::Server),
        ua_client::Side::Network => advice.side(Side::Network),
    };
    if let Some(status) = error.status() {
        advice = advice.fact("status", format!("{} (0x{status:08X})", status_name(status)));
    }
    Box::new(advice.then("everything before this step works; look into the server's own log for this moment"))
}

async fn browse(session: &Session, report: &mut Report) -> Result<(), Error> {
    let objects = [NodeId::from(ObjectId::ObjectsFolder)];
    match session.browse(&objects, &BrowseFilter::default()).await?.pop() {
        Some(Ok(references)) if references.is_empty() => {
            report.note("the Objects folder is empty for this login");
        }
        Some(Ok(references)) => {
            let names: Vec<&str> =
                references.iter().map(|reference| reference.browse_name.name.as_ref()).take(FEW).collect();
            report.ok(format!(
                "{} nodes below Objects: {}{}",
                references.len(),
                names.join(", "),
                if references.len() > FEW { ", …" } else { "" }
            ));
        }
        Some(Err(status)) => return Err(Error::Service { service: "Browse", status }),
        None => report.note("the Objects folder is not shown"),
    }
    Ok(())
}

async fn read(session: &Session, report: &mut Report) -> Result<(), Error> {
    let asked = [
        VariableId::Server_ServerStatus_CurrentTime,
        VariableId::Server_ServerStatus_State,
        VariableId::Server_ServerStatus_BuildInfo_ProductName,
        VariableId::Server_ServerStatus_BuildInfo_SoftwareVersion,
    ]
    .map(|variable| (NodeId::from(variable), AttributeId::Value));
    let now = clock::now();
    let answers = session.read(&asked).await?;
    let [time, state, product, version] = answers.as_slice() else {
        return Err(short("Read"));
    };
    let text = |value: &DataValue| match &value.value {
        Some(Variant::String(text)) => text.as_ref().to_owned(),
        _ => String::new(),
    };
    let product = format!("{} {}", text(product), text(version));
    if let Some(Variant::Int32(state)) = state.value
        && state != RUNNING
    {
        report.note(format!("{} says that it is not running (state {state})", product.trim()));
        return Ok(());
    }
    match time.value.as_ref().and_then(|value| offset(value, now)) {
        Some(offset) if offset.unsigned_abs() > CLOCK_TOLERANCE => report.note(format!(
            "{}; its clock is {offset} s off ours: source times will be off as well, and certificates may seem expired",
            product.trim()
        )),
        Some(_) => report.ok(format!("{}; its clock agrees with ours", product.trim())),
        None => report.ok(product.trim()),
    }
    Ok(())
}

/// How many seconds the server's clock is ahead of ours.
fn offset(value: &Variant, now: Timestamp) -> Option<i64> {
    let Variant::DateTime(time) = value else { return None };
    ua_client::timestamp(time.checked_ticks())?.as_second().checked_sub(now.as_second())
}

/// Counts the values that came.
#[derive(Default)]
struct Count(usize);

impl NotificationVisitor for Count {
    fn data_change(&mut self, _: u32, _: &DataValueRef<'_>) {
        self.0 += 1;
    }
    fn status_change(&mut self, _: u32) {}
    fn unsupported(&mut self, _: u32) {}
}

async fn subscribe(session: &Session, report: &mut Report) -> Result<(), Error> {
    let info = session
        .create_subscription(SubscriptionRequest {
            publishing_interval: INTERVAL,
            lifetime_count: 120,
            keep_alive_count: 10,
            max_notifications_per_publish: 0,
            priority: 0,
        })
        .await?;
    let item = ItemRequest {
        node: VariableId::Server_ServerStatus_CurrentTime.into(),
        client_handle: 1,
        sampling_interval: INTERVAL,
        queue_size: 10,
        discard_oldest: true,
    };
    let created = session.create_monitored_items(info.id, &[item]).await?.pop();
    let revised = match created {
        Some(Ok(item)) => item,
        Some(Err(status)) => return Err(Error::Service { service: "CreateMonitoredItems", status }),
        None => return Err(short("CreateMonitoredItems")),
    };
    let watch = SubscriptionWatch { id: info.id, keep_alive: info.keep_alive(), last_sequence: None };
    session.start_publishing(&[watch], 2).await?;
    let mut count = Count::default();
    let came = tokio::time::timeout(FIRST_VALUE_TIMEOUT, async {
        while count.0 == 0 {
            session.next_publish().await?.walk(&mut count)?;
        }
        Ok::<(), Error>(())
    })
    .await;
    let revised = format!(
        "publishing every {:?}, sampling every {:?}, queue {}",
        info.revised_publishing_interval, revised.revised_sampling_interval, revised.revised_queue_size
    );
    match came {
        Ok(Ok(())) => report.ok(revised),
        Ok(Err(error)) => return Err(error),
        Err(_) => {
            report.note(format!("{revised}; but no value came within {FIRST_VALUE_TIMEOUT:?}"));
        }
    }
    session.delete_subscriptions(&[info.id]).await?;
    Ok(())
}

/// Reads one value of one history, of a node that the login may read the history of.
async fn history(session: &Session, node: Option<&NodeId>, report: &mut Report) -> Result<(), Error> {
    let Some(node) = node else {
        let kept = (
            NodeId::from(VariableId::HistoryServerCapabilities_AccessHistoryDataCapability),
            AttributeId::Value,
        );
        let answer = session.read(&[kept]).await?.pop().unwrap_or_default();
        report.note(match answer.value {
            Some(Variant::Boolean(true)) => {
                "the server keeps history, but of none of the nodes looked at this login may read it"
            }
            _ => {
                "no history: what is missed for longer than the server's queues last cannot be fetched later"
            }
        });
        return Ok(());
    };
    let newest = HistoryRange::until(ticks(clock::now()));
    let mut pages = session
        .history_raw(vec![node.clone()], RawHistory { at_most: Some(1), ..RawHistory::new(newest) })?;
    let mut newest = Newest::default();
    let mut refused = None;
    while let Some(page) = pages.next_page(&mut newest).await? {
        refused = page.nodes.iter().find_map(|node| match node.state {
            NodeHistory::Refused { status } => Some(status),
            _ => refused,
        });
    }
    match (refused, newest.0.and_then(variant::time)) {
        (Some(status), _) => report.note(format!(
            "{node}: {}: {}",
            status_name(status),
            explain_history_status(status).unwrap_or("the server refused it")
        )),
        (None, Some(at)) => report.ok(format!("{node}: the newest value that is kept is of {at}")),
        (None, None) => report.note(format!("{node}: its history may be read, but nothing is kept yet")),
    }
    Ok(())
}

/// The time of the first value that came.
#[derive(Default)]
struct Newest(Option<i64>);

impl HistoryVisitor for Newest {
    fn begin_node(&mut self, _: usize, _: u32, _: Option<&[u8]>) {}
    fn value(&mut self, value: &DataValueRef<'_>) {
        self.0.get_or_insert(value.source_timestamp.max(value.server_timestamp));
    }
    fn unsupported(&mut self, _: u32) {}
    fn end_node(&mut self, _: usize) {}
}

const FEW: usize = 5;
/// ServerState Running (Part 5 §12.6).
const RUNNING: i32 = 0;
/// Seconds; more than that is worth a word.
const CLOCK_TOLERANCE: u64 = 5;
const INTERVAL: Duration = Duration::from_millis(500);
const FIRST_VALUE_TIMEOUT: Duration = Duration::from_secs(10);

fn short(service: &'static str) -> Error {
    Error::UnexpectedResponse { service, detail: "it has fewer results than questions".to_owned() }
}
