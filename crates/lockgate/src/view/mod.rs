//! How things of the libraries are shown to people. The objects that scripts get are in [`connector::documents`], for they
//! are those of the HTTP API too.

pub(crate) mod certificate;
pub(crate) mod content;
pub(crate) mod crl;
pub(crate) mod request;
pub(crate) mod variant;
pub(crate) mod verdict;

pub(crate) use certificate::CertificateText;
pub(crate) use connector::documents::{
    CertificateView, CrlView, Judged, Means, ProblemView, VerdictView, key,
};
pub(crate) use crl::CrlText;
pub(crate) use request::RequestView;
pub(crate) use verdict::VerdictText;
