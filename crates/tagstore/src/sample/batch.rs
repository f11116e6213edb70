//! Many samples, column by column.

use super::value::sample_time;
use super::{Sample, StreamId, Timestamp, Value, ValueKind};

/// Samples in columns. Reusable: [`clear`](Self::clear) keeps the memory.
#[derive(Debug, Clone, Default)]
pub struct SampleBatch {
    pub(super) streams: Vec<u32>,
    pub(super) source_times: Vec<i64>,
    pub(super) server_times: Vec<i64>,
    pub(super) receive_times: Vec<i64>,
    pub(super) statuses: Vec<u32>,
    pub(super) kinds: Vec<ValueKind>,
    /// Bool: 0/1. Int: two's complement. Float and Double: bits. Text and Bytes: length in `heap`.
    pub(super) words: Vec<u64>,
    /// Text and bytes of all rows, in row order, without separators. Text is checked to be UTF-8 when it comes in.
    pub(super) heap: Vec<u8>,
}

impl SampleBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with room for some samples.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            streams: Vec::with_capacity(rows),
            source_times: Vec::with_capacity(rows),
            server_times: Vec::with_capacity(rows),
            receive_times: Vec::with_capacity(rows),
            statuses: Vec::with_capacity(rows),
            kinds: Vec::with_capacity(rows),
            words: Vec::with_capacity(rows),
            heap: Vec::new(),
        }
    }

    /// Adds one sample at the end.
    pub fn push(&mut self, sample: Sample<'_>) {
        self.streams.push(sample.stream.get());
        self.source_times.push(sample.source_time.ticks());
        self.server_times.push(sample.server_time.ticks());
        self.receive_times.push(sample.receive_time.ticks());
        self.statuses.push(sample.status);
        self.kinds.push(sample.value.kind());
        let word = match sample.value {
            Value::Null => 0,
            Value::Bool(v) => u64::from(v),
            Value::Int(v) => v.cast_unsigned(),
            Value::UInt(v) => v,
            Value::Float(v) => u64::from(v.to_bits()),
            Value::Double(v) => v.to_bits(),
            Value::Text(v) | Value::Event(v) => self.keep(v.as_bytes()),
            Value::Bytes(v) => self.keep(v),
        };
        self.words.push(word);
    }

    /// Adds all samples of another batch at the end.
    pub fn extend(&mut self, other: &Self) {
        self.streams.extend_from_slice(&other.streams);
        self.source_times.extend_from_slice(&other.source_times);
        self.server_times.extend_from_slice(&other.server_times);
        self.receive_times.extend_from_slice(&other.receive_times);
        self.statuses.extend_from_slice(&other.statuses);
        self.kinds.extend_from_slice(&other.kinds);
        self.words.extend_from_slice(&other.words);
        self.heap.extend_from_slice(&other.heap);
    }

    /// Takes the place of what it held by some rows of another batch, whose heap begins `starts` tells. Column by column:
    /// rows that lie far apart are fetched faster so.
    pub(crate) fn gather(&mut self, from: &Self, rows: &[usize], starts: &[usize]) {
        fn pick<T: Copy>(to: &mut Vec<T>, from: &[T], rows: &[usize]) {
            to.extend(rows.iter().filter_map(|row| from.get(*row)));
        }
        self.clear();
        pick(&mut self.streams, &from.streams, rows);
        pick(&mut self.source_times, &from.source_times, rows);
        pick(&mut self.server_times, &from.server_times, rows);
        pick(&mut self.receive_times, &from.receive_times, rows);
        pick(&mut self.statuses, &from.statuses, rows);
        pick(&mut self.kinds, &from.kinds, rows);
        pick(&mut self.words, &from.words, rows);
        if !from.heap.is_empty() {
            for &row in rows {
                let bytes = starts.get(row).and_then(|at| from.heap.get(*at..*at + from.heap_length(row)));
                self.heap.extend_from_slice(bytes.unwrap_or_default());
            }
        }
    }

    /// How many samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// True without samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Removes all samples, keeps the memory.
    pub fn clear(&mut self) {
        self.streams.clear();
        self.source_times.clear();
        self.server_times.clear();
        self.receive_times.clear();
        self.statuses.clear();
        self.kinds.clear();
        self.words.clear();
        self.heap.clear();
    }

    /// Memory held by text and bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.heap.len()
    }

    /// Everything but text and bytes, column by column.
    pub(crate) fn columns(&self) -> Columns<'_> {
        Columns {
            streams: &self.streams,
            source_times: &self.source_times,
            server_times: &self.server_times,
            receive_times: &self.receive_times,
            statuses: &self.statuses,
            kinds: &self.kinds,
            words: &self.words,
        }
    }

    /// The time of each sample, in ticks.
    pub(crate) fn times(&self) -> impl Iterator<Item = i64> {
        let times = self.source_times.iter().zip(&self.server_times).zip(&self.receive_times);
        times.map(|((&source, &server), &receive)| {
            let [source, server, receive] = [source, server, receive].map(Timestamp::from_ticks);
            sample_time(source, server, receive).ticks()
        })
    }

    /// The samples, in the order they were pushed.
    #[must_use]
    pub fn iter(&self) -> Samples<'_> {
        Samples { batch: self, row: 0, heap_at: 0 }
    }

    /// One row; `heap_at` is where its text or bytes begin, see [`heap_starts`](Self::heap_starts).
    pub(crate) fn sample(&self, row: usize, heap_at: usize) -> Option<Sample<'_>> {
        let word = *self.words.get(row)?;
        let heap = || self.heap.get(heap_at..heap_at + self.heap_length(row));
        let value = match self.kinds.get(row)? {
            ValueKind::Null => Value::Null,
            ValueKind::Bool => Value::Bool(word != 0),
            ValueKind::Int => Value::Int(word.cast_signed()),
            ValueKind::UInt => Value::UInt(word),
            // the word of a float was made from 32 bits
            ValueKind::Float => Value::Float(f32::from_bits(u32::try_from(word).unwrap_or_default())),
            ValueKind::Double => Value::Double(f64::from_bits(word)),
            // text went in as UTF-8, or was checked when it was decoded
            ValueKind::Text => Value::Text(std::str::from_utf8(heap()?).unwrap_or_default()),
            ValueKind::Bytes => Value::Bytes(heap()?),
            ValueKind::Event => Value::Event(std::str::from_utf8(heap()?).unwrap_or_default()),
        };
        Some(Sample {
            stream: StreamId::new(*self.streams.get(row)?),
            source_time: Timestamp::from_ticks(*self.source_times.get(row)?),
            server_time: Timestamp::from_ticks(*self.server_times.get(row)?),
            receive_time: Timestamp::from_ticks(*self.receive_times.get(row)?),
            status: *self.statuses.get(row)?,
            value,
        })
    }

    /// Where each row's text or bytes begin in the heap.
    pub(crate) fn heap_starts(&self) -> Vec<usize> {
        let mut at = 0;
        let start = |row| {
            let start = at;
            at += self.heap_length(row);
            start
        };
        (0..self.len()).map(start).collect()
    }

    fn heap_length(&self, row: usize) -> usize {
        match (self.kinds.get(row), self.words.get(row)) {
            (Some(kind), Some(&length)) if kind.is_on_heap() => usize::try_from(length).unwrap_or_default(),
            _ => 0,
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> u64 {
        self.heap.extend_from_slice(bytes);
        u64::try_from(bytes.len()).unwrap_or(u64::MAX)
    }
}

impl<'a> IntoIterator for &'a SampleBatch {
    type Item = Sample<'a>;
    type IntoIter = Samples<'a>;

    fn into_iter(self) -> Samples<'a> {
        self.iter()
    }
}

/// Equal when they hold the same samples, bit for bit (so that NaN equals itself).
impl PartialEq for SampleBatch {
    fn eq(&self, other: &Self) -> bool {
        self.streams == other.streams
            && self.source_times == other.source_times
            && self.server_times == other.server_times
            && self.receive_times == other.receive_times
            && self.statuses == other.statuses
            && self.kinds == other.kinds
            && self.words == other.words
            && self.heap == other.heap
    }
}

/// The columns of a batch, each as long as the batch; the words are explained there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) streams: &'a [u32],
    pub(crate) source_times: &'a [i64],
    pub(crate) server_times: &'a [i64],
    pub(crate) receive_times: &'a [i64],
    pub(crate) statuses: &'a [u32],
    pub(crate) kinds: &'a [ValueKind],
    pub(crate) words: &'a [u64],
}

/// Iterator over a batch.
#[derive(Debug, Clone)]
pub struct Samples<'a> {
    batch: &'a SampleBatch,
    row: usize,
    heap_at: usize,
}

impl<'a> Iterator for Samples<'a> {
    type Item = Sample<'a>;

    fn next(&mut self) -> Option<Sample<'a>> {
        let sample = self.batch.sample(self.row, self.heap_at)?;
        self.heap_at += self.batch.heap_length(self.row);
        self.row += 1;
        Some(sample)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.batch.len() - self.row;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Samples<'_> {}

/// What the journal notes beside a blob, to skip it without decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) first_time: Timestamp,
    pub(crate) last_time: Timestamp,
    pub(crate) first_stream: u32,
    pub(crate) last_stream: u32,
}

impl SampleBatch {
    /// Smallest and largest time and stream; `None` when empty.
    pub(crate) fn extent(&self) -> Option<Extent> {
        let (mut first_time, mut last_time) = (Timestamp::MAX, Timestamp::MIN);
        for time in self.times().map(Timestamp::from_ticks) {
            first_time = first_time.min(time);
            last_time = last_time.max(time);
        }
        Some(Extent {
            first_time,
            last_time,
            first_stream: *self.streams.iter().min()?,
            last_stream: *self.streams.iter().max()?,
        })
    }
}
