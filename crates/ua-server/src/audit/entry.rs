//! One entry, as it is put together.

use jiff::Timestamp;
use opcua_types::{
    ByteString, DateTime, NodeId, ObjectId, ObjectTypeId, QualifiedName, StatusCode, UAString, Variant,
};
use ua_channel::MessageSecurityMode;
use ua_pki::{Certificate, CertificateStatus};

use super::{AuditRecord, short, small};
use crate::{clock::timestamp, core::Peer, events::Event, values::Ticks};

/// An entry that is not dated yet.
#[derive(Debug)]
pub(crate) struct Entry {
    kind: ObjectTypeId,
    source: &'static str,
    pub(super) record: AuditRecord,
    fields: Vec<(&'static str, Variant)>,
}

impl Entry {
    pub(crate) fn new(
        kind: ObjectTypeId,
        source: &'static str,
        status: StatusCode,
        message: impl Into<String>,
    ) -> Self {
        let record = AuditRecord {
            time: Timestamp::UNIX_EPOCH,
            event: name(kind),
            is_done: status.is_good(),
            status: status.bits(),
            message: message.into(),
            address: None,
            channel: None,
            session: None,
            user: None,
            application: None,
            thumbprint: None,
            details: Vec::new(),
        };
        let fields = vec![("StatusCodeId", Variant::StatusCode(status))];
        Self { kind, source, record, fields }
    }

    /// By this client, over this channel.
    pub(crate) fn by(mut self, peer: &Peer) -> Self {
        self.record.address = Some(peer.address);
        self.record.channel = Some(peer.channel);
        let id = Variant::String(peer.channel.to_string().into());
        self.fields.push(("SecureChannelId", id));
        match &peer.certificate {
            Some(certificate) => self.with(certificate),
            None => self,
        }
    }

    /// About a client with this certificate.
    pub(crate) fn with(mut self, certificate: &Certificate) -> Self {
        self.record.application = certificate.application_uri().map(short);
        let thumbprint = certificate.thumbprint().to_string();
        self.fields
            .push(("ClientCertificate", small(Variant::ByteString(certificate.der().to_vec().into()))));
        self.fields.push(("ClientCertificateThumbprint", Variant::String(thumbprint.as_str().into())));
        self.record.thumbprint = Some(thumbprint);
        self
    }

    pub(crate) fn session(mut self, session: u32, id: NodeId) -> Self {
        self.record.session = Some(session);
        self.fields.push(("SessionId", Variant::from(id)));
        self
    }

    pub(crate) fn user(mut self, user: Option<&str>) -> Self {
        self.record.user = Some(short(user.unwrap_or("anonymous")));
        self
    }

    /// A field of the event that is not in the record.
    pub(crate) fn field(mut self, name: &'static str, value: impl Into<Variant>) -> Self {
        self.fields.push((name, small(value.into())));
        self
    }

    /// A field of the event, and in the record as text.
    pub(crate) fn detail(mut self, name: &'static str, value: impl Into<Variant>) -> Self {
        let value = small(value.into());
        self.record.details.push((name, short(&value.to_string())));
        self.fields.push((name, value));
        self
    }

    /// Only in the record.
    pub(crate) fn note(mut self, name: &'static str, text: &str) -> Self {
        self.record.details.push((name, short(text)));
        self
    }

    pub(crate) fn protection(self, policy: &'static str, mode: MessageSecurityMode) -> Self {
        let (number, word) = match mode {
            MessageSecurityMode::None => (1, "None"),
            MessageSecurityMode::Sign => (2, "Sign"),
            MessageSecurityMode::SignAndEncrypt => (3, "SignAndEncrypt"),
        };
        self.detail("SecurityPolicyUri", UAString::from(policy))
            .field("SecurityMode", Variant::Int32(number))
            .note("SecurityMode", word)
    }

    /// By whom the client says it was done, in its own books.
    pub(crate) fn told_by_client(self, audit_entry_id: &UAString) -> Self {
        match audit_entry_id.is_empty() {
            true => self,
            false => self.detail("ClientAuditEntryId", UAString::from(short(audit_entry_id.as_ref()))),
        }
    }

    /// The event and the record, at an instant.
    pub(super) fn at(mut self, time: Ticks, number: u64, server: &str) -> (Event, AuditRecord) {
        self.record.time = timestamp(time);
        let user = self.record.user.clone().or_else(|| self.record.application.clone());
        let mut more = vec![
            ("ActionTimeStamp", Variant::from(DateTime::from(time))),
            ("Status", Variant::Boolean(self.record.is_done)),
            ("ServerId", Variant::String(server.into())),
        ];
        more.extend(user.map(|user| ("ClientUserId", Variant::String(user.into()))));
        more.append(&mut self.fields);
        let event = Event {
            id: [&b"audit"[..], &number.to_le_bytes()].concat(),
            event_type: self.kind.into(),
            source: ObjectId::Server.into(),
            source_name: self.source.into(),
            time,
            message: self.record.message.clone(),
            severity: if self.record.is_done { 100 } else { 600 },
            more: more.into_iter().map(|(name, value)| (QualifiedName::new(0, name), value)).collect(),
        };
        (event, self.record)
    }
}

/// A certificate that was not let in, and why.
pub(crate) fn certificate_refused(leaf: &Certificate, status: CertificateStatus) -> Entry {
    use CertificateStatus as S;
    let kind = match status {
        S::TimeInvalid | S::IssuerTimeInvalid => ObjectTypeId::AuditCertificateExpiredEventType,
        S::Revoked | S::IssuerRevoked => ObjectTypeId::AuditCertificateRevokedEventType,
        S::Untrusted => ObjectTypeId::AuditCertificateUntrustedEventType,
        S::HostNameInvalid | S::UriInvalid => ObjectTypeId::AuditCertificateDataMismatchEventType,
        S::UseNotAllowed | S::IssuerUseNotAllowed => ObjectTypeId::AuditCertificateMismatchEventType,
        _ => ObjectTypeId::AuditCertificateInvalidEventType,
    };
    let message = format!("certificate refused: {}", status.name());
    Entry::new(kind, "Security/Certificate", StatusCode::BadSecurityChecksFailed, message)
        .field("Certificate", ByteString::from(leaf.der().to_vec()))
        .note("Subject", leaf.subject())
        .note("Finding", status.name())
        .with(leaf)
}

/// The browse name of an audit event type.
fn name(kind: ObjectTypeId) -> &'static str {
    crate::address_space::audit_type_name(kind).unwrap_or("AuditEventType")
}

#[cfg(test)]
impl Entry {
    pub(crate) fn test(message: &str) -> Self {
        Self::new(ObjectTypeId::AuditSecurityEventType, "test", StatusCode::Good, message)
    }
}
