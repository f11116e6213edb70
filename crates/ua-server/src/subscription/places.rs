//! Things with ids in numbered places that do not move.

use std::collections::HashMap;

/// What is asked for again and again is asked for by its place, which costs no search, and neighbours lie beside each other in
/// memory. A place that became free is taken again.
#[derive(Debug)]
pub(super) struct Places<T> {
    held: Vec<Option<T>>,
    free: Vec<u32>,
    by_id: HashMap<u32, u32>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { held: Vec::new(), free: Vec::new(), by_id: HashMap::new() }
    }
}

impl<T> Places<T> {
    /// Takes it in and says where it is. `None` when there is no number left, which would take 4 billion of them.
    pub(super) fn insert(&mut self, id: u32, thing: T) -> Option<u32> {
        self.remove(id);
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                let place = u32::try_from(self.held.len()).ok()?;
                self.held.push(None);
                place
            }
        };
        *self.held.get_mut(index(place))? = Some(thing);
        self.by_id.insert(id, place);
        Some(place)
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<T> {
        let place = self.by_id.remove(&id)?;
        self.free.push(place);
        self.held.get_mut(index(place))?.take()
    }

    pub(super) fn place(&self, id: u32) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn get(&self, id: u32) -> Option<&T> {
        self.at(self.place(id)?)
    }

    pub(super) fn at(&self, place: u32) -> Option<&T> {
        self.held.get(index(place))?.as_ref()
    }

    pub(super) fn at_mut(&mut self, place: u32) -> Option<&mut T> {
        self.held.get_mut(index(place))?.as_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Every id with what belongs to it, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.by_id.iter().filter_map(|(id, place)| Some((*id, self.at(*place)?)))
    }

    /// Every place that is taken, in the order of the ids.
    pub(super) fn in_order(&self) -> Vec<u32> {
        let mut all: Vec<_> = self.by_id.iter().collect();
        all.sort_unstable();
        all.into_iter().map(|(_, place)| *place).collect()
    }
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_became_free_is_taken_again_and_the_others_stay_where_they_are() {
        let mut places = Places::default();
        for id in 10..13 {
            places.insert(id, id);
        }
        let last = places.place(12);
        assert_eq!(places.remove(11), Some(11));
        assert_eq!(places.insert(20, 20), Some(1));
        assert_eq!(places.place(12), last);
        assert_eq!((places.get(11), places.get(20), places.len()), (None, Some(&20), 3));
        assert_eq!(places.in_order(), [0, 2, 1]);
    }
}
