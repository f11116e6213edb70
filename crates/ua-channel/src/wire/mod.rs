//! The outer shape of everything on the wire (Part 6 §6.7.2, §7.1.2).
//!
//! ```text
//! frame  = type[3] chunk-kind[1] size:u32 …            HEL, ACK, ERR: see `frame`
//! OPN    = frame  channel:u32  policy-uri  sender-certificate  receiver-thumbprint  │ encrypted blocks
//! MSG,CLO= frame  channel:u32  token:u32                                            │ sealed part
//! sealed = sequence:u32 request:u32 body… padding… signature                          see `chunk`
//! ```

pub(crate) mod chunk;
pub(crate) mod frame;
pub(crate) mod limits;
pub(crate) mod writer;

pub use limits::Limits;
