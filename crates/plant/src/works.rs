//! A works of any size: areas, lines and machines of four types, each with ten signals.

use std::sync::Arc;

use opcua_types::NodeId;
use ua_server::{Declaration, Error, Ticks, TypedVariable, VariableKind, VariableSpec};

use crate::layout::{Site, data_type, milliseconds};
use crate::signals::{Shape, real};
use crate::specimens::Specimen;

/// A hundred signals make a line, a thousand an area: no folder has more children than fit into one answer of a server.
const SIGNALS: usize = 10;
const MACHINES: usize = 10;
const LINES: usize = 10;
/// So far ahead is the clock of a machine that has a wrong one: a minute.
const AHEAD: Ticks = 600_000_000;

struct Machine {
    name: &'static str,
    description: &'static str,
    signals: [Signal; SIGNALS],
}

struct Signal {
    name: &'static str,
    what: &'static str,
    kind: Kind,
    /// Of the machine with this number in the works.
    shape: fn(i64) -> Shape,
}

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Analog(&'static str, f64, f64),
    TwoState(&'static str, &'static str),
    States(&'static [&'static str]),
    Special(Specimen),
}

const fn signal(name: &'static str, what: &'static str, kind: Kind, shape: fn(i64) -> Shape) -> Signal {
    Signal { name, what, kind, shape }
}

const fn special(name: &'static str, what: &'static str, kind: Specimen) -> Signal {
    // the shape names the namespace, which is known when the plant is built
    Signal { name, what, kind: Kind::Special(kind), shape: |_| Shape::Counter }
}

const RUNNING: Kind = Kind::TwoState("stopped", "running");
const DOOR: Kind = Kind::TwoState("closed", "open");
const CELSIUS: Kind = Kind::Analog("°C", 0.0, 120.0);
const HOT: Kind = Kind::Analog("°C", 0.0, 400.0);
const PERCENT: Kind = Kind::Analog("%", 0.0, 100.0);
const AMPERE: Kind = Kind::Analog("A", 0.0, 100.0);

const KINDS: [Machine; 4] = [
    Machine {
        name: "Mixer",
        description: "Mixes batches in a heated vessel",
        signals: [
            signal("Temperature", "Jacket temperature", CELSIUS, |n| sine(60.0 + unit(n), 15.0, 120)),
            signal("Level", "Vessel level", PERCENT, |n| ramp(0.0, 100.0, 200 + n % 10)),
            signal("Vibration", "Shaft vibration", Kind::Analog("mm/s", 0.0, 10.0), |n| noise(2.0, 0.5, n)),
            signal("Current", "Motor current", AMPERE, |n| noise(40.0, 5.0, n + 1)),
            signal(
                "State",
                "What it does",
                Kind::States(&["Stopped", "Filling", "Mixing", "Draining"]),
                |_| Shape::State(4),
            ),
            signal("Running", "Whether the shaft turns", RUNNING, |_| Shape::Toggle),
            special("Mode", "How it is run", Specimen::Mode),
            signal("Batch", "Name of the batch", Kind::Plain, batch),
            signal("Batches", "Batches since the start", Kind::Plain, |_| Shape::Counter),
            signal("RoomTemperature", "A sensor that froze", CELSIUS, |n| Shape::Stuck(20.0 + unit(n))),
        ],
    },
    Machine {
        name: "Filler",
        description: "Fills bottles",
        signals: [
            signal("Speed", "Belt speed", PERCENT, |_| Shape::Step(vec![0.0, 25.0, 50.0, 75.0, 100.0])),
            signal("Pressure", "A sensor that fails", Kind::Analog("bar", 0.0, 10.0), |n| {
                Shape::Failing(3.0 + unit(n))
            }),
            signal("Flow", "Product flow", Kind::Analog("l/min", 0.0, 60.0), |n| {
                sine(30.0 + unit(n), 12.0, 90)
            }),
            signal("Temperature", "Product temperature", CELSIUS, |n| Shape::Skewed {
                shape: Box::new(ramp(4.0, 24.0, 100 + n % 10)),
                by: AHEAD,
            }),
            signal("Weight", "Weight of a bottle", Kind::Analog("g", 0.0, 1000.0), |n| noise(500.0, 4.0, n)),
            signal("State", "What it does", Kind::States(&["Stopped", "Rinsing", "Filling"]), |_| {
                Shape::State(3)
            }),
            signal("Running", "Whether the belt moves", RUNNING, |_| Shape::Toggle),
            special("Report", "What was filled last", Specimen::Report),
            signal("Bottles", "Bottles since the start", Kind::Plain, |_| Shape::Counter),
            signal("Batch", "Name of the batch", Kind::Plain, batch),
        ],
    },
    Machine {
        name: "Oven",
        description: "Heats what passes through its zones",
        signals: [
            signal("Zone1", "Temperature of zone 1", HOT, |n| sine(180.0 + unit(n), 8.0, 100)),
            signal("Zone2", "Temperature of zone 2", HOT, |n| sine(220.0 + unit(n), 9.0, 110)),
            signal("Zone3", "Temperature of zone 3", HOT, |n| noise(200.0, 3.0, n)),
            special("Profile", "Temperatures along the oven", Specimen::Profile),
            signal("Humidity", "Humidity in the oven", PERCENT, |n| noise(35.0, 2.0, n + 1)),
            signal("GasFlow", "Gas flow", Kind::Analog("m³/h", 0.0, 50.0), |n| {
                ramp(10.0, 40.0, 150 + n % 10)
            }),
            signal("Door", "Whether the door is open", DOOR, |_| Shape::Toggle),
            signal("State", "What it does", Kind::States(&["Cold", "Heating", "Hot", "Cooling"]), |_| {
                Shape::State(4)
            }),
            signal("Energy", "Energy since the start, in Wh", Kind::Plain, |_| Shape::Counter),
            signal("Recipe", "Name of the recipe", Kind::Plain, batch),
        ],
    },
    Machine {
        name: "Conveyor",
        description: "Carries pieces from one machine to the next",
        signals: [
            signal("Speed", "Belt speed", PERCENT, |_| Shape::Step(vec![0.0, 50.0, 100.0])),
            signal("Current", "Motor current", AMPERE, |n| noise(12.0, 1.0, n)),
            signal("MotorTemperature", "Motor temperature", CELSIUS, |n| sine(55.0 + unit(n), 10.0, 240)),
            signal("Load", "Load on the belt", Kind::Analog("kg", 0.0, 500.0), |n| {
                ramp(0.0, 400.0, 80 + n % 10)
            }),
            signal("Tension", "Belt tension", Kind::Analog("kN", 0.0, 20.0), |n| noise(8.0, 0.4, n + 1)),
            signal("Running", "Whether the belt moves", RUNNING, |_| Shape::Toggle),
            signal("State", "What it does", Kind::States(&["Stopped", "Running", "Jammed"]), |_| {
                Shape::State(3)
            }),
            signal("Pieces", "Pieces since the start", Kind::Plain, |_| Shape::Counter),
            special("Positions", "Where pieces lie", Specimen::Grid),
            signal("Order", "Name of the order", Kind::Plain, batch),
        ],
    },
];

fn unit(number: i64) -> f64 {
    real(number % 10)
}

const fn sine(mean: f64, amplitude: f64, steps: i64) -> Shape {
    Shape::Sine { mean, amplitude, steps }
}

const fn ramp(low: f64, high: f64, steps: i64) -> Shape {
    Shape::Ramp { low, high, steps }
}

const fn noise(mean: f64, spread: f64, seed: i64) -> Shape {
    Shape::Noise { mean, spread, seed: seed.unsigned_abs() }
}

fn batch(_: i64) -> Shape {
    Shape::Text(["Red 4711", "Grün 0815", "Blue 1234"].map(Arc::from).to_vec())
}

/// Adds a works with so many signals, all of which have something new at the same pace.
pub(crate) fn add(site: &mut Site<'_>, streams: usize, period: Ticks) -> Result<(), Error> {
    if streams == 0 {
        return Ok(());
    }
    let plant = site.id("Plant");
    site.folder(&plant, "Plant.Works", "Works", "A works of areas, lines and machines")?;
    for machine in &KINDS {
        add_type(site, machine)?;
    }
    let kinds = KINDS.iter().cycle();
    for (number, machine) in (0..streams.div_ceil(SIGNALS)).zip(kinds) {
        let left = streams.saturating_sub(number.saturating_mul(SIGNALS));
        let line = line(site, number)?;
        add_machine(site, machine, number, &line, left.min(SIGNALS), period)?;
    }
    Ok(())
}

/// The path of the line that a machine stands in; the first machine builds it.
fn line(site: &mut Site<'_>, number: usize) -> Result<String, Error> {
    let (area, in_area) = (number / (MACHINES * LINES), number % (MACHINES * LINES));
    let (area_name, line_name) =
        (format!("Area{:03}", area.saturating_add(1)), format!("Line{:02}", in_area / MACHINES + 1));
    let area_path = format!("Plant.Works.{area_name}");
    let path = format!("{area_path}.{line_name}");
    if in_area == 0 {
        let works = site.id("Plant.Works");
        site.folder(&works, &area_path, &area_name, "An area of the works")?;
    }
    if in_area % MACHINES == 0 {
        let area = site.id(&area_path);
        site.folder(&area, &path, &line_name, "A production line")?;
    }
    Ok(path)
}

fn type_id(site: &Site<'_>, machine: &Machine) -> NodeId {
    site.id(&format!("{}Type", machine.name))
}

fn add_type(site: &mut Site<'_>, machine: &Machine) -> Result<(), Error> {
    let declarations: Vec<_> = machine
        .signals
        .iter()
        .map(|signal| {
            let (data_type, value_rank) = signal.data_type(site.namespace);
            Declaration {
                name: signal.name.to_owned(),
                data_type,
                value_rank,
                kind: signal.kind.as_variable(),
            }
        })
        .collect();
    let name = format!("{}Type", machine.name);
    let spec = site.spec(&name, &name, machine.description);
    site.space.add_object_type(spec, &declarations)
}

fn add_machine(
    site: &mut Site<'_>,
    machine: &Machine,
    number: usize,
    line: &str,
    signals: usize,
    period: Ticks,
) -> Result<(), Error> {
    let name = format!("{}{:02}", machine.name, number % MACHINES + 1);
    let path = format!("{line}.{name}");
    let spec = site.spec(&path, &name, machine.description);
    let object_type = type_id(site, machine);
    site.space.add_instance(&site.id(line), &object_type, spec)?;
    let id = site.id(&path);
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    for signal in machine.signals.iter().take(signals) {
        add_signal(site, &id, &path, signal, number, period)?;
    }
    Ok(())
}

fn add_signal(
    site: &mut Site<'_>,
    machine: &NodeId,
    path: &str,
    signal: &Signal,
    number: i64,
    period: Ticks,
) -> Result<(), Error> {
    let namespace = site.namespace;
    let shape = match signal.kind {
        Kind::Special(kind) => Shape::Specimen { kind, namespace },
        _ => (signal.shape)(number),
    };
    let spec =
        site.spec(&format!("{path}.{}", signal.name), signal.name, &format!("{}: {shape}", signal.what));
    let minimum_sampling = milliseconds(period);
    let scalar = data_type(&shape);
    let slot = site.signals.add(shape, period).ok_or(Error::Full)?;
    if let Kind::Special(kind) = signal.kind {
        let (data_type, value_rank) = kind.data_type(namespace);
        let variable = TypedVariable { data_type, value_rank, slot, minimum_sampling };
        return site.space.add_typed_variable(machine, spec, variable);
    }
    let kind = signal.kind.as_variable();
    site.space.add_variable(machine, spec, VariableSpec { data_type: scalar, slot, minimum_sampling, kind })
}

impl Signal {
    fn data_type(&self, namespace: u16) -> (NodeId, i32) {
        match self.kind {
            Kind::Special(kind) => kind.data_type(namespace),
            _ => (data_type(&(self.shape)(0)).into(), -1),
        }
    }
}

impl Kind {
    fn as_variable(self) -> VariableKind {
        match self {
            Self::Plain | Self::Special(_) => VariableKind::Plain,
            Self::Analog(unit, low, high) => {
                VariableKind::Analog { unit: unit.to_owned(), range: Some((low, high)) }
            }
            Self::TwoState(off, on) => VariableKind::TwoState { off: off.to_owned(), on: on.to_owned() },
            Self::States(names) => {
                VariableKind::MultiState(names.iter().map(|name| (*name).to_owned()).collect())
            }
        }
    }
}
