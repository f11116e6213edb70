//! The standard's aggregate functions by name (Part 13 §5.4).

use opcua_types::{NodeId, ObjectId};

macro_rules! aggregates {
    ($($name:literal = $id:ident),* $(,)?) => {
        /// The names that [`aggregate`] knows.
        pub const AGGREGATES: &[&str] = &[$($name),*];

        fn object(name: &str) -> Option<ObjectId> {
            $(if name.eq_ignore_ascii_case($name) {
                return Some(ObjectId::$id);
            })*
            None
        }
    };
}

aggregates! {
    "Interpolative" = AggregateFunction_Interpolative,
    "Average" = AggregateFunction_Average,
    "TimeAverage" = AggregateFunction_TimeAverage,
    "TimeAverage2" = AggregateFunction_TimeAverage2,
    "Total" = AggregateFunction_Total,
    "Total2" = AggregateFunction_Total2,
    "Minimum" = AggregateFunction_Minimum,
    "Maximum" = AggregateFunction_Maximum,
    "MinimumActualTime" = AggregateFunction_MinimumActualTime,
    "MaximumActualTime" = AggregateFunction_MaximumActualTime,
    "Range" = AggregateFunction_Range,
    "Minimum2" = AggregateFunction_Minimum2,
    "Maximum2" = AggregateFunction_Maximum2,
    "MinimumActualTime2" = AggregateFunction_MinimumActualTime2,
    "MaximumActualTime2" = AggregateFunction_MaximumActualTime2,
    "Range2" = AggregateFunction_Range2,
    "AnnotationCount" = AggregateFunction_AnnotationCount,
    "Count" = AggregateFunction_Count,
    "DurationInStateZero" = AggregateFunction_DurationInStateZero,
    "DurationInStateNonZero" = AggregateFunction_DurationInStateNonZero,
    "NumberOfTransitions" = AggregateFunction_NumberOfTransitions,
    "Start" = AggregateFunction_Start,
    "End" = AggregateFunction_End,
    "Delta" = AggregateFunction_Delta,
    "StartBound" = AggregateFunction_StartBound,
    "EndBound" = AggregateFunction_EndBound,
    "DeltaBounds" = AggregateFunction_DeltaBounds,
    "DurationGood" = AggregateFunction_DurationGood,
    "DurationBad" = AggregateFunction_DurationBad,
    "PercentGood" = AggregateFunction_PercentGood,
    "PercentBad" = AggregateFunction_PercentBad,
    "WorstQuality" = AggregateFunction_WorstQuality,
    "WorstQuality2" = AggregateFunction_WorstQuality2,
    "StandardDeviationSample" = AggregateFunction_StandardDeviationSample,
    "StandardDeviationPopulation" = AggregateFunction_StandardDeviationPopulation,
    "VarianceSample" = AggregateFunction_VarianceSample,
    "VariancePopulation" = AggregateFunction_VariancePopulation,
}

/// The node of one of the standard's aggregate functions, whatever the case of its name. Whether a server computes it
/// is another matter: it answers `BadAggregateNotSupported` if not.
#[must_use]
pub fn aggregate(name: &str) -> Option<NodeId> {
    object(name).map(NodeId::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_the_function_that_has_it() {
        for name in AGGREGATES {
            let id = ObjectId::try_from(aggregate(&name.to_lowercase()).unwrap().as_u32().unwrap()).unwrap();
            assert_eq!(format!("{id:?}"), format!("AggregateFunction_{name}"));
        }
        assert_eq!(aggregate("Mean"), None);
    }
}
