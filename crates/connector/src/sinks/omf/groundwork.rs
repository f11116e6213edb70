//! What the server must have before values: types, containers and, where it is wanted, the tree. Said once per process, and
//! again when the server has forgotten it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::answer::Outcome;
use super::body::Body;
use super::catalogue::Catalogue;
use super::definitions::{Container, Definition, Key};
use super::hierarchy::{Tree, element_type};
use super::trouble::OmfTrouble;
use super::wire::{About, Wire};
use crate::clock;
use crate::error::Error;

/// What is known to be there, since this process began.
#[derive(Default)]
pub(super) struct Groundwork {
    /// By their names.
    types: HashSet<String>,
    containers: HashMap<Key, Standing>,
    /// Where one is wanted.
    tree: Option<Tree>,
}

/// What the server says to a container.
enum Standing {
    Made,
    /// Its values go into the quarantine with this reason.
    Refused(String),
}

/// A definition by its place, and the reason if the server refuses it.
type Answered = (usize, Option<String>);

impl Groundwork {
    pub(super) fn new(tree: Option<Tree>) -> Self {
        Self { tree, ..Self::default() }
    }

    /// Forgets everything, so that it is said again.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.tree.take().map(|_| Tree::default()));
    }

    /// Why the server does not want this container, if it does not.
    pub(super) fn refused(&self, key: Key) -> Option<&str> {
        match self.containers.get(&key)? {
            Standing::Made => None,
            Standing::Refused(reason) => Some(reason),
        }
    }

    /// Sees to it that every container of the request is there.
    ///
    /// # Errors
    /// What stops the sink for now.
    pub(super) fn prepare(
        &mut self,
        wire: &mut Wire,
        limit: usize,
        body: &Body,
        catalogue: &Catalogue,
    ) -> Result<(), Error> {
        let missing: Vec<Key> = body.keys().filter(|key| !self.containers.contains_key(key)).collect();
        let mut telling = Telling { wire, limit };
        if !missing.is_empty() {
            self.make(&mut telling, &missing, catalogue)?;
        }
        self.grow_tree(&mut telling, catalogue.type_prefix());
        Ok(())
    }

    fn make(
        &mut self,
        telling: &mut Telling<'_>,
        missing: &[Key],
        catalogue: &Catalogue,
    ) -> Result<(), Error> {
        self.make_types(telling, missing, catalogue)?;
        let (keys, containers): (Vec<Key>, Vec<Container>) =
            missing.iter().filter_map(|key| Some((*key, catalogue.container_of(*key)?))).unzip();
        let full: Vec<Definition> = containers.iter().map(|container| container.full.clone()).collect();
        let refused = self.make_containers(telling, &keys, &full)?;
        let again: Vec<Key> = refused.iter().filter_map(|place| keys.get(*place).copied()).collect();
        let bare = refused.iter().filter_map(|place| Some(containers.get(*place)?.bare.clone()));
        self.make_containers(telling, &again, &bare.collect::<Vec<_>>())?;
        self.note_leaves(&keys, &full);
        Ok(())
    }

    fn make_types(
        &mut self,
        telling: &mut Telling<'_>,
        missing: &[Key],
        catalogue: &Catalogue,
    ) -> Result<(), Error> {
        let (mut types, mut needed): (Vec<Definition>, HashSet<String>) = (Vec::new(), HashSet::new());
        for key in missing {
            let of_one = catalogue.types_of(*key);
            needed.extend(of_one.last().map(|last| last.name.clone()));
            for one in of_one {
                if !self.types.contains(&one.name) && !types.iter().any(|other| other.name == one.name) {
                    types.push(one);
                }
            }
        }
        for (place, refused) in telling.define(About::Types, &types)? {
            let Some(name) = types.get(place).map(|one| one.name.clone()) else { continue };
            match refused {
                None => drop(self.types.insert(name)),
                Some(reason) if needed.contains(&name) => {
                    let url = telling.wire.url().to_owned();
                    let reason = format!("{name}: {reason}");
                    return Err(OmfTrouble::Definition { url, what: About::Types.words(), reason }.into());
                }
                Some(reason) => {
                    tracing::warn!(
                        name,
                        reason,
                        "the server does not want these states; their numbers are sent"
                    );
                }
            }
        }
        Ok(())
    }

    /// Creates containers, and says which of them the server refuses.
    fn make_containers(
        &mut self,
        telling: &mut Telling<'_>,
        keys: &[Key],
        containers: &[Definition],
    ) -> Result<Vec<usize>, Error> {
        let mut refusals = Vec::new();
        for (place, refused) in telling.define(About::Containers, containers)? {
            let (Some(key), Some(container)) = (keys.get(place), containers.get(place)) else { continue };
            if let Some(reason) = &refused {
                tracing::warn!(container = container.name, reason, "the server refuses a container");
                refusals.push(place);
            }
            let standing = refused.map_or(Standing::Made, Standing::Refused);
            self.containers.insert(*key, standing);
        }
        refusals.sort_unstable();
        Ok(refusals)
    }

    /// Notes which containers are new to the tree, if there is one.
    fn note_leaves(&mut self, keys: &[Key], containers: &[Definition]) {
        let made = keys.iter().zip(containers).filter(|(key, _)| self.refused(**key).is_none());
        let names: Vec<String> = made.map(|(_, container)| container.name.clone()).collect();
        if let Some(tree) = &mut self.tree {
            tree.leaves.extend(names);
        }
    }

    /// Puts new containers into the tree. Whatever is wrong with that stops no value; it is tried again after a while.
    fn grow_tree(&mut self, telling: &mut Telling<'_>, type_prefix: &str) {
        let Some(tree) = &mut self.tree else { return };
        let now = clock::instant();
        if tree.leaves.is_empty() || tree.not_before.is_some_and(|time| now < time) {
            return;
        }
        match telling.tell_tree(tree, type_prefix) {
            Ok(()) => tree.not_before = None,
            Err(error) => {
                tracing::warn!(%error, "the tree of elements has to wait; values are not affected");
                tree.forget_elements();
                tree.not_before = Some(now + TREE_WAITS);
            }
        }
    }
}

/// The way to the server while definitions are told.
struct Telling<'a> {
    wire: &'a mut Wire,
    limit: usize,
}

impl Telling<'_> {
    /// Creates definitions; of each, by its place, the reason if the server refuses it. One that is there already in another
    /// way stays as it is.
    fn define(&mut self, about: About, all: &[Definition]) -> Result<Vec<Answered>, Error> {
        let mut done = Vec::with_capacity(all.len());
        let mut waiting = portions(all, self.limit);
        while let Some(places) = waiting.pop() {
            let chosen: Vec<&Definition> = places.iter().filter_map(|place| all.get(*place)).collect();
            let body = chosen.iter().map(|one| one.json.as_str()).collect::<Vec<_>>().join(",");
            let one = if let [only] = places.as_slice() { Some(*only) } else { None };
            match (self.wire.send(about, &format!("[{body}]"))?, one) {
                (Outcome::Taken, _) => done.extend(places.into_iter().map(|place| (place, None))),
                (Outcome::Conflict { reason }, Some(place)) => {
                    note_conflict(about, all.get(place), &reason);
                    done.push((place, None));
                }
                (Outcome::Refused { reason, .. }, Some(place)) => done.push((place, Some(reason))),
                (Outcome::TooLarge, Some(place)) => {
                    done.push((place, Some("larger than the server takes".to_owned())));
                }
                (Outcome::Unknown { reason }, Some(place)) if refers(about, all.get(place)) => {
                    done.push((place, Some(reason)));
                }
                (Outcome::Unknown { reason }, Some(_)) => {
                    return Err(OmfTrouble::NotOmf { url: self.wire.url().to_owned(), what: reason }.into());
                }
                (Outcome::Partly(refusals), _) => {
                    for (number, place) in places.into_iter().enumerate() {
                        let refusal = refusals.iter().find(|refusal| refusal.message == number);
                        if let Some(refusal) = refusal.filter(|refusal| refusal.code == 409) {
                            note_conflict(about, all.get(place), &refusal.reason);
                        }
                        let refused = refusal.filter(|refusal| refusal.code != 409);
                        done.push((place, refused.map(|refusal| refusal.reason.clone())));
                    }
                }
                (_, None) => {
                    let (first, second) = places.split_at(places.len() / 2);
                    waiting.extend([second.to_vec(), first.to_vec()]);
                }
            }
        }
        Ok(done)
    }

    fn tell_tree(&mut self, tree: &mut Tree, type_prefix: &str) -> Result<(), Error> {
        let types = self.define(About::Types, &[element_type(type_prefix)])?;
        let mut reasons: Vec<String> = types.into_iter().filter_map(|(_, refused)| refused).collect();
        while !tree.leaves.is_empty() {
            let portion: Vec<String> = tree.leaves.iter().take(LEAVES_AT_ONCE).cloned().collect();
            let request = tree.request(&portion, type_prefix);
            if let Some(request) = request {
                reasons.extend(refusals(self.wire.send(About::Values, &request)?));
            }
            tree.leaves.drain(..portion.len());
        }
        if let Some(reason) = reasons.first() {
            tracing::warn!(reason, "the tree of elements is not whole; values are not affected");
        }
        Ok(())
    }
}

/// As many definitions in each request as go into it.
fn portions(all: &[Definition], limit: usize) -> Vec<Vec<usize>> {
    let mut portions: Vec<Vec<usize>> = Vec::new();
    let mut length = usize::MAX;
    for (place, definition) in all.iter().enumerate() {
        length = length.saturating_add(definition.json.len() + 1);
        match portions.last_mut() {
            Some(portion) if length < limit => portion.push(place),
            _ => {
                portions.push(vec![place]);
                length = definition.json.len() + 3;
            }
        }
    }
    portions.reverse();
    portions
}

/// Whether what is not known can be another definition that this one refers to, and not the address itself.
fn refers(about: About, definition: Option<&Definition>) -> bool {
    about == About::Containers || definition.is_some_and(|one| one.json.contains("\"reftypeid\""))
}

fn note_conflict(about: About, definition: Option<&Definition>, reason: &str) {
    let name = definition.map_or("", |definition| &definition.name);
    tracing::warn!(name, reason, "the server has other {} under this name, which stay", about.words());
}

/// Why the server refuses what it refuses of the tree.
fn refusals(outcome: Outcome) -> Vec<String> {
    match outcome {
        Outcome::Taken => Vec::new(),
        Outcome::TooLarge => vec!["larger than the server takes".to_owned()],
        Outcome::Refused { reason, .. } | Outcome::Unknown { reason } | Outcome::Conflict { reason } => {
            vec![reason]
        }
        Outcome::Partly(refusals) => refusals.into_iter().map(|refusal| refusal.reason).collect(),
    }
}

/// Before a tree is told again.
const TREE_WAITS: Duration = Duration::from_secs(300);
/// About 100 KB of links.
const LEAVES_AT_ONCE: usize = 300;
