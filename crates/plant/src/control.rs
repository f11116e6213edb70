//! What not everybody may use: values to be written, a method, and nodes that some do not see.

use std::sync::{Arc, PoisonError, RwLock};

use opcua_types::{DataTypeId, StatusCode, Variant};
use ua_server::{
    Error, MethodSpec, NodeRules, Permissions, Restrictions, Role, Sample, Slot, Ticks, Value, VariableKind,
    VariableSpec,
};

use crate::{layout::Site, signals::Shape};

/// Whether the plant has the folder Control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Control {
    /// It has none.
    #[default]
    None,
    /// It has.
    All,
}

/// A value that is kept until somebody writes another.
#[derive(Debug, Clone)]
pub struct Setpoint {
    now: Arc<RwLock<Sample>>,
    range: Option<(f64, f64)>,
}

impl Setpoint {
    /// The value at the start, and the range of those that can be written.
    #[must_use]
    pub fn new(value: Value, start: Ticks, range: Option<(f64, f64)>) -> Self {
        Self { now: Arc::new(RwLock::new(Sample::good(value, start))), range }
    }

    pub(crate) fn get(&self) -> Sample {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, value: Value, at: Ticks) -> Result<(), StatusCode> {
        let is_within = match (self.range, value.as_f64()) {
            (None, _) => true,
            (Some((low, high)), Some(number)) => (low..=high).contains(&number),
            (Some(_), None) => false,
        };
        if !is_within {
            return Err(StatusCode::BadOutOfRange);
        }
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Sample::good(value, at);
        Ok(())
    }
}

const FOLDER: &str = "Plant.Control";
const SPEED: (f64, f64) = (0.0, 100.0);
const LIMIT: (f64, f64) = (0.0, 120.0);

pub(crate) fn add(site: &mut Site<'_>) -> Result<(), Error> {
    site.folder(&site.id("Plant"), FOLDER, "Control", "Nodes that not everybody may use")?;
    let observed = NodeRules::observed;
    let operated =
        observed().allow(Role::Operator, Permissions::WRITE).allow(Role::Engineer, Permissions::WRITE);
    let engineered = observed()
        .allow(Role::Engineer, Permissions::WRITE.and(Permissions::WRITE_ATTRIBUTE))
        .with_description_to_write();
    let own = Permissions::BROWSE.and(Permissions::READ).and(Permissions::WRITE);
    let encrypted = Restrictions { encryption: true, ..Restrictions::default() };
    let percent = VariableKind::Analog { unit: "%".to_owned(), range: Some(SPEED) };
    let degrees = VariableKind::Analog { unit: "°C".to_owned(), range: Some(LIMIT) };
    let number = |value: f64, range| (Value::Double(value), DataTypeId::Double, range);
    let text = |text: &str| (Value::from(text), DataTypeId::String, None);
    let plain = VariableKind::Plain;
    for (name, description, value, kind, rules) in [
        ("Speed", "Written by operators and engineers", number(50.0, Some(SPEED)), percent, operated.clone()),
        ("TemperatureLimit", "Written by engineers", number(90.0, Some(LIMIT)), degrees, engineered),
        (
            "Recipe",
            "Seen by engineers",
            text("Red: 3 parts, White: 1 part"),
            plain.clone(),
            NodeRules::nobody().allow(Role::Engineer, own),
        ),
        (
            "Cost",
            "Read over an encrypted channel",
            number(12.5, None),
            plain.clone(),
            observed().restrict(encrypted),
        ),
        (
            "ShiftPlan",
            "Seen over an encrypted channel",
            text("early: Anna, late: Bert"),
            plain.clone(),
            observed().restrict(Restrictions { apply_to_browse: true, ..encrypted }),
        ),
        (
            "Command",
            "Written by operators and engineers, read by nobody",
            text(""),
            plain,
            operated.write_only(),
        ),
    ] {
        let path = format!("{FOLDER}.{name}");
        let (value, data_type, range) = value;
        let shape = Shape::Setpoint(Setpoint::new(value, site.signals.start(), range));
        let slot = site.signals.add(shape, 1).ok_or(Error::Full)?;
        let variable = VariableSpec { data_type, slot, minimum_sampling: 0.0, kind };
        let spec = site.spec(&path, name, description);
        site.space.add_variable(&site.id(FOLDER), spec, variable)?;
        site.space.set_rules(&site.id(&path), rules)?;
    }
    add_method(site, observed())
}

/// A method that sets the speed and gives what it was.
fn add_method(site: &mut Site<'_>, observed: NodeRules) -> Result<(), Error> {
    let callers = [Role::Operator, Role::Engineer, Role::Supervisor];
    let rules = callers.into_iter().fold(observed, |rules, role| rules.allow(role, Permissions::CALL));
    let slot = site.signals.add(Shape::StartTime, 1).ok_or(Error::Full)?;
    let speed = |name: &str| vec![(name.to_owned(), DataTypeId::Double)];
    let method = MethodSpec { slot, inputs: speed("Speed"), outputs: speed("Before") };
    let path = format!("{FOLDER}.SetSpeed");
    let spec = site.spec(&path, "SetSpeed", "Called by operators, engineers and supervisors");
    site.space.add_method(&site.id(FOLDER), spec, method)?;
    site.space.set_rules(&site.id(&path), rules.clone())?;
    site.space.set_rules(&site.id(FOLDER), rules)?;
    site.signals.with_method(slot, speed_slot(site)?);
    Ok(())
}

/// The first setpoint that was added.
fn speed_slot(site: &Site<'_>) -> Result<Slot, Error> {
    site.signals.first_setpoint().ok_or(Error::Config("the plant has no speed to set"))
}

pub(crate) fn set_speed(speed: &Setpoint, inputs: &[Variant], at: Ticks) -> Result<Vec<Variant>, StatusCode> {
    match inputs {
        [] => Err(StatusCode::BadArgumentsMissing),
        [Variant::Double(wanted)] => {
            let before = speed.get().value.to_variant();
            speed.set(Value::Double(*wanted), at)?;
            Ok(vec![before])
        }
        [_] => Err(StatusCode::BadInvalidArgument),
        _ => Err(StatusCode::BadTooManyArguments),
    }
}
