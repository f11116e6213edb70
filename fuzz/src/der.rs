//! Just enough DER to cut inputs into pieces and to sign them anew. Lenient: what it cannot read, it leaves alone.

/// The first element with its header, and what comes after it.
#[must_use]
pub fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(header(bytes)?.1)
}

/// The content of the element that the bytes begin with.
#[must_use]
pub fn content(bytes: &[u8]) -> Option<&[u8]> {
    let (from, to) = header(bytes)?;
    bytes.get(from..to)
}

/// The elements one after the other, up to the first that cannot be read; what is left is the last one.
#[must_use]
pub fn elements(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (one, rest) = split(bytes).unwrap_or((bytes, &[]));
        found.push(one);
        bytes = rest;
    }
    found
}

/// An element with this tag.
#[must_use]
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | u8::try_from(length.len()).unwrap());
        out.extend(length);
    } else {
        out.push(length.first().copied().unwrap_or(0));
    }
    out.extend_from_slice(content);
    out
}

/// Length of the header, and of header and content.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let (first, rest) = bytes.get(1..)?.split_first()?;
    if *first < 0x80 {
        return Some((2, 2 + usize::from(*first)));
    }
    let count = usize::from(*first & 0x7f);
    let digits = rest.get(..count).filter(|_| (1..=3).contains(&count))?;
    let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
    Some((2 + count, 2 + count + length))
}
