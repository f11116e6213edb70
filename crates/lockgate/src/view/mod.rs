//! How things of the libraries are shown: one serialisable view each, from which text and JSON are both made.

pub(crate) mod certificate;
pub(crate) mod sample;
pub(crate) mod variant;
pub(crate) mod verdict;

pub(crate) use certificate::CertificateView;
pub(crate) use sample::SampleView;
pub(crate) use verdict::{ProblemView, VerdictView};
