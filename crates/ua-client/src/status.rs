//! Status codes by name. Only the ones that this client decides by have a constant.

use opcua_types::StatusCode;

/// The name of a status code without underscores (`BadUserAccessDenied`), its info bits ignored.
///
/// A code that the standard does not know is named `Good`, `Uncertain` or `Bad` by its severity.
#[must_use]
pub fn status_name(code: u32) -> &'static str {
    match StatusCode::from(code).sub_code().name() {
        "Invalid" if is_bad(code) => "Bad",
        "Invalid" if code & 0x4000_0000 != 0 => "Uncertain",
        "Invalid" => "Good",
        name => name,
    }
}

/// Whether the two severity bits say `Bad`.
pub(crate) fn is_bad(code: u32) -> bool {
    code & 0x8000_0000 != 0
}

macro_rules! codes {
    ($($name:ident = $code:literal),* $(,)?) => {
        $(pub(crate) const $name: u32 = $code;)*

        #[cfg(test)]
        const ALL: &[(&str, u32)] = &[$((stringify!($name), $code)),*];
    };
}

codes! {
    BAD_UNEXPECTED_ERROR = 0x8001_0000,
    GOOD_NO_DATA = 0x00A5_0000,
    BAD_SHUTDOWN = 0x800C_0000,
    BAD_SERVER_HALTED = 0x800E_0000,
    BAD_SECURE_CHANNEL_ID_INVALID = 0x8022_0000,
    BAD_SESSION_ID_INVALID = 0x8025_0000,
    BAD_SESSION_CLOSED = 0x8026_0000,
    BAD_SESSION_NOT_ACTIVATED = 0x8027_0000,
    BAD_SUBSCRIPTION_ID_INVALID = 0x8028_0000,
    BAD_SECURE_CHANNEL_CLOSED = 0x8086_0000,
    BAD_INTERNAL_ERROR = 0x8002_0000,
    BAD_SERVICE_UNSUPPORTED = 0x800B_0000,
    BAD_NODE_ID_INVALID = 0x8033_0000,
    BAD_NODE_ID_UNKNOWN = 0x8034_0000,
    BAD_NOT_SUPPORTED = 0x803D_0000,
    BAD_CONTINUATION_POINT_INVALID = 0x804A_0000,
    BAD_HISTORY_OPERATION_INVALID = 0x8071_0000,
    BAD_HISTORY_OPERATION_UNSUPPORTED = 0x8072_0000,
    BAD_INVALID_TIMESTAMP_ARGUMENT = 0x80BD_0000,
    BAD_TIMESTAMP_NOT_SUPPORTED = 0x80A1_0000,
    BAD_BOUND_NOT_FOUND = 0x80D7_0000,
    BAD_NO_DATA = 0x809B_0000,
    BAD_AGGREGATE_LIST_MISMATCH = 0x80D4_0000,
    BAD_AGGREGATE_NOT_SUPPORTED = 0x80D5_0000,
    BAD_AGGREGATE_INVALID_INPUTS = 0x80D6_0000,
    BAD_AGGREGATE_CONFIGURATION_REJECTED = 0x80DA_0000,
    BAD_DECODING_ERROR = 0x8007_0000,
    BAD_ENCODING_LIMITS_EXCEEDED = 0x8008_0000,
    BAD_TIMEOUT = 0x800A_0000,
    BAD_TOO_MANY_OPERATIONS = 0x8010_0000,
    BAD_SECURITY_CHECKS_FAILED = 0x8013_0000,
    BAD_USER_ACCESS_DENIED = 0x801F_0000,
    BAD_IDENTITY_TOKEN_INVALID = 0x8020_0000,
    BAD_IDENTITY_TOKEN_REJECTED = 0x8021_0000,
    BAD_CERTIFICATE_TIME_INVALID = 0x8014_0000,
    BAD_CERTIFICATE_ISSUER_REVOKED = 0x801E_0000,
    BAD_NO_CONTINUATION_POINTS = 0x804B_0000,
    BAD_NO_MATCH = 0x806F_0000,
    BAD_USER_SIGNATURE_INVALID = 0x8057_0000,
    BAD_NO_SUBSCRIPTION = 0x8079_0000,
    BAD_MESSAGE_NOT_AVAILABLE = 0x807B_0000,
    BAD_TOO_MANY_PUBLISH_REQUESTS = 0x8078_0000,
    BAD_CERTIFICATE_INVALID = 0x8012_0000,
    BAD_REQUEST_TOO_LARGE = 0x80B8_0000,
    BAD_TCP_MESSAGE_TOO_LARGE = 0x8080_0000,
    BAD_RESPONSE_TOO_LARGE = 0x80B9_0000,
    BAD_IDENTITY_CHANGE_NOT_SUPPORTED = 0x80C6_0000,
    BAD_CERTIFICATE_CHAIN_INCOMPLETE = 0x810D_0000,
    BAD_CERTIFICATE_POLICY_CHECK_FAILED = 0x8114_0000,
}

/// Codes by which a server says that it does not accept our application certificate.
///
/// Servers should answer `Bad_SecurityChecksFailed` for most of them, and many do otherwise (Part 4 §6.1.3),
/// so nothing more is read into the exact code.
pub(crate) fn speaks_of_our_certificate(code: u32) -> bool {
    let code = code & 0xFFFF_0000;
    code == BAD_SECURITY_CHECKS_FAILED
        || code == BAD_CERTIFICATE_INVALID
        || code == BAD_CERTIFICATE_CHAIN_INCOMPLETE
        || code == BAD_CERTIFICATE_POLICY_CHECK_FAILED
        || (BAD_CERTIFICATE_TIME_INVALID..=BAD_CERTIFICATE_ISSUER_REVOKED).contains(&code)
}

/// Codes by which a server refuses the user rather than the application.
pub(crate) fn speaks_of_the_login(code: u32) -> bool {
    matches!(
        code & 0xFFFF_0000,
        BAD_USER_ACCESS_DENIED
            | BAD_IDENTITY_TOKEN_INVALID
            | BAD_IDENTITY_TOKEN_REJECTED
            | BAD_USER_SIGNATURE_INVALID
            | BAD_IDENTITY_CHANGE_NOT_SUPPORTED
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_has_the_standards_number() {
        for (constant, code) in ALL {
            let expected = constant.replace('_', "");
            assert!(
                status_name(*code).eq_ignore_ascii_case(&expected),
                "{constant} is {}",
                status_name(*code)
            );
        }
    }

    #[test]
    fn info_bits_do_not_change_the_name() {
        assert_eq!(status_name(0x801F_0480), "BadUserAccessDenied");
        assert_eq!(status_name(0), "Good");
    }

    #[test]
    fn untrusted_speaks_of_our_certificate_and_a_refused_login_does_not() {
        assert!(speaks_of_our_certificate(0x801A_0000));
        assert!(!speaks_of_our_certificate(BAD_USER_ACCESS_DENIED));
        assert!(speaks_of_the_login(BAD_USER_ACCESS_DENIED));
    }
}
