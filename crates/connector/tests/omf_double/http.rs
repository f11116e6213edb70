//! HTTP/1.1 as far as a test needs it, by hand, so that it can be done badly on purpose.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use super::{Act, Shared};

/// Who the server shows itself as.
#[derive(Clone)]
pub struct Tls(pub Arc<rustls::ServerConfig>);

impl Tls {
    /// A server for `localhost` whose certificate an authority of its own signed, and the authority's certificate as PEM.
    pub fn with_authority() -> (Self, String) {
        use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
        let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut root = CertificateParams::new(Vec::<String>::new()).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_certificate = root.self_signed(&root_key).unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let own = own.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        (Self::showing(own.der().clone(), &key), root_certificate.pem())
    }

    /// A server whose certificate nobody but itself signed, as PI Web API has it at first, and that certificate as PEM.
    pub fn self_signed() -> (Self, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let own =
            rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        (Self::showing(own.der().clone(), &key), own.pem())
    }

    fn showing(certificate: rustls::pki_types::CertificateDer<'static>, key: &rcgen::KeyPair) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self(Arc::new(config))
    }
}

pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) fn accept(listener: &TcpListener, shared: &Arc<Shared>, tls: Option<&Tls>) {
    for stream in listener.incoming() {
        if shared.stopped() {
            return;
        }
        let Ok(stream) = stream else { continue };
        stream.set_read_timeout(Some(Duration::from_secs(100))).unwrap();
        let (shared, tls) = (Arc::clone(shared), tls.cloned());
        std::thread::spawn(move || match tls {
            None => serve(stream, &shared),
            Some(tls) => {
                let connection = rustls::ServerConnection::new(tls.0).unwrap();
                serve(rustls::StreamOwned::new(connection, stream), &shared);
            }
        });
    }
}

/// Answers one request after the other until the other side has enough, or something goes wrong.
fn serve(stream: impl Read + Write, shared: &Shared) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = receive(&mut stream) {
        if shared.stopped() {
            return;
        }
        let done = match shared.handle(&request) {
            Act::Reply((status, kind, body)) => {
                let head = format!(
                    "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{}\r\n",
                    body.len(),
                    if (300..400).contains(&status) { "Location: /elsewhere\r\n" } else { "" },
                );
                let out = stream.get_mut();
                out.write_all(head.as_bytes()).and_then(|()| out.write_all(&body)).and_then(|()| out.flush())
            }
            Act::Close => return,
            Act::Garbage => {
                drop(stream.get_mut().write_all(b"SSH-2.0-OpenSSH_9.2\r\n"));
                return;
            }
            Act::Endless => endless(stream.get_mut()),
        };
        if done.is_err() {
            return;
        }
    }
}

fn endless(out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    )?;
    let chunk = [b' '; 65_536];
    // until the other side closes
    loop {
        out.write_all(b"10000\r\n")?;
        out.write_all(&chunk)?;
        out.write_all(b"\r\n")?;
    }
}

fn receive(stream: &mut impl BufRead) -> Option<Received> {
    let mut line = String::new();
    if stream.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse());
    let mut body = vec![0; length?.ok()?];
    stream.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body })
}

pub(crate) fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut body).ok()?;
    Some(body)
}
