//! `lockgate read`: attributes of nodes, once.

use serde::Serialize;
use ua_client::{AttributeId, DataValue, NodeId, status_name};

use super::meaning::{self, Meaning};
use super::meet::meet;
use super::nodes::{self, Asked};
use super::target::Target;
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::commands::{failure, runtime};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, say};
use crate::view::content::Content;
use crate::view::variant;

#[derive(Serialize)]
struct Answer {
    nodes: Vec<Answered>,
}

/// One attribute of one node.
#[derive(Serialize)]
struct Answered {
    /// As it was asked for.
    node: String,
    /// The id on this server; `null` when there is none.
    node_id: Option<String>,
    attribute: &'static str,
    value: serde_json::Value,
    data_type: String,
    status: &'static str,
    status_code: u32,
    source_time: Option<String>,
    server_time: Option<String>,
    /// Why there is no value, where the status does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip)]
    text: String,
}

pub(super) fn run(context: &Context, args: &cli::Read) -> Outcome {
    let addresses = nodes::parse(&args.nodes)?;
    let attributes = args.attributes.iter().map(|name| attribute(name)).collect::<Outcome<Vec<_>>>()?;
    let target = Target::resolve(context, &args.target)?;
    let answer: Outcome<Answer> = runtime::block_on(async {
        let opened = meet(context, &target, &args.target).await?;
        let asked = nodes::resolve(context, &opened.session, &addresses).await?;
        let answer = read(context, &opened.session, &asked, &attributes).await;
        if let Err(error) = opened.session.close().await {
            tracing::debug!(%error, "the server did not confirm the end of the session");
        }
        answer
    })?;
    let answer = answer?;
    let failed = answer.nodes.iter().filter(|one| one.is_bad()).count();
    context.answer("read", &answer, || answer.text())?;
    if failed > 0 {
        say(&format!("{failed} of {} could not be read", answer.nodes.len()));
        return Ok(Exit::Partly);
    }
    Ok(Exit::Ok)
}

/// An attribute by its name in the standard, upper or lower case.
fn attribute(name: &str) -> Outcome<(AttributeId, &'static str)> {
    ATTRIBUTES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).copied().ok_or_else(|| {
        let names: Vec<&str> = ATTRIBUTES.iter().map(|(_, name)| *name).collect();
        Box::new(
            Advice::new("usage.attribute", Exit::Usage, format!("there is no attribute {name}"))
                .then(format!("the attributes are {}", names.join(", "))),
        )
    })
}

async fn read(
    context: &Context,
    session: &ua_client::Session,
    asked: &[Asked],
    attributes: &[(AttributeId, &'static str)],
) -> Outcome<Answer> {
    let questions: Vec<(NodeId, AttributeId)> = asked
        .iter()
        .filter_map(|asked| asked.id.as_ref().ok())
        .flat_map(|node| attributes.iter().map(|(attribute, _)| (node.clone(), *attribute)))
        .collect();
    let explain = |error| failure::explain(context, None, &connector::Error::Client(error));
    let values = session.read(&questions).await.map_err(explain)?;
    let of_values = questions.iter().filter(|(_, attribute)| *attribute == AttributeId::Value);
    let meaning = Meaning::of(session, of_values.map(|(node, _)| node)).await.map_err(explain)?;
    let mut values = values.into_iter();
    let mut nodes = Vec::new();
    for asked in asked {
        for (attribute, name) in attributes {
            nodes.push(match &asked.id {
                Ok(id) => {
                    let value = values.next().unwrap_or_default();
                    let content = match attribute {
                        AttributeId::Value => meaning.open(session, id, &value).await,
                        _ => meaning::open(session, value.value.as_ref(), None).await,
                    };
                    Answered::of(asked, id, name, &value, content.map_err(explain)?)
                }
                Err(problem) => Answered::unknown(asked, name, problem),
            });
        }
    }
    Ok(Answer { nodes })
}

impl Answered {
    fn of(asked: &Asked, id: &NodeId, attribute: &'static str, value: &DataValue, content: Content) -> Self {
        let status = value.status.unwrap_or_default().bits();
        Self {
            node: asked.text.clone(),
            node_id: Some(id.to_string()),
            attribute,
            value: content.json,
            data_type: content.data_type,
            status: status_name(status),
            status_code: status,
            source_time: value.source_timestamp.as_ref().and_then(variant::time_of),
            server_time: value.server_timestamp.as_ref().and_then(variant::time_of),
            problem: None,
            text: content.text,
        }
    }

    fn unknown(asked: &Asked, attribute: &'static str, problem: &str) -> Self {
        Self {
            node: asked.text.clone(),
            node_id: None,
            attribute,
            value: serde_json::Value::Null,
            data_type: String::new(),
            status: status_name(BAD_NODE_ID_UNKNOWN),
            status_code: BAD_NODE_ID_UNKNOWN,
            source_time: None,
            server_time: None,
            problem: Some(problem.to_owned()),
            text: String::new(),
        }
    }

    fn is_bad(&self) -> bool {
        self.status_code & 0x8000_0000 != 0
    }
}

impl Answer {
    fn text(&self) -> String {
        let only_values = self.nodes.iter().all(|one| one.attribute == "Value");
        let mut table = if only_values {
            Table::new(&["NODE", "VALUE", "TYPE", "STATUS", "SOURCE TIME", "SERVER TIME"])
        } else {
            Table::new(&["NODE", "ATTRIBUTE", "VALUE", "TYPE", "STATUS"])
        };
        for one in &self.nodes {
            let status = match &one.problem {
                Some(problem) => format!("{}: {problem}", one.status),
                None => one.status.to_owned(),
            };
            let time = |at: &Option<String>| at.clone().unwrap_or_default();
            if only_values {
                let (source, server) = (time(&one.source_time), time(&one.server_time));
                table.row([&one.node, &one.text, &one.data_type, &status, &source, &server]);
            } else {
                table.row([one.node.as_str(), one.attribute, &one.text, &one.data_type, &status]);
            }
        }
        table.to_string()
    }
}

const BAD_NODE_ID_UNKNOWN: u32 = 0x8034_0000;

/// Part 3 §5.9, by number.
const ATTRIBUTES: [(AttributeId, &str); 27] = [
    (AttributeId::NodeId, "NodeId"),
    (AttributeId::NodeClass, "NodeClass"),
    (AttributeId::BrowseName, "BrowseName"),
    (AttributeId::DisplayName, "DisplayName"),
    (AttributeId::Description, "Description"),
    (AttributeId::WriteMask, "WriteMask"),
    (AttributeId::UserWriteMask, "UserWriteMask"),
    (AttributeId::IsAbstract, "IsAbstract"),
    (AttributeId::Symmetric, "Symmetric"),
    (AttributeId::InverseName, "InverseName"),
    (AttributeId::ContainsNoLoops, "ContainsNoLoops"),
    (AttributeId::EventNotifier, "EventNotifier"),
    (AttributeId::Value, "Value"),
    (AttributeId::DataType, "DataType"),
    (AttributeId::ValueRank, "ValueRank"),
    (AttributeId::ArrayDimensions, "ArrayDimensions"),
    (AttributeId::AccessLevel, "AccessLevel"),
    (AttributeId::UserAccessLevel, "UserAccessLevel"),
    (AttributeId::MinimumSamplingInterval, "MinimumSamplingInterval"),
    (AttributeId::Historizing, "Historizing"),
    (AttributeId::Executable, "Executable"),
    (AttributeId::UserExecutable, "UserExecutable"),
    (AttributeId::DataTypeDefinition, "DataTypeDefinition"),
    (AttributeId::RolePermissions, "RolePermissions"),
    (AttributeId::UserRolePermissions, "UserRolePermissions"),
    (AttributeId::AccessRestrictions, "AccessRestrictions"),
    (AttributeId::AccessLevelEx, "AccessLevelEx"),
];
