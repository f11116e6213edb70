//! What is audited, who sees it, and what is in no entry.

use std::sync::{Arc, Mutex};

use opcua_types::{CloseSessionRequest, StatusCode, Variant, WriteRequest, WriteValue};
use ua_channel::MessageSecurityMode::{Sign, SignAndEncrypt};

use super::{
    logins::{activate, named},
    test_target::{FIRST_NONCE, Target, encode, header, variable},
};
use crate::{AuditRecord, AuditSink, Role, events::Event, subscription::EventSampler, values::Ticks};

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<AuditRecord>>);

impl AuditSink for Kept {
    fn keep(&self, record: &AuditRecord) {
        self.0.lock().unwrap().push(record.clone());
    }
}

fn audited() -> (Target, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let sink: Arc<dyn AuditSink> = Arc::<Kept>::clone(&kept);
    (Target::configured(|config| config.audit = Some(sink)), kept)
}

fn write(target: &Target) {
    let item = WriteValue {
        node_id: variable(),
        attribute_id: 13,
        value: Variant::Double(7.0).into(),
        ..WriteValue::default()
    };
    target.ask(&encode(&WriteRequest { request_header: header(), nodes_to_write: Some(vec![item]) }));
}

/// Each kind of entry once: a wrong password, a right one, a write that is denied, the end.
fn visit(target: &Target) {
    assert!(activate(target, &named("reader", "geheim-falsch", &FIRST_NONCE)).is_err());
    activate(target, &named("reader", "lesen", &FIRST_NONCE)).unwrap();
    write(target);
    target.ask(&encode(&CloseSessionRequest { request_header: header(), delete_subscriptions: true }));
}

fn events(target: &Target) -> Vec<Event> {
    let mut events = Vec::new();
    target.core.events(0, Ticks::MAX, &mut |event| events.push(event.clone()));
    events
}

#[test]
fn logins_writes_and_the_end_of_a_session_are_entries_with_who_and_whether_it_was_done() {
    let (target, kept) = audited();
    visit(&target);
    let kept = kept.0.lock().unwrap();
    let seen: Vec<_> =
        kept.iter().map(|record| (record.event, record.is_done, record.user.as_deref())).collect();
    let reader = Some("reader");
    assert_eq!(
        seen,
        [
            ("AuditActivateSessionEventType", false, reader),
            ("AuditActivateSessionEventType", true, reader),
            ("AuditWriteUpdateEventType", false, reader),
            ("AuditSessionEventType", true, reader),
        ]
    );
    assert_eq!(kept[2].status, StatusCode::BadUserAccessDenied.bits());
    assert!(kept.iter().all(|record| record.session == Some(1) && record.application.is_some()));
    let events = events(&target);
    assert_eq!(events.len(), kept.len());
    let field = |event: &Event, name: &str| event.field(&opcua_types::QualifiedName::new(0, name), 0);
    assert_eq!(field(&events[0], "Status"), Some(Variant::Boolean(false)));
    assert_eq!(field(&events[2], "NewValue"), Some(Variant::Empty), "what was refused is not kept");
    assert_eq!(field(&events[2], "ClientUserId"), Some(Variant::String("reader".into())));
}

#[test]
fn no_entry_holds_a_password_encrypted_or_not() {
    let (target, kept) = audited();
    visit(&target);
    let everything = format!("{:?} {:?}", kept.0.lock().unwrap(), events(&target));
    for secret in ["lesen", "geheim-falsch"] {
        assert!(!everything.contains(secret));
        let bytes = secret.as_bytes().iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        assert!(!everything.contains(&bytes));
    }
    let token = |event: &Event| event.field(&opcua_types::QualifiedName::new(0, "UserIdentityToken"), 0);
    let tokens: Vec<_> = events(&target).iter().filter_map(token).collect();
    assert_eq!(tokens.len(), 2);
    for token in tokens {
        let Variant::ExtensionObject(token) = token else { panic!("{token:?}") };
        let token = token.inner_as::<opcua_types::UserNameIdentityToken>().unwrap().clone();
        assert!(token.password.is_null() && token.user_name == "reader");
    }
}

#[test]
fn audit_events_are_for_a_security_admin_over_an_encrypted_channel_and_for_nobody_else() {
    let (mut target, _) = audited();
    visit(&target);
    let events = events(&target);
    for role in Role::ALL {
        for mode in [Sign, SignAndEncrypt] {
            target.peer.mode = mode;
            let grant = target.grant([role]);
            let may = role == Role::SecurityAdmin && mode == SignAndEncrypt;
            assert!(
                events.iter().all(|event| target.core.may_receive(grant, event) == may),
                "{role:?} {mode:?}"
            );
        }
    }
    let other = Event::model_change(1);
    assert!(
        target.core.may_receive(target.grant([]), &other),
        "what is no audit event is for whoever sees its source"
    );
}
