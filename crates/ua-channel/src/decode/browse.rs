//! Browse and BrowseNext responses (Part 4 §5.9.2, §5.9.3).

use super::header::ResponseHeader;
use super::{DecodeError, Reader};

/// A node id in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeIdRef<'a> {
    /// Index of its namespace.
    pub namespace: u16,
    /// What names it there.
    pub identifier: IdentifierRef<'a>,
}

/// An identifier in one of its four forms. Null counts as empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierRef<'a> {
    /// A number.
    Numeric(u32),
    /// Text.
    String(&'a str),
    /// A GUID in the order of the wire.
    Guid([u8; 16]),
    /// Bytes.
    Opaque(&'a [u8]),
}

/// A node id that may say its namespace by URI, or be on another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpandedNodeIdRef<'a> {
    /// The id.
    pub node_id: NodeIdRef<'a>,
    /// URI of its namespace in place of the index; mostly absent.
    pub namespace_uri: Option<&'a str>,
    /// Index of its server; 0 is the one that answers.
    pub server_index: u32,
}

/// One reference, its texts in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceRef<'a> {
    /// Its type.
    pub reference_type: NodeIdRef<'a>,
    /// From the node that was asked about to the target, or the other way round.
    pub is_forward: bool,
    /// The target.
    pub node_id: ExpandedNodeIdRef<'a>,
    /// Browse name of the target: namespace index and name.
    pub browse_name: (u16, Option<&'a str>),
    /// Display name of the target: locale and text.
    pub display_name: (Option<&'a str>, Option<&'a str>),
    /// Node class of the target as its number (Part 3 §8.29); 0 when the server does not say.
    pub node_class: i32,
    /// Type of the target, when it is an object or a variable; else the null id.
    pub type_definition: ExpandedNodeIdRef<'a>,
}

/// What a node's result says before its references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowsedRef<'a> {
    /// Status of the node.
    pub status: u32,
    /// There is more: what to ask for the rest with. Empty counts as absent.
    pub continuation_point: Option<&'a [u8]>,
    /// Number of references that follow.
    pub references: usize,
}

/// Receives what a browse response carries, in the order of the response.
pub trait BrowseVisitor {
    /// The result of the node at this place of the request begins.
    fn begin_node(&mut self, node: usize, browsed: &BrowsedRef<'_>);
    /// One reference of the node that has begun.
    fn reference(&mut self, reference: &ReferenceRef<'_>);
}

/// Looks at nothing: to see whether a response can be read.
impl BrowseVisitor for () {
    fn begin_node(&mut self, _: usize, _: &BrowsedRef<'_>) {}
    fn reference(&mut self, _: &ReferenceRef<'_>) {}
}

/// What a browse response says besides its results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BrowseSummary {
    /// Handle that the request carried.
    pub request_handle: u32,
    /// Service result of the response header; when bad, no result is there.
    pub service_result: u32,
    /// Number of results. A server that keeps to the standard sends one for each node asked about.
    pub results: usize,
}

/// Walks the answer to a Browse. `body` starts at the type `NodeId` (i=530).
///
/// What was handed over before an error stays handed over.
///
/// # Errors
/// [`DecodeError::ServiceFault`] for a `ServiceFault` (i=397); any other [`DecodeError`] for bytes that are not a browse
/// response.
pub fn walk_browse_response<V: BrowseVisitor>(
    body: &[u8],
    visitor: &mut V,
) -> Result<BrowseSummary, DecodeError> {
    walk(body, BROWSE_RESPONSE, visitor)
}

/// Walks the answer to a BrowseNext. `body` starts at the type `NodeId` (i=536).
///
/// # Errors
/// As [`walk_browse_response`].
pub fn walk_browse_next_response<V: BrowseVisitor>(
    body: &[u8],
    visitor: &mut V,
) -> Result<BrowseSummary, DecodeError> {
    walk(body, BROWSE_NEXT_RESPONSE, visitor)
}

fn walk<V: BrowseVisitor>(body: &[u8], expected: u32, visitor: &mut V) -> Result<BrowseSummary, DecodeError> {
    let mut reader = Reader::new(body);
    let header = reader.response_of(expected)?;
    let ResponseHeader { request_handle, service_result } = header;
    let mut summary = BrowseSummary { request_handle, service_result, results: 0 };
    if header.is_bad() {
        return Ok(summary);
    }
    // status, continuation point, references
    summary.results = reader.array_length(12)?;
    for node in 0..summary.results {
        let status = reader.u32()?;
        let continuation_point = reader.byte_string()?.filter(|point| !point.is_empty());
        let references = reader.array_length(SMALLEST_REFERENCE)?;
        visitor.begin_node(node, &BrowsedRef { status, continuation_point, references });
        for _ in 0..references {
            visitor.reference(&reader.reference()?);
        }
    }
    reader.skip_diagnostic_infos()?;
    reader.finished()?;
    Ok(summary)
}

impl<'a> Reader<'a> {
    #[inline]
    fn reference(&mut self) -> Result<ReferenceRef<'a>, DecodeError> {
        Ok(ReferenceRef {
            reference_type: self.node_id()?,
            is_forward: self.bool()?,
            node_id: self.expanded_node_id()?,
            browse_name: (self.u16()?, self.string()?),
            display_name: self.localized_text()?,
            node_class: self.i32()?,
            type_definition: self.expanded_node_id()?,
        })
    }

    #[inline]
    fn node_id(&mut self) -> Result<NodeIdRef<'a>, DecodeError> {
        let encoding = self.u8()?;
        self.node_id_body(encoding)
    }

    #[inline]
    fn expanded_node_id(&mut self) -> Result<ExpandedNodeIdRef<'a>, DecodeError> {
        let encoding = self.u8()?;
        let node_id = self.node_id_body(encoding & 0x3F)?;
        let namespace_uri = if encoding & 0x80 != 0 { self.string()? } else { None };
        let server_index = if encoding & 0x40 != 0 { self.u32()? } else { 0 };
        Ok(ExpandedNodeIdRef { node_id, namespace_uri, server_index })
    }

    #[inline]
    fn node_id_body(&mut self, encoding: u8) -> Result<NodeIdRef<'a>, DecodeError> {
        let (namespace, identifier) = match encoding {
            0 => (0, IdentifierRef::Numeric(u32::from(self.u8()?))),
            1 => (u16::from(self.u8()?), IdentifierRef::Numeric(u32::from(self.u16()?))),
            2 => (self.u16()?, IdentifierRef::Numeric(self.u32()?)),
            3 => (self.u16()?, IdentifierRef::String(self.string()?.unwrap_or_default())),
            4 => (self.u16()?, IdentifierRef::Guid(self.chunk()?)),
            5 => (self.u16()?, IdentifierRef::Opaque(self.byte_string()?.unwrap_or_default())),
            other => return Err(DecodeError::Encoding(other)),
        };
        Ok(NodeIdRef { namespace, identifier })
    }

    #[inline]
    fn localized_text(&mut self) -> Result<(Option<&'a str>, Option<&'a str>), DecodeError> {
        let (locale, text) = self.localized_bytes()?;
        let text_of = |bytes: Option<&'a [u8]>| {
            bytes.map(|bytes| std::str::from_utf8(bytes).map_err(|_| DecodeError::Utf8)).transpose()
        };
        Ok((text_of(locale)?, text_of(text)?))
    }
}

const BROWSE_RESPONSE: u32 = 530;
const BROWSE_NEXT_RESPONSE: u32 = 536;
/// Two bytes for each of three ids, one for the direction, six for the name, one for an empty text, four for the class.
const SMALLEST_REFERENCE: usize = 18;
