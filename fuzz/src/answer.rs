//! The answer to every service that the client asks for, through the general decoder.

pub(crate) fn run(bytes: &[u8]) {
    // the type in front says which service it answers
    let read = ua_client::answers_read_from(bytes);
    assert!(read <= 1, "{read} services are answered at once");
}
