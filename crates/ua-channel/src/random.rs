//! Where nonces come from. The only file of this crate that touches the operating system's generator.

use crate::Error;

/// A source of random bytes, passed in so that tests can replay a conversation.
pub trait Random: Send {
    /// Fills `buf` with unpredictable bytes.
    ///
    /// # Errors
    /// [`Error::RandomUnavailable`] when the generator failed; the channel then closes rather than go on with a
    /// predictable nonce.
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), Error>;
}

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), Error> {
        aws_lc_rs::rand::fill(buf).map_err(|_| Error::RandomUnavailable)
    }
}
