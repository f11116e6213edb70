//! How things of the libraries are shown: one serialisable view each, from which text and JSON are both made.

pub(crate) mod certificate;
pub(crate) mod content;
pub(crate) mod crl;
pub(crate) mod remedy;
pub(crate) mod request;
pub(crate) mod variant;
pub(crate) mod verdict;

pub(crate) use certificate::{CertificateView, key};
pub(crate) use crl::CrlView;
pub(crate) use remedy::{Judged, Means};
pub(crate) use request::RequestView;
pub(crate) use verdict::{ProblemView, VerdictView};
