//! A read-only OPC UA client.
//!
//! For: finding a server's endpoints, choosing the safest, opening a session that has proven itself, and reading,
//! browsing and subscribing through it.
//!
//! Promises: nothing signed with our key leaves before the server's certificate passed validation (a
//! [`TrustedCertificate`](ua_pki::TrustedCertificate) is the proof), and no session is used that failed one of the
//! checks SC-05 to SC-14; nothing is acknowledged to the server unless the caller says so; an answer that cannot be
//! read fails its own request only; memory and time are bounded whatever the server does.
//!
//! Must never: write to a server, call its methods but the four of [`PermittedCall`], choose weaker security than required, or send a password that
//! anybody but the validated server could read. See [`ReadOnlyRequest`] for how the first is made impossible.
//!
//! The way in: [`get_endpoints`], [`choose`], validate the certificate with `ua_pki`, [`connect`].

mod batch;
mod browse;
mod call;
mod choose;
mod clock;
mod codec;
mod compare;
mod connect;
mod delivery;
mod discovery;
mod driver;
mod endpoint;
mod endpoint_url;
mod error;
mod event_types;
mod events;
mod flight;
mod handshake;
mod history;
mod identity;
mod json;
mod limits;
mod namespaces;
mod node_address;
mod pipeline;
mod proof;
mod publish;
mod questions;
mod read;
mod recovery;
mod reference;
mod request;
mod resolve;
mod sequence;
mod session;
mod status;
mod structure;
mod subscription;
mod time;
mod unsent;
mod value;

pub use browse::{BrowseFilter, Browsed, Reference};
pub use call::{KnownItems, PermittedCall};
pub use choose::{Choice, SecurityRequirement, choose, usable_for};
pub use connect::{ConnectRequest, connect};
pub use delivery::{AckToken, Delivery, DeliverySummary, SubscriptionWatch};
pub use discovery::{KnownServer, NetworkServer, find_servers, find_servers_on_network, get_endpoints};
pub use endpoint::{Endpoint, TRANSPORT_UA_TCP, UserTokenKind, UserTokenPolicy};
pub use endpoint_url::{DEFAULT_PORT, EndpointUrl};
pub use error::{Error, Phase, Side};
pub use event_types::{EventType, MAX_EVENT_TYPES};
pub use events::{EventField, EventItemInfo, EventItemRequest, EventSelection};
pub use history::{
    AGGREGATES, Bounds, EventHistory, HistoryOrder, HistoryPage, HistoryPages, HistoryRange, NodeHistory,
    NodePage, ProcessedHistory, RawHistory, aggregate, explain_history_status,
};
pub use identity::Login;
pub use json::{builtin_type, builtin_type_name, value_json, variant_json};
pub use limits::OperationLimits;
pub use namespaces::{Namespaces, UA_NAMESPACE};
pub use node_address::{BrowsePath, NodeAddress};
pub use opcua_types as types;
pub use opcua_types::{AttributeId, BrowseDirection, DataValue, NodeId, Variant};

pub use recovery::{Plan, Recovery, ServerFacts, Step, Trouble};
pub use reference::to_node_id;
pub use request::ReadOnlyRequest;
#[doc(hidden)]
pub use request::answers_read_from;
pub use resolve::{Translated, Unresolved};
pub use sequence::Missing;
pub use session::Session;
pub use status::status_name;
pub use structure::{Decoded, StructureValue, Unopened};
pub use subscription::{
    DataFilter, DeadBand, ItemInfo, ItemRequest, ItemResult, RawNotification, SubscriptionInfo,
    SubscriptionRequest, TransferResult,
};
pub use time::{ticks, timestamp};
pub use ua_channel::{
    DataValueRef, ExpandedNodeIdRef, HistoryVisitor, IdentifierRef, Modification, NodeIdRef,
    NotificationVisitor, PublishSummary, ReferenceRef, ValueRef,
};
pub use value::{to_data_value, to_variant};
