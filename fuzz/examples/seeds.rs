//! Makes `world/` and `seeds/` anew. The keys are no secrets, the dates are fixed, the signatures differ from run to run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a tool for whoever adds a target"
)]

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
    RevocationReason, RevokedCertParams, RsaKeySize, SanType, SerialNumber, date_time_ymd,
};

fn main() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let key = |number| KeyPair::try_from(der_key(number)).unwrap();
    let (root_key, sub_key, leaf_key) = (key(1), key(2), key(3));
    let rsa_key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let root = authority("Root", 1);
    let sub = authority("Sub", 2);
    let by_root = Issuer::from_params(&root, &root_key);
    let by_sub = Issuer::from_params(&sub, &sub_key);
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    let sub_der = sub.signed_by(&sub_key, &by_root).unwrap().der().to_vec();
    let elliptic = application(3).signed_by(&leaf_key, &by_sub).unwrap().der().to_vec();
    let rsa = application(4).signed_by(&rsa_key, &by_sub).unwrap().der().to_vec();
    let root_crl = list(&root, &root_key, &[7]).signed_by(&by_root).unwrap().der().to_vec();
    let sub_crl = list(&sub, &sub_key, &[8, 9]).signed_by(&by_sub).unwrap().der().to_vec();
    let revoked = application(8).signed_by(&leaf_key, &by_sub).unwrap().der().to_vec();
    let alone = application(5).self_signed(&leaf_key).unwrap().der().to_vec();
    let mut asked = application(6);
    asked.serial_number = None;
    asked.use_authority_key_identifier_extension = false;
    let request = asked.serialize_request(&leaf_key).unwrap().der().to_vec();

    let world = home.join("world");
    for (name, der) in [
        ("root.der", &root_der),
        ("sub.der", &sub_der),
        ("elliptic.der", &elliptic),
        ("rsa.der", &rsa),
        ("root.crl", &root_crl),
        ("sub.crl", &sub_crl),
    ] {
        write(&world, name, der);
    }

    let seed = |target: &str, name: &str, bytes: &[u8]| write(&home.join("seeds").join(target), name, bytes);
    let fixtures = home.join("../crates/ua-pki/tests/fixtures");
    let listed = fs::read_dir(&fixtures).unwrap().map(|entry| entry.unwrap().path());
    for path in listed.filter(|path| path.is_file()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("der") => {
                seed("certificate", &name, &bytes);
                seed("chain", &name, &[&[0x35, 0x08], bytes.as_slice()].concat());
            }
            Some("crl") => seed("crl", &name, &bytes),
            Some("pem") if name.starts_with("key") => seed("material", &name, &bytes),
            Some("csr" | "pem") => seed("request", &name, &bytes),
            _ => {}
        }
    }
    for (name, der) in [("elliptic", &elliptic), ("rsa", &rsa), ("alone", &alone), ("root", &root_der)] {
        seed("certificate", name, der);
    }
    seed("certificate", "pem", pem::encode(&pem::Pem::new("CERTIFICATE", rsa.clone())).as_bytes());
    let joined = [elliptic.as_slice(), &sub_der, &root_der].concat();
    seed("certificate", "joined", &joined);
    for (name, choice, mode, parts) in [
        ("honest", 0x31, 0x00, vec![&elliptic, &sub_der]),
        ("honest-rsa", 0x35, 0x01, vec![&rsa]),
        ("suppressed", 0x75, 0x02, vec![&rsa, &sub_der]),
        ("revoked", 0x01, 0x02, vec![&revoked, &sub_der]),
        ("own-lists", 0x30, 0x42, vec![&elliptic, &sub_der, &sub_crl, &root_crl]),
        ("self-signed", 0x32, 0x08, vec![&alone]),
        ("untrusted", 0x30, 0x30, vec![&elliptic, &sub_der, &root_der]),
        ("loop", 0x30, 0x39, vec![&sub_der, &root_der, &sub_der, &elliptic]),
    ] {
        let parts: Vec<u8> = parts.into_iter().flatten().copied().collect();
        seed("chain", name, &[&[choice, mode], parts.as_slice()].concat());
    }
    let text = |tag: &str, der: &[u8]| pem::encode(&pem::Pem::new(tag, der));
    let mixed = [
        "words before\n".to_owned(),
        text("CERTIFICATE", &elliptic),
        text("X509 CRL", &sub_crl),
        text("CERTIFICATE REQUEST", &request),
        text("EC PRIVATE KEY", b"not one"),
        text("PKCS7", b"not one"),
    ];
    seed("material", "mixed", mixed.concat().as_bytes());
    seed("material", "joined", &joined);
    seed("material", "list", &root_crl);
    seed("material", "request", &request);
    seed("crl", "root", &root_crl);
    seed("crl", "sub", &sub_crl);
    seed("crl", "pem", pem::encode(&pem::Pem::new("X509 CRL", sub_crl.clone())).as_bytes());
    seed("request", "elliptic", &request);
    seed("material", "key-rsa", rsa_key.serialize_pem().as_bytes());
    seed(
        "material",
        "key-elliptic",
        pem::encode(&pem::Pem::new("PRIVATE KEY", leaf_key.serialize_der())).as_bytes(),
    );
    seed("material", "key-thumbprint", b"12:34:56:78:9A:BC:DE:F0:12:34:56:78:9A:BC:DE:F0:12:34:56:78");
    store_seeds(
        &seed,
        &[&root_der, &sub_der, &alone],
        &[&root_crl, &sub_crl],
        rsa_key.serialize_pem().as_bytes(),
    );
}

fn store_seeds(seed: &dyn Fn(&str, &str, &[u8]), certificates: &[&Vec<u8>], lists: &[&Vec<u8>], key: &[u8]) {
    let file = |op: u8, name: &str, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[op, name.len() as u8], name.as_bytes(), &length, content].concat()
    };
    let honest = [
        file(0, "root.der", certificates[0]),
        file(2, "sub.der", certificates[1]),
        file(1, "root.crl", lists[0]),
        file(3, "sub.crl", lists[1]),
        file(5, "stranger.der", certificates[2]),
    ];
    seed("store", "honest", &honest.concat());
    seed("store", "own", &[file(6, "own.der", certificates[2]), file(7, "lockgate.pem", key)].concat());
    seed("store", "names", &[file(0, "..\\..\\x\u{202e}red.", b"rubbish"), file(5, ".hidden", b"")].concat());
    let links = [
        file(0x10, "link.der", &[0]),
        file(0x11, "self.crl", &[1]),
        file(0x15, "zero", &[2]),
        file(0x18, "folder.der", &[]),
    ];
    seed("store", "links", &links.concat());
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(PathBuf::from(folder).join(name), bytes).unwrap();
}

/// PKCS#8 around a key of the world.
fn der_key(number: u8) -> Vec<u8> {
    fuzz::world::key_pkcs8(number)
}

fn common(name: &str, serial: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(vec![serial]));
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(name: &str, serial: u8) -> CertificateParams {
    let mut params = common(name, serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn application(serial: u8) -> CertificateParams {
    let mut params = common("plc1", serial);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::ContentCommitment,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DataEncipherment,
    ];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = vec![
        SanType::URI(fuzz::world::APPLICATION_URI.try_into().unwrap()),
        SanType::DnsName(fuzz::world::HOST.try_into().unwrap()),
        SanType::IpAddress("10.1.2.3".parse().unwrap()),
    ];
    params
}

fn list(issuer: &CertificateParams, key: &KeyPair, revoked: &[u8]) -> CertificateRevocationListParams {
    CertificateRevocationListParams {
        this_update: date_time_ymd(2027, 5, 1),
        next_update: date_time_ymd(2027, 7, 1),
        crl_number: SerialNumber::from(vec![1]),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(vec![*serial]),
                revocation_time: date_time_ymd(2027, 4, 1),
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::PreSpecified(issuer.key_identifier(key)),
    }
}
