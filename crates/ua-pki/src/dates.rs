//! Whether the dates of a certificate are written in the one way that DER and RFC 5280 §4.1.2.5 allow.

use x509_parser::der_parser::asn1_rs::{Any, Class, FromDer, Tag};

/// Both dates are whole seconds in UTC: `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`. The parser also reads dates without
/// seconds, with fractions and with offsets, of which programs disagree what they mean.
pub(crate) fn are_strict(tbs: &[u8]) -> bool {
    validity(tbs).is_some_and(|validity| {
        let dates = elements(validity.data);
        dates.len() == 2 && dates.iter().all(is_strict)
    })
}

fn is_strict(date: &Any<'_>) -> bool {
    let digits = match date.tag() {
        Tag::UtcTime => 12,
        Tag::GeneralizedTime => 14,
        _ => return false,
    };
    let [numbers @ .., b'Z'] = date.data else { return false };
    numbers.len() == digits && numbers.iter().all(u8::is_ascii_digit)
}

/// The validity: after serial number, algorithm and issuer, before which a version may be.
fn validity(tbs: &[u8]) -> Option<Any<'_>> {
    let (_, tbs) = Any::from_der(tbs).ok()?;
    let unversioned = |element: &Any<'_>| element.header.class() != Class::ContextSpecific;
    elements(tbs.data).into_iter().filter(unversioned).nth(3)
}

/// The elements one after the other, as far as they can be read.
fn elements(mut bytes: &[u8]) -> Vec<Any<'_>> {
    let mut found = Vec::new();
    while let Ok((rest, element)) = Any::from_der(bytes) {
        found.push(element);
        bytes = rest;
    }
    found
}
