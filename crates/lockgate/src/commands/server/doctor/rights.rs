//! What the login may do more than read. A login for a connector should be able to read and nothing else.

use std::collections::{HashSet, VecDeque};

use serde::Serialize;
use ua_client::types::{NodeClass, ObjectId};
use ua_client::{AttributeId, BrowseFilter, Error, NodeId, Session, Variant};

/// What was found on a sample of the address space.
#[derive(Debug, Default, Serialize)]
pub(super) struct Rights {
    /// Nodes that were looked at, at most [`MOST`].
    looked_at: usize,
    /// Variables whose value this login may write.
    may_write: usize,
    /// Methods that this login may call.
    may_call: usize,
    /// Variables whose history this login may change.
    may_change_history: usize,
    /// One of the nodes, for an administrator to look at.
    example: Option<String>,
    /// A variable whose history may be read.
    #[serde(skip)]
    history: Option<NodeId>,
}

impl Rights {
    /// A node to try history with.
    pub(super) fn history(&self) -> Option<&NodeId> {
        self.history.as_ref()
    }

    /// One line.
    pub(super) fn text(&self) -> String {
        let mut may = Vec::new();
        for (count, what) in [
            (self.may_write, "variables may be written"),
            (self.may_call, "methods may be called"),
            (self.may_change_history, "histories may be changed"),
        ] {
            if count > 0 {
                may.push(format!("{count} {what}"));
            }
        }
        if may.is_empty() {
            return format!(
                "{:<7} {:<12} this login may only read, on all {} nodes that were looked at\n",
                "ok", "rights", self.looked_at
            );
        }
        let example = self.example.as_deref().map(|node| format!(", such as {node}")).unwrap_or_default();
        format!(
            "{:<7} {:<12} this login may do more than read: of {} nodes that were looked at, {}{example}. lockgate does none of \
             that; still, a login that can only read is the safer one\n",
            "note",
            "rights",
            self.looked_at,
            may.join(", "),
        )
    }
}

/// Looks at the nodes nearest to the Objects folder, without the server's own.
pub(super) async fn look(session: &Session) -> Result<Rights, Error> {
    let mut rights = Rights::default();
    let mut visited: HashSet<NodeId> = HashSet::new();
    let mut level: VecDeque<NodeId> = VecDeque::from([ObjectId::ObjectsFolder.into()]);
    let filter = BrowseFilter { max_references_per_node: 10_000, ..BrowseFilter::default() };
    while !level.is_empty() && rights.looked_at < MOST {
        let nodes: Vec<NodeId> = level.drain(..level.len().min(AT_ONCE)).collect();
        let mut questions = Vec::new();
        for references in session.browse(&nodes, &filter).await?.into_iter().flatten() {
            for reference in references {
                let node = reference.node_id.node_id;
                let own = node == ObjectId::Server
                    || node.namespace == 0 && reference.node_class != NodeClass::Object;
                if own || visited.len() >= MOST || !visited.insert(node.clone()) {
                    continue;
                }
                match reference.node_class {
                    NodeClass::Variable => questions.push((node.clone(), AttributeId::UserAccessLevel)),
                    NodeClass::Method => questions.push((node.clone(), AttributeId::UserExecutable)),
                    _ => {}
                }
                if matches!(reference.node_class, NodeClass::Object | NodeClass::Variable) {
                    level.push_back(node);
                }
            }
        }
        let answers = session.read(&questions).await?;
        for ((node, _), answer) in questions.iter().zip(answers) {
            rights.count(node, answer.value.as_ref());
        }
    }
    Ok(rights)
}

impl Rights {
    fn count(&mut self, node: &NodeId, answer: Option<&Variant>) {
        self.looked_at += 1;
        let before = self.may_write + self.may_call + self.may_change_history;
        match answer {
            Some(Variant::Byte(level)) => {
                if level & HISTORY_READ != 0 {
                    self.history.get_or_insert_with(|| node.clone());
                }
                self.may_write += usize::from(level & CURRENT_WRITE != 0);
                self.may_change_history += usize::from(level & HISTORY_WRITE != 0);
            }
            Some(Variant::Boolean(true)) => self.may_call += 1,
            _ => {}
        }
        if self.may_write + self.may_call + self.may_change_history > before {
            self.example.get_or_insert_with(|| node.to_string());
        }
    }
}

/// Bits of UserAccessLevel (Part 3 §8.57).
const CURRENT_WRITE: u8 = 0x02;
const HISTORY_READ: u8 = 0x04;
const HISTORY_WRITE: u8 = 0x08;
/// A sample, not an inventory.
const MOST: usize = 1000;
const AT_ONCE: usize = 50;
