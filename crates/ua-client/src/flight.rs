//! Several requests of one kind under way at once: as many as the server answers briskly, and no more.
//!
//! The same session carries live values, whose answers wait behind ours in the server. So what counts is how long an
//! answer takes: while answers come soon, one more request goes out at a time; when they take long, half as many, and at
//! last shorter ones. Answers are taken in the order of the questions.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::batch::{BatchLimit, Batches, Verdict};
use crate::{Error, clock};

/// How many requests of a kind may be under way: what this server taught us.
#[derive(Debug)]
pub(crate) struct Window {
    size: AtomicUsize,
    /// Answers in a row that came soon.
    soon: AtomicUsize,
}

/// What an answer's time says about the requests to come.
#[derive(Debug, PartialEq, Eq)]
enum Pace {
    Same,
    /// Even one at a time takes long: ask for less at once.
    Shorter,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: AtomicUsize::new(BEGIN), soon: AtomicUsize::new(0) }
    }
}

impl Window {
    pub(crate) fn get(&self) -> usize {
        self.size.load(Ordering::Relaxed).clamp(1, MOST)
    }

    fn answered(&self, took: Duration) -> Pace {
        let size = self.get();
        if took <= SOON {
            if self.soon.fetch_add(1, Ordering::Relaxed) >= size {
                self.soon.store(0, Ordering::Relaxed);
                self.size.store((size + 1).min(MOST), Ordering::Relaxed);
            }
            return Pace::Same;
        }
        self.soon.store(0, Ordering::Relaxed);
        if took < LONG {
            return Pace::Same;
        }
        self.narrow();
        if size == 1 { Pace::Shorter } else { Pace::Same }
    }

    /// The server has too much to do.
    pub(crate) fn narrow(&self) {
        self.size.store((self.get() / 2).max(1), Ordering::Relaxed);
    }
}

/// Questions of one kind on their way, and the answers in order.
#[derive(Debug)]
pub(crate) struct Flight<'a, T> {
    batches: Batches<'a>,
    limit: &'a BatchLimit,
    window: &'a Window,
    under_way: VecDeque<(Range<usize>, Asked<T>)>,
}

/// A request that ends when nobody waits for its answer any more.
#[derive(Debug)]
struct Asked<T>(JoinHandle<(Result<T, Error>, Duration)>);

impl<T> Drop for Asked<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<'a, T: Send + 'static> Flight<'a, T> {
    /// `count` questions, none asked yet.
    pub(crate) fn new(count: usize, limit: &'a BatchLimit, window: &'a Window) -> Self {
        Self { batches: Batches::new(count, limit), limit, window, under_way: VecDeque::new() }
    }

    /// The next answer, with the places of what it answers; `None` when everything is answered. `ask` sends a request.
    pub(crate) async fn next<F>(
        &mut self,
        mut ask: impl FnMut(Range<usize>) -> F,
    ) -> Option<(Range<usize>, Result<T, Error>)>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        while self.under_way.len() < self.window.get() {
            let Some(range) = self.batches.next() else { break };
            let request = ask(range.clone());
            let begun: Instant = clock::now();
            let asked = tokio::spawn(async move {
                let answer = request.await;
                (answer, clock::now().saturating_duration_since(begun))
            });
            self.under_way.push_back((range, Asked(asked)));
        }
        let (range, mut asked) = self.under_way.pop_front()?;
        let Ok((answer, took)) = (&mut asked.0).await else { return Some((range, Err(Error::Closed))) };
        if answer.is_ok() && self.window.answered(took) == Pace::Shorter && range.len() > SHORTEST {
            self.limit.lower_to(range.len().div_ceil(2));
        }
        Some((range, answer))
    }

    /// What to do about a request that failed; see [`Batches::failed`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn failed(&mut self, range: Range<usize>, error: Error) -> Result<Verdict, Error> {
        self.window.narrow();
        self.batches.failed(range, error)
    }
}

const BEGIN: usize = 2;
/// Requests of one kind under way at most.
const MOST: usize = 8;
/// An answer within this leaves room for another request.
const SOON: Duration = Duration::from_millis(500);
/// An answer that takes this long holds up live values.
const LONG: Duration = Duration::from_secs(2);
/// Shorter lists than this gain nothing.
const SHORTEST: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_asked_at_once_while_answers_come_soon_and_half_when_they_take_long() {
        let window = Window::default();
        assert_eq!(window.get(), 2);
        for _ in 0..100 {
            assert_eq!(window.answered(Duration::from_millis(40)), Pace::Same);
        }
        assert_eq!(window.get(), MOST);
        assert_eq!(window.answered(Duration::from_secs(1)), Pace::Same);
        assert_eq!(window.get(), MOST, "neither soon nor long");
        assert_eq!(window.answered(Duration::from_secs(3)), Pace::Same);
        assert_eq!(window.get(), MOST / 2);
        window.answered(Duration::from_secs(3));
        window.answered(Duration::from_secs(3));
        assert_eq!(window.get(), 1);
        assert_eq!(
            window.answered(Duration::from_secs(3)),
            Pace::Shorter,
            "one at a time is too much as well"
        );
    }
}
