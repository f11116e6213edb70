//! The words of the whole product: what a sample is, in memory and as a blob.
//!
//! A [`Sample`] borrows its value; a [`SampleBatch`] holds many, column by column, without an allocation per sample.
//! The blob format that the journal keeps is documented in [`SampleBatch::encode`]'s module, `codec`.

mod batch;
mod codec;
mod timestamp;
mod value;

pub use batch::{SampleBatch, Samples};
pub use codec::{MAX_VALUE_BYTES, VERSION as BLOB_VERSION};
pub use timestamp::Timestamp;
pub use value::{OwnedSample, OwnedValue, Sample, StreamId, Value, ValueKind};

pub(crate) use batch::{Columns, Extent};
pub(crate) use codec::{BLOB_HEAP_BYTES, BLOB_ROWS, body_bytes};
pub(crate) use value::sample_time;
