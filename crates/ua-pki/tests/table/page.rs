//! Which cases the security catalogue names.

/// The ids of its case table of certificate validation, and of its user certificates.
pub(crate) const PAGE: &[&str] = &[
    "CV-01", "CV-02", "CV-03", "CV-04", "CV-05", "CV-06", "CV-07", "CV-08", "CV-09", "CV-10", "CV-11",
    "CV-12", "CV-14", "CV-15", "CV-17", "CV-19", "CV-20", "CV-22", "CV-23", "CV-25", "CV-26", "CV-27",
    "CV-29", "CV-30", "CV-31", "CV-32", "CV-33", "CV-34", "CV-36", "CV-38", "CV-39", "CV-40", "CV-41",
    "CV-42", "CV-44", "CV-45", "CV-46", "CV-47", "CV-48", "CV-49", "CV-50", "CV-51", "CV-52", "CV-54",
    "CV-55", "CV-57", "CV-58", "CV-59", "CV-60", "CV-62", "CV-64", "CV-65", "CV-66", "CV-67", "CV-68",
    "CV-69", "CV-72", "CV-73", "CV-74", "CV-75", "CV-76", "CV-77", "CV-78", "CV-79", "CV-80", "CV-81",
    "CV-82", "CV-84", "CV-85", "CV-87", "CV-89", "CV-91", "CV-92", "CV-93", "CV-95", "CV-97", "CV-99",
    "CV-100", "CV-101", "CV-103", "CV-104", "CV-106", "CV-107", "CV-109", "CV-110", "CV-111", "CV-112",
    "CV-113", "CV-114", "CV-115", "CV-116", "CV-118", "CV-120", "UC-01", "UC-02", "UC-03", "UC-04", "UC-05",
    "UC-06", "UC-07", "UC-08", "UC-09",
];

/// Those that are not rows of the table, and why.
pub(crate) const ELSEWHERE: &[(&str, &str)] = &[
    ("CV-107", "a list of a million entries is made in tests/limits.rs, and is too large for a folder"),
    ("CV-114", "there is no callback that could accept: the verdict is a value"),
    ("CV-115", "a file removed while in use: tests/store.rs; that the channel closes: the connector's tests"),
    ("CV-116", "a flood of rejected certificates: tests/store.rs"),
    ("CV-120", "there is no OCSP: revocation is by lists only"),
    ("UC-08", "the signature over the nonce is checked by the server, not by validation"),
];
