//! Role × node × service as one table: what each role gets of each kind of node, over which channel (AZ of the security catalogue).

use std::{fmt::Write as _, sync::Arc};

use opcua_types::{DataTypeId, DataValue, DateTime, LocalizedText, NodeId, ObjectId, StatusCode, Variant};
use ua_channel::MessageSecurityMode::{self, Sign, SignAndEncrypt};

use super::ask::{
    browse, call_status, history_status, read, read_status, translate_status, value, watch_status,
    write_status,
};
use super::test_target::Target;
use crate::{
    AddressSpace, MethodSpec, NodeRules, NodeSpec, Permissions, Restrictions, Role, Sample, Slot, Ticks,
    Toward, Value, ValueSource, VariableKind, VariableSpec,
};

/// Values that can be read, written and looked up in the past.
struct Plant;

impl ValueSource for Plant {
    fn sample(&self, slots: &[Slot], at: Ticks, visit: &mut dyn FnMut(usize, Sample)) {
        (0..slots.len()).for_each(|index| visit(index, Sample::good(Value::Double(1.0), at)));
    }

    fn is_recorded(&self, _: Slot) -> bool {
        true
    }

    fn recorded(&self, _: Slot, at: Ticks, toward: Toward, _: Ticks) -> Option<Sample> {
        (toward == Toward::Past).then(|| Sample::good(Value::Double(1.0), at))
    }

    fn is_writable(&self, slot: Slot) -> bool {
        slot != Slot(1)
    }

    fn write(&self, _: Slot, _: Value, _: Ticks) -> Result<(), StatusCode> {
        Ok(())
    }

    fn call(&self, _: Slot, _: &[Variant], _: Ticks) -> Result<Vec<Variant>, StatusCode> {
        Ok(Vec::new())
    }
}

fn at(name: &str) -> NodeId {
    NodeId::new(1, name)
}

fn build(space: &mut AddressSpace) {
    let spec = |name: &str| NodeSpec { id: at(name), name: name.to_owned(), description: None };
    let objects = ObjectId::ObjectsFolder.into();
    let variable = |slot| VariableSpec {
        data_type: DataTypeId::Double,
        slot: Slot(slot),
        minimum_sampling: 0.0,
        kind: VariableKind::Plain,
    };
    let write = NodeRules::observed().allow(Role::Operator, Permissions::WRITE);
    let hidden = NodeRules::nobody().allow(Role::Engineer, Permissions::BROWSE.and(Permissions::READ));
    let encrypted = Restrictions { encryption: true, ..Restrictions::default() };
    for (slot, name, rules) in [
        (1, "Measured", NodeRules::observed()),
        (2, "Setpoint", write.clone().allow(Role::Engineer, Permissions::WRITE)),
        (
            3,
            "Limit",
            NodeRules::observed()
                .allow(Role::Engineer, Permissions::WRITE.and(Permissions::WRITE_ATTRIBUTE))
                .with_description_to_write(),
        ),
        (4, "Hidden", hidden),
        (5, "Command", write.clone().write_only()),
        (1, "Fixed", write.clone()),
        (6, "Encrypted", write.clone().restrict(encrypted)),
        (7, "Veiled", write.restrict(Restrictions { apply_to_browse: true, ..encrypted })),
        (8, "Nobody", NodeRules::nobody()),
    ] {
        space.add_variable(&objects, spec(name), variable(slot)).unwrap();
        space.set_rules(&at(name), rules).unwrap();
    }
    space.add_object(&objects, spec("Machine")).unwrap();
    let callers = |rules: NodeRules| {
        [Role::Operator, Role::Supervisor]
            .into_iter()
            .fold(rules, |rules, role| rules.allow(role, Permissions::CALL))
    };
    space.set_rules(&at("Machine"), callers(NodeRules::observed())).unwrap();
    let method = MethodSpec { slot: Slot(9), inputs: vec![], outputs: vec![] };
    space.add_method(&at("Machine"), spec("Start"), method).unwrap();
    let rules = NodeRules::observed().allow(Role::Operator, Permissions::CALL);
    space.set_rules(&at("Start"), rules).unwrap();
    space.add_event_type(spec("EventType"), &[]).unwrap();
}

fn target() -> Target {
    Target::built(|_| {}, build, Arc::new(Plant))
}

fn short(status: StatusCode) -> &'static str {
    match status {
        StatusCode::Good => "yes",
        StatusCode::BadUserAccessDenied => "denied",
        StatusCode::BadNodeIdUnknown => "unknown",
        StatusCode::BadNoMatch => "nomatch",
        StatusCode::BadSecurityModeInsufficient => "weak",
        StatusCode::BadNotReadable => "unread",
        StatusCode::BadNotWritable => "unwrit",
        StatusCode::BadMethodInvalid => "nometh",
        other => panic!("{other}"),
    }
}

/// What somebody with one role gets of a variable: one word for each service.
fn variable_row(target: &Target, name: &str) -> String {
    let node = at(name);
    let objects: NodeId = ObjectId::ObjectsFolder.into();
    let listed = browse(target, &objects).unwrap().contains(&node);
    let browsed = browse(target, &node).map_or_else(short, |_| "yes");
    let mut row = format!("{:<5} {browsed:<7}", if listed { "shown" } else { "-" });
    for status in [
        translate_status(target, &objects, name),
        read_status(target, &node, 13),
        write_status(target, &node, 13, value(2.0)),
        history_status(target, &node),
        watch_status(target, &node),
        read_status(target, &node, 24),
        write_status(target, &node, 5, value(LocalizedText::new("", "new"))),
    ] {
        write!(row, " {:<7}", short(status)).unwrap();
    }
    row.trim_end().to_owned()
}

fn variables(roles: &[Role], names: &[&str], mode: MessageSecurityMode) -> String {
    let mut table = String::new();
    for role in roles {
        let mut target = target();
        target.peer.mode = mode;
        for name in names {
            // each with a session of its own rights; Anonymous is what everybody is
            target.activate([*role]);
            writeln!(table, "{:<18} {name:<9} {}", role.name(), variable_row(&target, name)).unwrap();
        }
    }
    table
}

fn same(found: &str, expected: &str) {
    let (found, expected): (Vec<_>, Vec<_>) =
        (found.lines().collect(), expected.trim_start_matches('\n').lines().collect());
    assert_eq!(found, expected, "found:\n{}", found.join("\n"));
}

#[test]
fn each_role_gets_of_each_variable_what_the_rules_give_it_and_no_more() {
    let names = ["Measured", "Setpoint", "Limit", "Hidden", "Command", "Fixed", "Nobody"];
    //                             browse, translate, read, write, history, watch, read RolePermissions, write Description
    same(&variables(&Role::ALL, &names, SignAndEncrypt), VARIABLES);
}

const VARIABLES: &str = "
Anonymous          Measured  -     unknown nomatch unknown unknown unknown unknown unknown unknown
Anonymous          Setpoint  -     unknown nomatch unknown unknown unknown unknown unknown unknown
Anonymous          Limit     -     unknown nomatch unknown unknown unknown unknown unknown unknown
Anonymous          Hidden    -     unknown nomatch unknown unknown unknown unknown unknown unknown
Anonymous          Command   -     unknown nomatch unknown unknown unknown unknown unknown unknown
Anonymous          Fixed     -     unknown nomatch unknown unknown unknown unknown unknown unknown
Anonymous          Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown
AuthenticatedUser  Measured  shown yes     yes     denied  denied  denied  denied  denied  denied
AuthenticatedUser  Setpoint  shown yes     yes     denied  denied  denied  denied  denied  denied
AuthenticatedUser  Limit     shown yes     yes     denied  denied  denied  denied  denied  denied
AuthenticatedUser  Hidden    -     unknown nomatch unknown unknown unknown unknown unknown unknown
AuthenticatedUser  Command   shown yes     yes     denied  denied  denied  denied  denied  denied
AuthenticatedUser  Fixed     shown yes     yes     denied  denied  denied  denied  denied  denied
AuthenticatedUser  Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown
TrustedApplication Measured  -     unknown nomatch unknown unknown unknown unknown unknown unknown
TrustedApplication Setpoint  -     unknown nomatch unknown unknown unknown unknown unknown unknown
TrustedApplication Limit     -     unknown nomatch unknown unknown unknown unknown unknown unknown
TrustedApplication Hidden    -     unknown nomatch unknown unknown unknown unknown unknown unknown
TrustedApplication Command   -     unknown nomatch unknown unknown unknown unknown unknown unknown
TrustedApplication Fixed     -     unknown nomatch unknown unknown unknown unknown unknown unknown
TrustedApplication Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown
Observer           Measured  shown yes     yes     yes     denied  yes     yes     denied  denied
Observer           Setpoint  shown yes     yes     yes     denied  yes     yes     denied  denied
Observer           Limit     shown yes     yes     yes     denied  yes     yes     denied  denied
Observer           Hidden    -     unknown nomatch unknown unknown unknown unknown unknown unknown
Observer           Command   shown yes     yes     unread  denied  unread  unread  denied  denied
Observer           Fixed     shown yes     yes     yes     denied  yes     yes     denied  denied
Observer           Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown
Operator           Measured  shown yes     yes     yes     denied  yes     yes     denied  denied
Operator           Setpoint  shown yes     yes     yes     yes     yes     yes     denied  denied
Operator           Limit     shown yes     yes     yes     denied  yes     yes     denied  denied
Operator           Hidden    -     unknown nomatch unknown unknown unknown unknown unknown unknown
Operator           Command   shown yes     yes     unread  yes     unread  unread  denied  denied
Operator           Fixed     shown yes     yes     yes     unwrit  yes     yes     denied  denied
Operator           Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown
Engineer           Measured  shown yes     yes     yes     denied  yes     yes     yes     denied
Engineer           Setpoint  shown yes     yes     yes     yes     yes     yes     yes     denied
Engineer           Limit     shown yes     yes     yes     yes     yes     yes     yes     yes
Engineer           Hidden    shown yes     yes     yes     denied  denied  yes     denied  denied
Engineer           Command   shown yes     yes     unread  denied  unread  unread  yes     denied
Engineer           Fixed     shown yes     yes     yes     denied  yes     yes     yes     denied
Engineer           Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown
Supervisor         Measured  shown yes     yes     yes     denied  yes     yes     denied  denied
Supervisor         Setpoint  shown yes     yes     yes     denied  yes     yes     denied  denied
Supervisor         Limit     shown yes     yes     yes     denied  yes     yes     denied  denied
Supervisor         Hidden    -     unknown nomatch unknown unknown unknown unknown unknown unknown
Supervisor         Command   shown yes     yes     unread  denied  unread  unread  denied  denied
Supervisor         Fixed     shown yes     yes     yes     denied  yes     yes     denied  denied
Supervisor         Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown
ConfigureAdmin     Measured  shown yes     yes     denied  denied  denied  denied  denied  denied
ConfigureAdmin     Setpoint  shown yes     yes     denied  denied  denied  denied  denied  denied
ConfigureAdmin     Limit     shown yes     yes     denied  denied  denied  denied  denied  denied
ConfigureAdmin     Hidden    -     unknown nomatch unknown unknown unknown unknown unknown unknown
ConfigureAdmin     Command   shown yes     yes     denied  denied  denied  denied  denied  denied
ConfigureAdmin     Fixed     shown yes     yes     denied  denied  denied  denied  denied  denied
ConfigureAdmin     Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown
SecurityAdmin      Measured  shown yes     yes     denied  denied  denied  denied  yes     denied
SecurityAdmin      Setpoint  shown yes     yes     denied  denied  denied  denied  yes     denied
SecurityAdmin      Limit     shown yes     yes     denied  denied  denied  denied  yes     denied
SecurityAdmin      Hidden    -     unknown nomatch unknown unknown unknown unknown unknown unknown
SecurityAdmin      Command   shown yes     yes     denied  denied  denied  denied  yes     denied
SecurityAdmin      Fixed     shown yes     yes     denied  denied  denied  denied  yes     denied
SecurityAdmin      Nobody    -     unknown nomatch unknown unknown unknown unknown unknown unknown";

#[test]
fn a_node_that_asks_for_encryption_is_shut_over_a_channel_that_is_signed_only_and_may_be_veiled_there() {
    let roles = [Role::Anonymous, Role::AuthenticatedUser, Role::Operator];
    let names = ["Encrypted", "Veiled"];
    same(&variables(&roles, &names, SignAndEncrypt), ENCRYPTED);
    same(&variables(&roles, &names, Sign), SIGNED);
    same(&variables(&roles, &names, MessageSecurityMode::None), SIGNED);
}

const ENCRYPTED: &str = "
Anonymous          Encrypted -     unknown nomatch unknown unknown unknown unknown unknown unknown
Anonymous          Veiled    -     unknown nomatch unknown unknown unknown unknown unknown unknown
AuthenticatedUser  Encrypted shown yes     yes     denied  denied  denied  denied  denied  denied
AuthenticatedUser  Veiled    shown yes     yes     denied  denied  denied  denied  denied  denied
Operator           Encrypted shown yes     yes     yes     yes     yes     yes     denied  denied
Operator           Veiled    shown yes     yes     yes     yes     yes     yes     denied  denied";
const SIGNED: &str = "
Anonymous          Encrypted -     unknown nomatch unknown unknown unknown unknown unknown unknown
Anonymous          Veiled    -     unknown nomatch unknown unknown unknown unknown unknown unknown
AuthenticatedUser  Encrypted shown yes     yes     weak    weak    weak    weak    weak    weak
AuthenticatedUser  Veiled    -     weak    nomatch weak    weak    weak    weak    weak    weak
Operator           Encrypted shown yes     yes     weak    weak    weak    weak    weak    weak
Operator           Veiled    -     weak    nomatch weak    weak    weak    weak    weak    weak";

#[test]
fn a_method_is_called_by_who_may_call_both_it_and_its_object() {
    let mut table = String::new();
    for role in Role::ALL {
        let target = target();
        target.activate([role]);
        let (machine, start) = (at("Machine"), at("Start"));
        let listed = browse(&target, &machine)
            .map_or_else(short, |nodes| if nodes.contains(&start) { "shown" } else { "-" });
        let call = short(call_status(&target, &machine, &start));
        let executable = read(&target, &start, 22).value;
        let stray = short(call_status(&target, &ObjectId::ObjectsFolder.into(), &start));
        writeln!(table, "{:<18} {listed:<7} {call:<7} {executable:?} {stray}", role.name()).unwrap();
    }
    same(&table, METHODS);
}

const METHODS: &str = "
Anonymous          unknown unknown None nometh
AuthenticatedUser  shown   denied  Some(Boolean(false)) nometh
TrustedApplication unknown unknown None nometh
Observer           shown   denied  Some(Boolean(false)) nometh
Operator           shown   yes     Some(Boolean(true)) nometh
Engineer           shown   denied  Some(Boolean(false)) nometh
Supervisor         shown   denied  Some(Boolean(false)) nometh
ConfigureAdmin     shown   denied  Some(Boolean(false)) nometh
SecurityAdmin      shown   denied  Some(Boolean(false)) nometh";

#[test]
fn types_and_standard_nodes_are_for_everybody_and_those_of_the_application_follow_its_rules() {
    let mut table = String::new();
    for role in Role::ALL {
        let target = target();
        target.activate([role]);
        let nodes = [
            NodeId::new(0, 2253),
            NodeId::new(0, 2256),
            NodeId::new(0, 58),
            NodeId::new(0, 63),
            NodeId::new(0, 11),
            NodeId::new(0, 47),
            at("EventType"),
            at("Machine"),
        ];
        let words = nodes.map(|node| {
            let status = browse(&target, &node).map_or_else(short, |_| "yes");
            assert_eq!(short(read_status(&target, &node, 2)), status, "the node class of {node}");
            status
        });
        writeln!(table, "{:<18} {}", role.name(), words.join(" ")).unwrap();
    }
    same(&table, CLASSES);
}

const CLASSES: &str = "
Anonymous          yes yes yes yes yes yes unknown unknown
AuthenticatedUser  yes yes yes yes yes yes yes yes
TrustedApplication yes yes yes yes yes yes unknown unknown
Observer           yes yes yes yes yes yes yes yes
Operator           yes yes yes yes yes yes yes yes
Engineer           yes yes yes yes yes yes yes yes
Supervisor         yes yes yes yes yes yes yes yes
ConfigureAdmin     yes yes yes yes yes yes yes yes
SecurityAdmin      yes yes yes yes yes yes yes yes";

#[test]
fn what_a_value_must_be_to_be_written() {
    let target = target();
    target.activate([Role::Operator]);
    let status = |given| write_status(&target, &at("Setpoint"), 13, given);
    assert_eq!(status(value(2.0)), StatusCode::Good);
    assert_eq!(status(value(2.0_f32)), StatusCode::BadTypeMismatch);
    assert_eq!(status(value("2")), StatusCode::BadTypeMismatch);
    assert_eq!(status(value(vec![2.0, 3.0])), StatusCode::BadTypeMismatch);
    assert_eq!(status(DataValue::default()), StatusCode::BadTypeMismatch);
    // AZ-05: no status and no time
    assert_eq!(status(DataValue { status: Some(StatusCode::Good), ..value(2.0) }), StatusCode::Good);
    let doubtful = DataValue { status: Some(StatusCode::UncertainInitialValue), ..value(2.0) };
    assert_eq!(status(doubtful), StatusCode::BadWriteNotSupported);
    let dated = DataValue { source_timestamp: Some(DateTime::from(1_000_000)), ..value(2.0) };
    assert_eq!(status(dated), StatusCode::BadWriteNotSupported);
    assert_eq!(write_status(&target, &at("Setpoint"), 99, value(2.0)), StatusCode::BadAttributeIdInvalid);
}

#[test]
fn the_attributes_say_what_somebody_may_do_before_it_is_tried() {
    let number = |target: &Target, name: &str, attribute| match read(target, &at(name), attribute).value {
        Some(Variant::Byte(bits)) => u32::from(bits),
        Some(Variant::UInt32(bits)) => bits,
        Some(Variant::UInt16(bits)) => bits.into(),
        other => panic!("{other:?}"),
    };
    let mut target = target();
    target.activate([Role::Observer]);
    assert_eq!((number(&target, "Setpoint", 17), number(&target, "Setpoint", 18)), (7, 5));
    assert_eq!((number(&target, "Limit", 6), number(&target, "Limit", 7)), (32, 0));
    target.activate([Role::Engineer]);
    assert_eq!((number(&target, "Setpoint", 17), number(&target, "Setpoint", 18)), (7, 7));
    assert_eq!((number(&target, "Limit", 6), number(&target, "Limit", 7)), (32, 32));
    assert_eq!((number(&target, "Command", 17), number(&target, "Command", 18)), (2, 0));
    target.activate([Role::Operator]);
    assert_eq!((number(&target, "Command", 17), number(&target, "Command", 18)), (2, 2));
    assert_eq!((number(&target, "Encrypted", 18), number(&target, "Encrypted", 26)), (7, 2));
    target.peer.mode = Sign;
    target.activate([Role::Operator]);
    assert_eq!(number(&target, "Encrypted", 26), 2, "whoever may not use it is told what it takes");
    assert_eq!(read_status(&target, &at("Encrypted"), 18), StatusCode::BadSecurityModeInsufficient);
}

#[test]
fn whoever_sees_the_rules_sees_all_of_them_and_everybody_else_only_those_of_the_own_roles() {
    let rows = |target: &Target, attribute| match read(target, &at("Hidden"), attribute).value {
        Some(Variant::Array(rows)) => rows.values.len(),
        other => panic!("{other:?}"),
    };
    let target = target();
    target.activate([Role::Engineer]);
    assert_eq!(rows(&target, 25), 1);
    assert_eq!(read_status(&target, &at("Hidden"), 24), StatusCode::BadUserAccessDenied);
    target.activate([Role::SecurityAdmin]);
    let Some(Variant::Array(all)) = read(&target, &at("Measured"), 24).value else { panic!("no rules") };
    let Some(Variant::Array(own)) = read(&target, &at("Measured"), 25).value else { panic!("no rules") };
    assert_eq!((all.values.len(), own.values.len()), (7, 1));
}
