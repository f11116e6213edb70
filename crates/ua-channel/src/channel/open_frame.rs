//! Making and reading a whole OPN message, secured or not.

use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy};
use zeroize::Zeroizing;

use super::conversation::Conversation;
use crate::Error;
use crate::security::policy::PolicyRow;
use crate::security::symmetric::Protection;
use crate::security::{MessageSecurityMode, asymmetric};
use crate::wire::chunk::{self, AsymmetricHeader};
use crate::wire::frame::set_size;
use crate::wire::writer::Write;

/// The two ends of a secured OPN.
pub(crate) struct Ends<'a> {
    pub(crate) policy: SecurityPolicy,
    pub(crate) row: PolicyRow,
    pub(crate) own: &'a ApplicationIdentity,
    pub(crate) peer: &'a Certificate,
}

impl Conversation {
    /// Makes an OPN message and queues it. `ends` is `None` with policy None.
    pub(crate) fn send_open(
        &mut self,
        ends: Option<&Ends<'_>>,
        request_id: u32,
        write_body: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Error> {
        let (mut frame, header_len) = match ends {
            None => chunk::asymmetric(self.channel_id, SecurityPolicy::None, None, None),
            Some(ends) => chunk::asymmetric(
                self.channel_id,
                ends.policy,
                Some(&ends.own.chain_der()),
                Some(ends.peer.thumbprint().as_bytes()),
            ),
        };
        frame.put_u32(self.send_sequence.next());
        frame.put_u32(request_id);
        write_body(&mut frame);
        let frame = match ends {
            None => {
                let len = frame.len();
                set_size(&mut frame, len);
                frame
            }
            Some(ends) => {
                asymmetric::seal(ends.row, ends.own.key(), ends.peer.public_key(), frame, header_len)?
            }
        };
        let limit = usize::try_from(self.peer.chunk).unwrap_or(usize::MAX);
        if frame.len() > limit {
            return Err(Error::OutgoingLimit { needed: frame.len(), limit, unit: "bytes" });
        }
        self.transmit(frame);
        Ok(())
    }

    /// Opens an OPN message whose header was checked by the role; returns request id and body.
    pub(crate) fn open_open(
        &mut self,
        ends: Option<&Ends<'_>>,
        frame: &[u8],
        header: &AsymmetricHeader<'_>,
    ) -> Result<(u32, Zeroizing<Vec<u8>>), Error> {
        let opened = match ends {
            None => Zeroizing::new(frame.get(header.len..).unwrap_or_default().to_vec()),
            Some(ends) => asymmetric::open(ends.row, ends.own.key(), ends.peer, frame, header.len)?,
        };
        let (sequence, request_id, body) = chunk::sequence_header(&opened)?;
        self.receive_sequence.accept(sequence)?;
        Ok((request_id, Zeroizing::new(body.to_vec())))
    }
}

/// Keys of both directions: what we send with, what we receive with.
pub(crate) fn derive(
    row: Option<PolicyRow>,
    mode: MessageSecurityMode,
    own_nonce: &[u8],
    peer_nonce: &[u8],
) -> Result<(Protection, Protection), Error> {
    let Some(row) = row else { return Ok((Protection::None, Protection::None)) };
    Ok((
        Protection::derive(row, mode, peer_nonce, own_nonce)?,
        Protection::derive(row, mode, own_nonce, peer_nonce)?,
    ))
}
