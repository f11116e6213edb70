//! The aggregates we compute (Part 13 §5.4), each over the recorded values of one interval.

use opcua_types::{NodeId, ObjectId, StatusCode};

use super::at_time::real;
use crate::values::{Sample, Ticks, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Interpolative,
    Average,
    Minimum,
    Maximum,
    Count,
    Start,
    End,
}

impl Aggregate {
    pub(crate) const ALL: [(ObjectId, Self); 7] = [
        (ObjectId::AggregateFunction_Interpolative, Self::Interpolative),
        (ObjectId::AggregateFunction_Average, Self::Average),
        (ObjectId::AggregateFunction_Minimum, Self::Minimum),
        (ObjectId::AggregateFunction_Maximum, Self::Maximum),
        (ObjectId::AggregateFunction_Count, Self::Count),
        (ObjectId::AggregateFunction_Start, Self::Start),
        (ObjectId::AggregateFunction_End, Self::End),
    ];

    pub(super) fn from_node_id(id: &NodeId) -> Option<Self> {
        let wanted = id.as_object_id().ok()?;
        Self::ALL.iter().find(|(object, _)| *object == wanted).map(|(_, aggregate)| *aggregate)
    }
}

/// "DataValue" info type with the historian bit "calculated" (Part 4 §7.39.1).
const CALCULATED: u32 = 0x0401;
/// Historian bit: the interval is shorter than the others.
pub(super) const PARTIAL: u32 = 0x0404;

/// What an interval's values come to.
#[derive(Debug, Default)]
pub(super) struct Sum {
    good: u64,
    bad: u64,
    total: f64,
    least: Option<(f64, Value)>,
    most: Option<(f64, Value)>,
    first: Option<Sample>,
    last: Option<Sample>,
    unusable: bool,
}

impl Sum {
    pub(super) fn add(&mut self, sample: &Sample) {
        self.first.get_or_insert_with(|| sample.clone());
        self.last = Some(sample.clone());
        if StatusCode::from(sample.status).is_bad() {
            self.bad = self.bad.saturating_add(1);
            return;
        }
        self.good = self.good.saturating_add(1);
        let number = match &sample.value {
            Value::Boolean(value) => Some(f64::from(u8::from(*value))),
            value => value.as_f64(),
        };
        let Some(number) = number.filter(|number| !number.is_nan()) else {
            self.unusable = true;
            return;
        };
        self.total += number;
        if self.least.as_ref().is_none_or(|(least, _)| number < *least) {
            self.least = Some((number, sample.value.clone()));
        }
        if self.most.as_ref().is_none_or(|(most, _)| number > *most) {
            self.most = Some((number, sample.value.clone()));
        }
    }

    /// The value of an interval that begins at `time`.
    pub(super) fn result(self, aggregate: Aggregate, time: Ticks) -> Sample {
        let quality = if self.bad > 0 && self.good > 0 {
            StatusCode::UncertainDataSubNormal.bits()
        } else {
            StatusCode::Good.bits()
        };
        let calculated = |value: Value| Sample { value, status: quality | CALCULATED, source_time: time };
        let nothing = || Sample::bad(StatusCode::BadNoData, time);
        match aggregate {
            // computed from the neighbours, not from the sum
            Aggregate::Interpolative => nothing(),
            Aggregate::Start => self.first.unwrap_or_else(nothing),
            Aggregate::End => self.last.unwrap_or_else(nothing),
            Aggregate::Count => calculated(Value::Int32(i32::try_from(self.good).unwrap_or(i32::MAX))),
            _ if self.unusable => Sample::bad(StatusCode::BadAggregateInvalidInputs, time),
            _ if self.good == 0 => nothing(),
            Aggregate::Average => {
                let count = i64::try_from(self.good).unwrap_or(i64::MAX);
                calculated(Value::Double(self.total / real(count)))
            }
            Aggregate::Minimum => self.least.map_or_else(nothing, |(_, value)| calculated(value)),
            Aggregate::Maximum => self.most.map_or_else(nothing, |(_, value)| calculated(value)),
        }
    }
}
