//! What stands where in the plant.

use std::time::Duration;

use opcua_types::{DataTypeId, NodeId, ObjectId};
use ua_server::{
    AddressSpace, Error, NodeRules, NodeSpec, TICKS_PER_MS, Ticks, TypedVariable, VariableKind, VariableSpec,
};

use crate::control::{self, Control};
use crate::events::{BATCH_NUMBER, batch_type};
use crate::signals::{Shape, Signals, ticks};
use crate::specimens::{Specimen, Specimens, mode_definition, mode_type, report_definition, report_type};
use crate::works;

/// Namespace of everything in the plant.
const NAMESPACE: &str = "urn:lockgate:plant:model";

/// Adds the plant under Objects and returns its signals.
pub(crate) fn build(
    space: &mut AddressSpace,
    start: Ticks,
    counters: usize,
    counter_period: Ticks,
    streams: usize,
    specimens: Specimens,
    control: Control,
) -> Result<Signals, Error> {
    let namespace = space.add_namespace(NAMESPACE)?;
    space.set_namespace_rules(namespace, NodeRules::observed())?;
    let mut site = Site { space, signals: Signals::new(start), namespace };
    site.folder(&ObjectId::ObjectsFolder.into(), "Plant", "Plant", "A simulated plant")?;
    site.signal(
        "Plant",
        "StartTime",
        "The instant at which every counter was 0",
        Shape::StartTime,
        HOUR,
        VariableKind::Plain,
    )?;
    site.mixing()?;
    site.filling()?;
    site.counters(counters, counter_period)?;
    site.events()?;
    if specimens == Specimens::All || streams > 0 {
        site.data_types()?;
    }
    if specimens == Specimens::All {
        site.specimens()?;
    }
    works::add(&mut site, streams, counter_period)?;
    if control == Control::All {
        control::add(&mut site)?;
    }
    Ok(site.signals)
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct Site<'a> {
    pub(crate) space: &'a mut AddressSpace,
    pub(crate) signals: Signals,
    pub(crate) namespace: u16,
}

impl Site<'_> {
    fn mixing(&mut self) -> Result<(), Error> {
        self.area("Mixing", "Line1", "Mixer1")?;
        let machine = "Plant.Mixing.Line1.Mixer1";
        let temperature = Shape::Sine { mean: 60.0, amplitude: 15.0, steps: 120 };
        self.signal(
            machine,
            "Temperature",
            "Jacket temperature",
            temperature,
            SECOND / 2,
            analog("°C", 0.0, 120.0),
        )?;
        let level = Shape::Ramp { low: 0.0, high: 100.0, steps: 200 };
        self.signal(machine, "Level", "Vessel level", level, SECOND / 2, analog("%", 0.0, 100.0))?;
        let vibration = Shape::Noise { mean: 2.0, spread: 0.5, seed: 7 };
        self.signal(
            machine,
            "Vibration",
            "Shaft vibration",
            vibration,
            SECOND / 5,
            analog("mm/s", 0.0, 10.0),
        )?;
        let stuck = Shape::Stuck(21.5);
        self.signal(
            machine,
            "RoomTemperature",
            "A sensor that froze",
            stuck,
            SECOND,
            analog("°C", -20.0, 60.0),
        )?;
        let states = ["Stopped", "Filling", "Mixing", "Draining"].map(str::to_owned).to_vec();
        self.signal(
            machine,
            "State",
            "What the mixer does",
            Shape::State(4),
            5 * SECOND,
            VariableKind::MultiState(states),
        )
    }

    fn filling(&mut self) -> Result<(), Error> {
        self.area("Filling", "Line1", "Filler1")?;
        let machine = "Plant.Filling.Line1.Filler1";
        let speed = Shape::Step(vec![0.0, 25.0, 50.0, 75.0, 100.0]);
        self.signal(machine, "Speed", "Belt speed", speed, 5 * SECOND, analog("%", 0.0, 100.0))?;
        self.signal(
            machine,
            "Pressure",
            "A sensor that fails now and then",
            Shape::Failing(3.2),
            10 * SECOND,
            analog("bar", 0.0, 10.0),
        )?;
        let running = VariableKind::TwoState { off: "stopped".to_owned(), on: "running".to_owned() };
        self.signal(machine, "Running", "Whether the belt moves", Shape::Toggle, 2 * SECOND, running)?;
        let batches = ["Red 4711", "Grün 0815", "Blue 1234"].map(Into::into).to_vec();
        self.signal(
            machine,
            "Batch",
            "Name of the batch",
            Shape::Text(batches),
            7 * SECOND,
            VariableKind::Plain,
        )?;
        self.signal(
            machine,
            "Bottles",
            "Bottles filled since the start",
            Shape::Counter,
            SECOND / 4,
            VariableKind::Plain,
        )
    }

    fn counters(&mut self, counters: usize, period: Ticks) -> Result<(), Error> {
        let parent = self.id("Plant");
        self.folder(&parent, "Plant.Counters", "Counters", "Counters that step by one at a fixed pace")?;
        let parent = self.id("Plant.Counters");
        for number in 1..=counters {
            let name = format!("Counter{number:04}");
            let slot = self.signals.add(Shape::Counter, period).ok_or(Error::Full)?;
            let spec = NodeSpec { id: self.id(&name), name, description: None };
            let variable = VariableSpec {
                data_type: DataTypeId::Int64,
                slot,
                minimum_sampling: milliseconds(period),
                kind: VariableKind::Plain,
            };
            self.space.add_variable(&parent, spec, variable)?;
        }
        Ok(())
    }

    fn events(&mut self) -> Result<(), Error> {
        self.signals.with_events(self.namespace);
        let id = batch_type(self.namespace);
        let description = Some("A batch was filled".to_owned());
        let spec = NodeSpec { id, name: "BatchEventType".to_owned(), description };
        self.space.add_event_type(spec, &[(BATCH_NUMBER, DataTypeId::Int64)])
    }

    fn data_types(&mut self) -> Result<(), Error> {
        let namespace = self.namespace;
        let mode = NodeSpec { id: mode_type(namespace), name: "Mode".to_owned(), description: None };
        self.space.add_enumeration(mode, mode_definition())?;
        let report =
            NodeSpec { id: report_type(namespace), name: "BatchReport".to_owned(), description: None };
        self.space.add_structure(report, report_definition(namespace))
    }

    fn specimens(&mut self) -> Result<(), Error> {
        let namespace = self.namespace;
        let parent = self.id("Plant");
        self.folder(&parent, "Plant.Specimens", "Specimens", "One variable of each rare kind")?;
        for (name, kind) in [
            ("Report", Specimen::Report),
            ("Mode", Specimen::Mode),
            ("Profile", Specimen::Profile),
            ("Grid", Specimen::Grid),
        ] {
            let (data_type, value_rank) = kind.data_type(namespace);
            let period = ticks(SECOND);
            let slot = self.signals.add(Shape::Specimen { kind, namespace }, period).ok_or(Error::Full)?;
            let spec = self.spec(&format!("Plant.Specimens.{name}"), name, "A specimen");
            let variable =
                TypedVariable { data_type, value_rank, slot, minimum_sampling: milliseconds(period) };
            let parent = self.id("Plant.Specimens");
            self.space.add_typed_variable(&parent, spec, variable)?;
        }
        Ok(())
    }

    fn area(&mut self, area: &str, line: &str, machine: &str) -> Result<(), Error> {
        let (area_path, line_path) = (format!("Plant.{area}"), format!("Plant.{area}.{line}"));
        self.folder(&self.id("Plant"), &area_path, area, "An area of the plant")?;
        self.folder(&self.id(&area_path), &line_path, line, "A production line")?;
        let spec = self.spec(&format!("{line_path}.{machine}"), machine, "A machine");
        let parent = self.id(&line_path);
        self.space.add_object(&parent, spec)
    }

    pub(crate) fn folder(
        &mut self,
        parent: &NodeId,
        path: &str,
        name: &str,
        description: &str,
    ) -> Result<(), Error> {
        let spec = self.spec(path, name, description);
        self.space.add_folder(parent, spec)
    }

    fn signal(
        &mut self,
        parent: &str,
        name: &str,
        description: &str,
        shape: Shape,
        period: Duration,
        kind: VariableKind,
    ) -> Result<(), Error> {
        let data_type = data_type(&shape);
        let period = ticks(period);
        let slot = self.signals.add(shape, period).ok_or(Error::Full)?;
        let spec = self.spec(&format!("{parent}.{name}"), name, description);
        let variable = VariableSpec { data_type, slot, minimum_sampling: milliseconds(period), kind };
        let parent = self.id(parent);
        self.space.add_variable(&parent, spec, variable)
    }

    pub(crate) fn spec(&self, path: &str, name: &str, description: &str) -> NodeSpec {
        NodeSpec { id: self.id(path), name: name.to_owned(), description: Some(description.to_owned()) }
    }

    pub(crate) fn id(&self, path: &str) -> NodeId {
        NodeId::new(self.namespace, path)
    }
}

fn analog(unit: &str, low: f64, high: f64) -> VariableKind {
    VariableKind::Analog { unit: unit.to_owned(), range: Some((low, high)) }
}

pub(crate) const fn data_type(shape: &Shape) -> DataTypeId {
    match shape {
        Shape::Counter => DataTypeId::Int64,
        Shape::Text(_) => DataTypeId::String,
        Shape::Toggle => DataTypeId::Boolean,
        Shape::State(_) => DataTypeId::UInt32,
        Shape::StartTime => DataTypeId::UtcTime,
        Shape::Sine { .. }
        | Shape::Ramp { .. }
        | Shape::Noise { .. }
        | Shape::Step(_)
        | Shape::Stuck(_)
        | Shape::Failing(_)
        | Shape::Skewed { .. }
        | Shape::Setpoint(_)
        | Shape::Specimen { .. } => DataTypeId::Double,
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "periods are far below 2^53 ticks")]
pub(crate) fn milliseconds(period: Ticks) -> f64 {
    period as f64 / TICKS_PER_MS as f64
}
