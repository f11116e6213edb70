//! What is wrong with bytes that should be DER, in words for people. What a parser says of them comes second.

/// Why `der` is no `what` ("certificate"), after a parser failed on it with `detail`. A lowercase fragment.
pub(crate) fn why(der: &[u8], what: &str, detail: &str) -> String {
    let detail = detail.trim_start_matches("Parsing Error: ");
    match frame(der) {
        Frame::Empty => "there are no bytes at all".to_owned(),
        Frame::NotDer { first } => {
            format!("it is not DER: the first byte of a {what} is 0x30, of this it is 0x{first:02X}")
        }
        Frame::Unclear => format!("it is cut off: only {} bytes are here", der.len()),
        Frame::Short { says } => {
            format!("it is cut off: {} bytes of {says} are here", der.len())
        }
        Frame::Whole => format!("its inside is that of no {what} (the parser says: {detail})"),
    }
}

/// What the outermost element says of itself.
enum Frame {
    Empty,
    NotDer {
        first: u8,
    },
    /// The length itself cannot be read.
    Unclear,
    Short {
        says: usize,
    },
    Whole,
}

fn frame(der: &[u8]) -> Frame {
    let (length, rest) = match der {
        [] => return Frame::Empty,
        [0x30, length, rest @ ..] => (*length, rest),
        [0x30] => return Frame::Unclear,
        [first, ..] => return Frame::NotDer { first: *first },
    };
    let (header, content) = if length < 0x80 {
        (2, usize::from(length))
    } else {
        let count = usize::from(length & 0x7f);
        // more than four bytes of length are no certificate, and none at all is not DER
        let Some(digits) = rest.get(..count).filter(|_| (1..=4).contains(&count)) else {
            return if count > 4 || count == 0 { Frame::Whole } else { Frame::Unclear };
        };
        (2 + count, digits.iter().fold(0usize, |sum, &digit| sum << 8 | usize::from(digit)))
    };
    match header.saturating_add(content) {
        says if says > der.len() => Frame::Short { says },
        _ => Frame::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_before_what_the_parser_says() {
        let told = |der: &[u8]| why(der, "certificate", "Parsing Error: InvalidSerial");
        assert_eq!(
            told(b"hello"),
            "it is not DER: the first byte of a certificate is 0x30, of this it is 0x68"
        );
        assert_eq!(told(&[0x30, 0x82, 0x03, 0x00, 1, 2]), "it is cut off: 6 bytes of 772 are here");
        assert_eq!(told(&[0x30, 0x82]), "it is cut off: only 2 bytes are here");
        assert_eq!(
            told(&[0x30, 0x02, 1, 2]),
            "its inside is that of no certificate (the parser says: InvalidSerial)"
        );
        assert_eq!(told(&[]), "there are no bytes at all");
    }
}
