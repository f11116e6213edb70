//! What the API asks of what runs.

use connector::config::Plan;
use connector::{Config, Error};
use tokio::sync::oneshot;

/// Another configuration is to run. Whoever takes the order does it, or says why not; dropped, it was not done.
#[derive(Debug)]
pub struct Order {
    config: Config,
    answer: oneshot::Sender<Result<Plan, Error>>,
}

impl Order {
    pub(crate) fn new(config: Config) -> (Self, oneshot::Receiver<Result<Plan, Error>>) {
        let (answer, done) = oneshot::channel();
        (Self { config, answer }, done)
    }

    /// What is to run, and whom to tell how that went.
    pub fn take(self) -> (Config, impl FnOnce(Result<Plan, Error>)) {
        let answer = self.answer;
        // who asked may be gone meanwhile, which is no failure of what was done
        (self.config, move |done| drop(answer.send(done)))
    }
}
