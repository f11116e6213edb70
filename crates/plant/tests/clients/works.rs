//! A works of any size: what stands where, and that every value can be computed again from what its node says of itself.

use std::collections::HashMap;

use opcua_types::{NodeId, Variant};
use plant::Practice;
use ua_client::{AttributeId, BrowseFilter, ReferenceRef, Session, to_node_id};

use crate::bench::{Bench, node, reader};

const TICKS_PER_MS: f64 = 10_000.0;

/// An object or a variable below another.
struct Found {
    id: NodeId,
    name: String,
    class: i32,
    type_definition: NodeId,
}

async fn children(session: &Session, parents: &[NodeId]) -> Vec<(usize, Found)> {
    let mut found = Vec::new();
    let keep = |parent: usize, reference: &ReferenceRef<'_>| {
        let one = Found {
            id: to_node_id(&reference.node_id.node_id),
            name: reference.browse_name.1.unwrap().to_owned(),
            class: reference.node_class,
            type_definition: to_node_id(&reference.type_definition.node_id),
        };
        found.push((parent, one));
    };
    for browsed in session.browse_each(parents, &BrowseFilter::default(), keep).await.unwrap() {
        browsed.unwrap();
    }
    found
}

async fn below(session: &Session, parents: &[NodeId]) -> Vec<Found> {
    children(session, parents).await.into_iter().map(|(_, found)| found).collect()
}

fn ids(found: &[Found]) -> Vec<NodeId> {
    found.iter().map(|one| one.id.clone()).collect()
}

async fn works(streams: usize) -> (Bench, Session) {
    let bench = Bench::start_to_practise(3, Practice { streams, ..Practice::default() }).await;
    let session = bench.connect(&bench.trusted_client("client"), reader()).await.unwrap();
    (bench, session)
}

#[tokio::test]
async fn a_works_has_exactly_as_many_variables_as_were_asked_for_in_areas_lines_and_machines_of_known_types()
{
    let (_bench, session) = works(1_234).await;
    let areas = below(&session, &[node("Plant.Works")]).await;
    let lines = below(&session, &ids(&areas)).await;
    let machines = below(&session, &ids(&lines)).await;
    let signals = children(&session, &ids(&machines)).await;
    assert_eq!((areas.len(), lines.len(), machines.len(), signals.len()), (2, 13, 124, 1_234));
    let types: HashMap<_, _> = below(&session, &[NodeId::new(0, 58_u32)])
        .await
        .into_iter()
        .map(|object_type| (object_type.id, object_type.name))
        .collect();
    for (number, machine) in machines.iter().enumerate() {
        let declared = below(&session, std::slice::from_ref(&machine.type_definition)).await;
        let names = |all: &[&Found]| all.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let own: Vec<_> =
            signals.iter().filter(|(parent, _)| *parent == number).map(|(_, one)| one).collect();
        let declared = names(&declared.iter().collect::<Vec<_>>());
        assert!(declared.starts_with(&names(&own)), "{} is not as its type says", machine.name);
        assert!(machine.name.starts_with(types[&machine.type_definition].trim_end_matches("Type")));
    }
    session.close().await.unwrap();
}

#[tokio::test]
async fn every_analogue_signal_of_a_works_has_a_unit_and_a_range() {
    let (_bench, session) = works(40).await;
    let machines = below(&session, &[node("Plant.Works.Area001.Line01")]).await;
    let signals = below(&session, &ids(&machines)).await;
    let analogue: Vec<_> =
        signals.into_iter().filter(|one| one.type_definition == NodeId::new(0, 17570_u32)).collect();
    assert_eq!(analogue.len(), 20);
    let properties = children(&session, &ids(&analogue)).await;
    for number in 0..analogue.len() {
        let names: Vec<_> =
            properties.iter().filter(|(of, _)| *of == number).map(|(_, p)| p.name.as_str()).collect();
        assert_eq!(names, ["EngineeringUnits", "EURange"]);
    }
    session.close().await.unwrap();
}

/// What a description says about a number, computed for `k`; `None` where it is no number or a random one.
fn computed(formula: &str, k: i64) -> Option<f64> {
    let float = k as f64;
    let number = |text: &str| text.parse::<f64>().unwrap();
    if formula == "k" {
        return Some(float);
    }
    if let Some((mean, rest)) = formula.split_once(" + ").filter(|(_, rest)| rest.contains("sin")) {
        let (amplitude, rest) = rest.split_once(" sin(2 pi k / ").unwrap();
        let steps = number(rest.trim_end_matches(')'));
        return Some(number(mean) + number(amplitude) * (std::f64::consts::TAU * (float / steps)).sin());
    }
    if let Some((low, rest)) = formula.split_once(" + ").filter(|(_, rest)| rest.contains(" (k mod ")) {
        let (height, rest) = rest.split_once(" (k mod ").unwrap();
        let steps = number(rest.split_once(')').unwrap().0);
        return Some(number(low) + number(height) * (float % steps) / steps);
    }
    if let Some(levels) = formula.strip_suffix(" in turn") {
        let levels: Vec<_> =
            levels.split(", ").map(|level| level.parse::<f64>()).collect::<Result<_, _>>().ok()?;
        return Some(levels[usize::try_from(k).unwrap() % levels.len()]);
    }
    formula.strip_prefix("k mod ").map(|states| (k % states.parse::<i64>().unwrap()) as f64)
}

#[tokio::test]
async fn every_value_of_a_works_can_be_computed_again_from_the_description_of_its_node() {
    let (_bench, session) = works(40).await;
    let machines = below(&session, &[node("Plant.Works.Area001.Line01")]).await;
    let signals: Vec<_> =
        below(&session, &ids(&machines)).await.into_iter().filter(|one| one.class == 2).collect();
    let started = read(&session, &node("Plant.StartTime"), AttributeId::Value).await.0;
    let Variant::DateTime(started) = started else { panic!("{started:?} is no time") };
    let mut compared = 0;
    for signal in &signals {
        let (value, source_time) = read(&session, &signal.id, AttributeId::Value).await;
        let (description, _) = read(&session, &signal.id, AttributeId::Description).await;
        let (period, _) = read(&session, &signal.id, AttributeId::MinimumSamplingInterval).await;
        let Variant::LocalizedText(description) = description else { panic!("{description:?} is no text") };
        let (_, formula) = description.text.as_ref().split_once(": ").unwrap();
        let (formula, ahead) = match formula.split_once("; its clock is ") {
            Some((formula, ahead)) => (formula, ahead.trim_end_matches(" s ahead").parse::<f64>().unwrap()),
            None => (formula, 0.0),
        };
        let Variant::Double(period) = period else { panic!("{period:?} is no interval") };
        let passed = (source_time - started.ticks()) as f64 / TICKS_PER_MS - ahead * 1000.0;
        let k = (passed / period).round();
        assert!(
            (passed - k * period).abs() < 1e-3,
            "{}: {source_time} is not the time of a step",
            signal.name
        );
        let number = match value {
            Variant::Double(number) => number,
            Variant::Int64(number) => number as f64,
            Variant::Int32(number) => number.into(),
            Variant::UInt32(number) => number.into(),
            _ => continue,
        };
        if let Some(expected) = computed(formula, k as i64) {
            assert!((number - expected).abs() < 1e-9, "{} is {number}, {formula} is {expected}", signal.name);
            compared += 1;
        }
    }
    // sines, ramps, steps, counters, states and modes of four machines
    assert_eq!(compared, 20);
    session.close().await.unwrap();
}

/// A value and its source timestamp.
async fn read(session: &Session, node: &NodeId, attribute: AttributeId) -> (Variant, i64) {
    let read = session.read(&[(node.clone(), attribute)]).await.unwrap().remove(0);
    (read.value.unwrap_or_default(), read.source_timestamp.map_or(0, |time| time.ticks()))
}
