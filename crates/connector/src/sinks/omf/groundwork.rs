//! What the server must have before values: types, containers and, where it is wanted, the tree. Said once per process, and
//! again when the server has forgotten it.

use std::collections::{HashMap, HashSet};

use super::answer::Outcome;
use super::body::Body;
use super::catalogue::Catalogue;
use super::definitions::{Container, Definition, Key};
use super::hierarchy::{Tree, element_type};
use super::trouble::OmfTrouble;
use super::value::Form;
use super::wire::{About, Wire};
use crate::error::Error;

/// What is known to be there, since this process began.
#[derive(Default)]
pub(super) struct Groundwork {
    types: HashSet<Form>,
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
        if missing.is_empty() {
            return Ok(());
        }
        let mut telling = Telling { wire, limit };
        self.make_types(&mut telling, &missing, catalogue)?;
        let (keys, containers): (Vec<Key>, Vec<Container>) =
            missing.iter().filter_map(|key| Some((*key, catalogue.container_of(*key)?))).unzip();
        let full: Vec<Definition> = containers.iter().map(|container| container.full.clone()).collect();
        let refused = self.make_containers(&mut telling, &keys, &full)?;
        let again: Vec<Key> = refused.iter().filter_map(|place| keys.get(*place).copied()).collect();
        let bare = refused.iter().filter_map(|place| Some(containers.get(*place)?.bare.clone()));
        self.make_containers(&mut telling, &again, &bare.collect::<Vec<_>>())?;
        self.grow_tree(&mut telling, &keys, &full, catalogue.type_prefix())
    }

    fn make_types(
        &mut self,
        telling: &mut Telling<'_>,
        missing: &[Key],
        catalogue: &Catalogue,
    ) -> Result<(), Error> {
        let mut forms: Vec<_> = missing.iter().map(|(_, form)| *form).collect();
        forms.retain(|form| !self.types.contains(form));
        forms.sort_unstable();
        forms.dedup();
        let types: Vec<Definition> = forms.iter().map(|form| catalogue.type_of(*form)).collect();
        for (place, refused) in telling.define(About::Types, &types)? {
            if let (Some(reason), Some(form)) = (refused, types.get(place)) {
                let url = telling.wire.url().to_owned();
                let reason = format!("{}: {reason}", form.name);
                return Err(OmfTrouble::Definition { url, what: About::Types.words(), reason }.into());
            }
            self.types.extend(forms.get(place));
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

    /// Puts new containers into the tree, if there is one. What is wrong with it stops no value.
    fn grow_tree(
        &mut self,
        telling: &mut Telling<'_>,
        keys: &[Key],
        containers: &[Definition],
        type_prefix: &str,
    ) -> Result<(), Error> {
        let Some(mut tree) = self.tree.take() else { return Ok(()) };
        let made = keys.iter().zip(containers).filter(|(key, _)| self.refused(**key).is_none());
        let names: Vec<&str> = made.map(|(_, container)| container.name.as_str()).collect();
        let told = telling.tell_tree(&mut tree, &names, type_prefix);
        self.tree = Some(if told.is_ok() { tree } else { Tree::default() });
        if told.is_err() {
            // so that these are linked with the next try
            keys.iter().for_each(|key| drop(self.containers.remove(key)));
        }
        told
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
                (Outcome::Unknown { reason }, Some(place)) if about == About::Containers => {
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

    fn tell_tree(&mut self, tree: &mut Tree, names: &[&str], type_prefix: &str) -> Result<(), Error> {
        let types = self.define(About::Types, &[element_type(type_prefix)])?;
        let mut reasons: Vec<String> = types.into_iter().filter_map(|(_, refused)| refused).collect();
        for portion in names.chunks(LEAVES_AT_ONCE) {
            let Some(request) = tree.request(portion, type_prefix) else { continue };
            match self.wire.send(About::Values, &request)? {
                Outcome::Taken => {}
                Outcome::TooLarge => reasons.push("larger than the server takes".to_owned()),
                Outcome::Refused { reason, .. }
                | Outcome::Unknown { reason }
                | Outcome::Conflict { reason } => reasons.push(reason),
                Outcome::Partly(refusals) => {
                    reasons.extend(refusals.into_iter().map(|refusal| refusal.reason))
                }
            }
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

fn note_conflict(about: About, definition: Option<&Definition>, reason: &str) {
    let name = definition.map_or("", |definition| &definition.name);
    tracing::warn!(name, reason, "the server has other {} under this name, which stay", about.words());
}

/// About 100 KB of links.
const LEAVES_AT_ONCE: usize = 300;
