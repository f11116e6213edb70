//! The configuration file: what it means, what it refuses and in which words, and that edits leave people's text alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use connector::config::{FileFormat, JournalFull, OmfLogin, OmfTarget, SecretRef, SinkKind, SourceLogin};
use connector::selection::{Action, DeadBand, Sampling};
use connector::{Config, Error, SourceConfig};
use ua_channel::MessageSecurityMode;
use ua_pki::SecurityPolicy;

const GOOD: &str = r#"# our plant
pki = "pki"

[application]
name = "lockgate"
uri = "urn:gateway1:lockgate"

[storage]
data = "/var/lib/lockgate"   # big disk
seal_every = "30s"
journal_max_mib = 64
journal_full = "drop-oldest"
journal_max_days = 14
keep_days = 30

[[source]]
name = "line1"
url = "opc.tcp://plc1:4840/"
policy = "Basic256Sha256"
mode = "SignAndEncrypt"
user = "reader"
password = { file = "secrets/line1" } # kept by: lockgate login
roots = ["i=85", "nsu=urn:plant;s=Line1"]
sampling_interval = "100ms"
"#;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("/etc/lockgate/lockgate.toml"))
}

fn with_source(lines: &str) -> String {
    format!(
        "[application]\nuri = \"urn:g:lockgate\"\n\n[[source]]\nname = \"line1\"\nurl = \"opc.tcp://plc1\"\n\
         policy = \"Basic256Sha256\"\nmode = \"Sign\"\n{lines}\n"
    )
}

fn refusal(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("was accepted: {text}"),
    }
}

#[test]
fn every_setting_of_a_good_file_arrives() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.application.uri, "urn:gateway1:lockgate");
    assert_eq!(config.pki, PathBuf::from("/etc/lockgate/pki"));
    assert_eq!(config.storage.data, PathBuf::from("/var/lib/lockgate"));
    assert_eq!(config.storage.seal_every, Duration::from_secs(30));
    assert_eq!(config.storage.journal_limit, Some(64 << 20));
    assert_eq!(config.storage.journal_full, JournalFull::DropOldest);
    assert_eq!(config.storage.journal_age, Some(Duration::from_secs(14 * 86_400)));
    assert_eq!(config.storage.keep, Some(Duration::from_secs(30 * 86_400)));
    let source = config.source("line1").unwrap();
    assert_eq!(
        (source.policy, source.mode),
        (SecurityPolicy::Basic256Sha256, MessageSecurityMode::SignAndEncrypt)
    );
    let password = SecretRef::File(PathBuf::from("/etc/lockgate/secrets/line1"));
    assert_eq!(source.login, SourceLogin::UserName { user: "reader".to_owned(), password });
    assert_eq!(source.roots, ["i=85", "nsu=urn:plant;s=Line1"]);
    assert_eq!(source.publishing_interval, Duration::from_millis(500));
    assert_eq!(source.sampling_interval, Duration::from_millis(100));
}

#[test]
fn a_source_logs_in_with_a_certificate_or_a_token_and_says_so_in_the_file_again() {
    let certificate = with_source("user_certificate = \"users/reader.der\"\nuser_key = \"/keys/reader.pem\"");
    let login = SourceLogin::Certificate {
        certificate: PathBuf::from("/etc/lockgate/users/reader.der"),
        key: PathBuf::from("/keys/reader.pem"),
    };
    let mut config = parse(&certificate).unwrap();
    assert_eq!(config.sources[0].login, login);
    let token = parse(&with_source("token = { file = \"secrets/token\" }")).unwrap().sources[0].login.clone();
    let kept = SecretRef::File(PathBuf::from("/etc/lockgate/secrets/token"));
    assert_eq!(token, SourceLogin::IssuedToken { token: kept });
    // one takes the place of the other, whole
    let name = config.sources[0].name.to_string();
    for other in [token, login, SourceLogin::Anonymous] {
        config.set_login(&name, &other).unwrap();
        assert_eq!(config.sources[0].login, other);
    }
}

#[test]
fn half_a_login_or_two_are_refused() {
    for (lines, message) in [
        ("user_certificate = \"a.der\"", "`user_certificate` without `user_key`"),
        ("user_key = \"a.pem\"", "`user_key` without `user_certificate`"),
        ("token = \"eyJhbGciOi\"", "the token is written in clear"),
        ("token = { file = \"a\", env = \"B\" }", "`token` names exactly one of"),
        (
            "user_certificate = \"a.der\"\nuser_key = \"a.pem\"\ntoken = { env = \"A\" }",
            "one of `user`, `user_certificate` and `token`",
        ),
    ] {
        let refused = refusal(&with_source(lines));
        assert!(refused.contains(message) && !refused.contains("eyJ"), "{refused}");
    }
}

#[test]
fn default_queue_covers_a_minute_within_its_bounds() {
    let mut source = parse(GOOD).unwrap().source("line1").unwrap().clone();
    for (sampling_ms, queue) in [(500, 120), (100, 600), (10, 1000), (60_000, 10), (1, 1000)] {
        source.sampling_interval = Duration::from_millis(sampling_ms);
        assert_eq!(source.queue_size(), queue, "at {sampling_ms} ms");
    }
    source.configured_queue_size = Some(7);
    assert_eq!(source.queue_size(), 7);
}

#[test]
fn password_in_clear_is_refused_with_the_command_to_use_and_not_repeated() {
    let text = with_source("user = \"reader\"\npassword = \"hunter2-secret\"");
    let message = refusal(&text);
    assert!(!message.contains("hunter2"), "{message}");
    insta::assert_snapshot!(message);
}

#[test]
fn password_in_clear_is_not_repeated_when_the_syntax_is_wrong_either() {
    for lines in [
        "password = \"hunter2-secret",
        "password = hunter2-secret",
        "password = { file = \"x\", text = \"hunter2-secret\" ",
    ] {
        let message = refusal(&with_source(lines));
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn mistyped_keys_are_named_with_their_line_and_the_nearest_key() {
    let text = GOOD.replace("seal_every", "seal_evry").replace("sampling_interval", "samplinginterval");
    let text = text.replace("[application]", "[application]\nserver = 1").replace("pki =", "pkii =");
    insta::assert_snapshot!(refusal(&text));
}

#[test]
fn all_problems_of_a_source_are_reported_at_once() {
    insta::assert_snapshot!(refusal(
        r#"
[application]
uri = "lockgate"

[[source]]
name = "line 1"
url = "http://plc1"
policy = "Basic256"
mode = "Encrypt"
sampling_interval = "fast"
publishing_interval = "0s"
queue_size = 0
roots = ["ns=2;s=Line", 7]
server_thumbprint = "zz"
danger_suppress = ["BadCertificateUntrusted", "Whatever"]
danger_without_security = "yes"

[[source]]
url = 4840

[storage]
data = 1
"#
    ));
}

#[test]
fn nothing_but_a_danger_setting_allows_no_security() {
    let none = with_source("").replace("Basic256Sha256", "None").replace("\"Sign\"", "\"None\"");
    insta::assert_snapshot!("no_security_without_danger", refusal(&none));
    let allowed = parse(&format!("{none}danger_without_security = true\n")).unwrap();
    assert_eq!(allowed.source("line1").unwrap().dangers(), ["danger_without_security"]);
    insta::assert_snapshot!("danger_without_need", refusal(&with_source("danger_without_security = true")));
    insta::assert_snapshot!("half_security", refusal(&with_source("").replace("Basic256Sha256", "None")));
}

#[test]
fn login_settings_that_contradict_each_other_are_refused() {
    let mut all = String::new();
    for lines in [
        "user = \"reader\"",
        "password = { env = \"X\" }",
        "user = \"r\"\npassword = { }",
        "user = \"r\"\npassword = { file = \"a\", env = \"B\" }",
        "user = \"r\"\npassword = { files = \"a\" }",
    ] {
        all.push_str(&refusal(&with_source(lines)));
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[test]
fn two_sources_of_one_name_are_refused() {
    let text = with_source("");
    let (head, source) = text.split_once("[[source]]").unwrap();
    insta::assert_snapshot!(refusal(&format!("{head}[[source]]{source}[[source]]{source}")));
}

#[test]
fn source_that_is_not_there_suggests_the_nearest() {
    let error = parse(GOOD).unwrap().source("lien1").unwrap_err();
    assert_eq!(error.to_string(), "no source is named `lien1`; did you mean `line1`?");
}

#[test]
fn edits_keep_comments_and_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lockgate.toml");
    std::fs::write(&path, GOOD).unwrap();
    let mut config = Config::load(&path).unwrap();
    let mut added = SourceConfig::new(
        "line2".parse().unwrap(),
        "opc.tcp://plc2:4841".parse().unwrap(),
        SecurityPolicy::Aes256Sha256RsaPss,
        MessageSecurityMode::SignAndEncrypt,
    );
    added.server_application_uri = Some("urn:plc2:server".to_owned());
    added.login = SourceLogin::UserName {
        user: "reader".to_owned(),
        password: SecretRef::File(dir.path().join("secrets/line2")),
    };
    added.sampling_interval = Duration::from_secs(2);
    config.add_source(&added).unwrap();
    config.set_login("line1", &SourceLogin::Anonymous).unwrap();
    config.save().unwrap();
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap());

    let mut reread = Config::load(&path).unwrap();
    assert_eq!(reread.source("line2").unwrap().login, added.login);
    reread.remove_source("line2").unwrap();
    assert!(reread.source("line2").is_err());
    assert!(matches!(reread.add_source(&parse(GOOD).unwrap().sources[0]), Err(Error::SourceExists { .. })));
}

#[test]
fn edit_that_would_make_the_file_invalid_changes_nothing() {
    let mut config = parse(GOOD).unwrap();
    let mut insecure = config.sources[0].clone();
    insecure.name = "line9".parse().unwrap();
    insecure.policy = SecurityPolicy::None;
    insecure.mode = MessageSecurityMode::None;
    assert!(matches!(config.add_source(&insecure), Err(Error::ConfigInvalid { .. })));
    assert_eq!(config.sources.len(), 1);
}

#[test]
fn fresh_file_is_valid_and_explains_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lockgate.toml");
    let config = Config::create(&path, "lockgate", "urn:gateway1:lockgate").unwrap();
    assert!(config.sources.is_empty());
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap());
    assert!(matches!(Config::create(&path, "x", "urn:x"), Err(Error::ConfigExists { .. })));
}

#[test]
fn rules_arrive_in_the_order_of_the_file_with_what_they_say_about_sampling() {
    let text = with_source(
        "[[source.rule]]\nexclude = [\"**/Diagnostics/**\"]\n[[source.rule]]\ninclude = [\"Mixing/**\", \"/Objects/Filling/*\"]\n\
         data_type = [\"Double\"]\nhistorizing = false\naccess_level = [\"CurrentRead\", \"CurrentWrite\"]\n\
         publishing_interval = \"30s\"\nsampling_interval = \"2s\"\nqueue_size = 7\nbackfill = \"7d\"\n\
         dead_band = { absolute = 0.5 }",
    );
    let config = parse(&text).unwrap();
    let [exclude, include] = &config.sources[0].rules[..] else { panic!("{:?}", config.sources[0].rules) };
    assert_eq!(exclude.action, Action::Exclude);
    let sampling = Sampling {
        interval: Some(Duration::from_secs(2)),
        publishing: Some(Duration::from_secs(30)),
        queue_size: Some(7),
        dead_band: Some(DeadBand::Absolute(0.5)),
        backfill: Some(Duration::from_secs(7 * 86_400)),
    };
    assert_eq!(include.action, Action::Include(sampling));
    assert_eq!((include.paths.len(), include.historizing, include.access_level), (2, Some(false), 3));
}

#[test]
fn every_problem_of_a_rule_is_told_with_its_line() {
    for (rule, told) in [
        ("", "a rule has either `include` or `exclude`"),
        ("include = [\"a\"]\nexclude = [\"b\"]", "a rule has either `include` or `exclude`"),
        ("include = [\"a[\"]", "is no pattern"),
        ("include = \"a\"", "must be a list of texts"),
        ("exclude = [\"a\"]\nqueue_size = 3", "a rule that excludes cannot say how to sample"),
        ("include = [\"a\"]\ndead_band = { percent = 101 }", "{ percent = 0 to 100 }"),
        ("include = [\"a\"]\ndead_band = { absolute = 1, percent = 1 }", "{ absolute = distance }"),
        ("include = [\"a\"]\naccess_level = [\"Write\"]", "is no access level; there are \"CurrentRead\""),
        ("include = [\"a\"]\ndatatype = [\"Double\"]", "did you mean `data_type`?"),
    ] {
        let refusal = refusal(&with_source(&format!("[[source.rule]]\n{rule}")));
        assert!(refusal.contains(told), "{rule}: {refusal}");
        assert!(["line 9,", "line 10,", "line 11,"].iter().any(|line| refusal.contains(line)), "{refusal}");
    }
}

#[test]
fn rules_are_written_as_they_are_read_and_stay_with_their_source() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lockgate.toml");
    let source = |name: &str| {
        format!(
            "\n# the {name}\n[[source]]\nname = \"{name}\"\nurl = \"opc.tcp://plc1\"\npolicy = \"Basic256Sha256\"\n\
             mode = \"Sign\"\n"
        )
    };
    let text = "[application]\nuri = \"urn:g:lockgate\"\n".to_owned() + &source("first") + &source("second");
    let rules = parse(&with_source(
        "[[source.rule]]\nexclude = [\"**/Spare\"]\nnamespace = [\"urn:p\"]\n[[source.rule]]\ninclude = [\"Mixing/**\"]\n\
         data_type = [\"Double\"]\ntype_definition = [\"AnalogItemType\"]\nhistorizing = true\nsampling_interval = \"2s\"\n\
         queue_size = 7\ndead_band = { percent = 0.5 }",
    ))
    .unwrap()
    .sources
    .remove(0)
    .rules;
    std::fs::write(&path, &text).unwrap();
    let mut config = Config::load(&path).unwrap();
    config.set_rules("first", &rules).unwrap();
    config.save().unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.source("first").unwrap().rules, rules);
    assert_eq!(config.source("second").unwrap().rules, []);
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap());

    let mut config = config;
    config.set_rules("first", &[]).unwrap();
    config.save().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn sinks_arrive_and_what_is_wrong_with_one_is_told() {
    let with = |lines: &str| format!("[application]\nuri = \"urn:g:lockgate\"\n[[sink]]\n{lines}\n");
    let config = parse(&with(
        "name = \"files\"\nkind = \"file\"\nfolder = \"out\"\nformat = \"csv\"\nevery = \"10s\"",
    ))
    .unwrap();
    let SinkKind::File { folder, format } = &config.sinks[0].kind else { panic!("no file sink") };
    assert_eq!((folder.as_path(), *format), (Path::new("/etc/lockgate/out"), FileFormat::Csv));
    assert_eq!(config.sinks[0].every, Duration::from_secs(10));
    let config =
        parse(&with("name = \"files\"\nkind = \"file\"\nfolder = \"out\"\nformat = \"parquet\"")).unwrap();
    assert!(matches!(config.sinks[0].kind, SinkKind::File { format: FileFormat::Parquet, .. }));
    for (lines, told) in [
        ("kind = \"file\"\nfolder = \"out\"", "`name` is missing"),
        ("name = \"historian\"\nkind = \"file\"\nfolder = \"out\"", "is the embedded one"),
        ("name = \"a b\"\nkind = \"file\"\nfolder = \"out\"", "cannot be the name of a sink"),
        ("name = \"a\"\nkind = \"kafka\"\nfolder = \"out\"", "one of \"file\", \"omf\", \"stdout\""),
        ("name = \"a\"\nkind = \"stdout\"\nfolder = \"out\"", "unknown key `folder`"),
        ("name = \"a\"\nkind = \"file\"", "`folder` is missing"),
        ("name = \"a\"\nkind = \"file\"\nfolder = \"out\"\nformat = \"xml\"", "one of \"jsonl\", \"csv\""),
        (
            "name = \"a\"\nkind = \"file\"\nfolder = \"o\"\n[[sink]]\nname = \"a\"\nkind = \"file\"\nfolder = \"o\"",
            "two sinks are named `a`",
        ),
    ] {
        let refusal = refusal(&with(lines));
        assert!(refusal.contains(told), "{lines}: {refusal}");
    }
}

#[test]
fn an_omf_sink_arrives_with_its_login() {
    let with = |lines: &str| {
        let head = "[application]\nuri = \"urn:g:lockgate\"\n[[sink]]\nname = \"pi\"\nkind = \"omf\"\n";
        format!("{head}target = \"connect\"\n{lines}\n")
    };
    let omf = |lines: &str| match parse(&with(lines)).unwrap().sinks.remove(0).kind {
        SinkKind::Omf(omf) => *omf,
        other => panic!("{other:?}"),
    };
    let url = "url = \"HTTPS://pi1/piwebapi/omf\"\n";
    let plain = omf(url);
    assert_eq!((plain.url.as_str(), &plain.login), ("https://pi1/piwebapi/omf", &OmfLogin::Anonymous));
    assert_eq!((plain.target, plain.gzip, plain.quarantine_limit), (OmfTarget::Connect, true, 256 << 20));
    let secret = SecretRef::File(PathBuf::from("/etc/lockgate/s"));
    let basic = omf(&format!("{url}user = 'D\\u'\npassword = {{ file = \"s\" }}\nca_file = \"ca.pem\""));
    assert_eq!(basic.login, OmfLogin::Basic { user: "D\\u".to_owned(), password: secret.clone() });
    assert_eq!(basic.ca_file.as_deref(), Some(Path::new("/etc/lockgate/ca.pem")));
    let client = "token_url = \"https://t/token\"\nclient_id = \"id\"\nclient_secret = { file = \"s\" }\n";
    let OmfLogin::ClientCredentials { client_secret, .. } = omf(&format!("{url}{client}")).login else {
        panic!("no client credentials")
    };
    assert_eq!(client_secret, secret);
    for loopback in ["http://localhost:5590/omf", "http://127.0.0.1/omf", "http://[::1]:80/omf"] {
        omf(&format!("url = \"{loopback}\""));
    }
    for (lines, told) in [
        ("url = \"http://pi1/omf\"".to_owned(), "unencrypted to another machine"),
        ("url = \"http://localhost.evil.com/omf\"".to_owned(), "unencrypted to another machine"),
        ("url = \"https://u:p@pi1/omf\"".to_owned(), "does not belong into the URL"),
        ("url = \"ftp://pi1/omf\"".to_owned(), "write https://"),
        (format!("{url}user = \"u\""), "logs in with"),
        (format!("{url}user = \"u\"\npassword = \"secret\""), "the password is written in clear"),
        (
            format!("{url}user = \"u\"\npassword = {{ file = \"s\" }}\ntoken = {{ file = \"s\" }}"),
            "logs in with",
        ),
        (format!("{url}{}", client.replace("https", "http")), "`token_url` would send"),
        (format!("{url}sources = [\"a b\"]"), "cannot be the name of a source"),
        (format!("{url}prefix = \"a[\""), "up to 64 letters"),
        (format!("{url}folder = \"out\""), "unknown key `folder`"),
    ] {
        let refusal = refusal(&with(&lines));
        assert!(refusal.contains(told), "{lines}: {refusal}");
        assert!(!refusal.contains("secret\""), "{refusal}");
    }
    let danger = omf("url = \"http://pi1/omf\"\ndanger_plain_http = true");
    assert_eq!(danger.dangers(), ["danger_plain_http"]);
}

#[test]
fn settings_that_wait_to_be_chosen_stay_in_their_section_when_a_source_is_added() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lockgate.toml");
    let mut config = Config::create(&path, "lockgate", "urn:g:lockgate").unwrap();
    let source = SourceConfig::new(
        "line1".parse().unwrap(),
        "opc.tcp://plc1".parse().unwrap(),
        SecurityPolicy::Basic256Sha256,
        MessageSecurityMode::Sign,
    );
    config.add_source(&source).unwrap();
    config.save().unwrap();
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("# keep_days", "keep_days")
        .replace("# journal_", "journal_");
    let config = parse(&text).unwrap();
    assert_eq!(config.storage.keep, Some(Duration::from_secs(400 * 86_400)));
    assert_eq!(config.storage.journal_limit, Some(4096 << 20));
    assert_eq!(config.storage.journal_full, JournalFull::Wait);
    assert_eq!(config.storage.journal_age, Some(Duration::from_secs(30 * 86_400)));
}

#[test]
fn a_journal_that_is_never_full_cannot_drop_anything() {
    let text = GOOD.replace("journal_max_mib = 64\n", "");
    let told = refusal(&text);
    assert!(told.contains("a journal without `journal_max_mib` is never full"), "{told}");
    assert!(told.contains("journal_max_mib = 4096") && told.contains("line 11,"), "{told}");
    let told = refusal(&GOOD.replace("drop-oldest", "drop"));
    assert!(told.contains("`drop` is neither \"wait\" nor \"drop-oldest\""), "{told}");
}

#[test]
fn how_streams_are_called_is_checked_and_survives_an_edit() {
    let text =
        with_source("stream_name = \"{namespace}/{path:/}\"\nnamespaces = { mix = \"urn:vendor:mixing\" }");
    let mut config = parse(&text).unwrap();
    let mut source = config.sources[0].clone();
    assert_eq!(source.stream_name.to_string(), "{namespace}/{path:/}");
    assert_eq!(source.namespace_aliases.get("urn:vendor:mixing").map(String::as_str), Some("mix"));
    source.name = "line9".parse().unwrap();
    config.add_source(&source).unwrap();
    assert_eq!(config.source("line9").unwrap().stream_name, source.stream_name);
    assert_eq!(config.source("line9").unwrap().namespace_aliases, source.namespace_aliases);
    for (setting, told) in [
        ("stream_name = \"{pth}\"", "there is no {pth}; did you mean {path}?"),
        ("stream_name = \"{source}\"", "gives every node the same name"),
        ("namespaces = \"urn:x\"", "must be a table of short names"),
        ("namespaces = { a = 1 }", "the namespace of `a` must be a URI"),
        ("namespaces = { a = \"urn:x\", b = \"urn:x\" }", "`a` and `b` are the same namespace"),
    ] {
        let refusal = refusal(&with_source(setting));
        assert!(refusal.contains(told) && refusal.contains("line 9,"), "{setting}: {refusal}");
    }
}

#[test]
fn a_sink_of_a_source_that_is_not_there_is_told() {
    let sink = |source: &str| {
        let text = with_source("");
        format!(
            "{text}\n[[sink]]\nname = \"pi\"\nkind = \"omf\"\nurl = \"https://pi1/piwebapi/omf\"\ntarget = \"pi-web-api\"\n\
                 sources = [\"{source}\"]\n"
        )
    };
    let known = parse(&sink("line1"));
    assert!(known.is_ok(), "{known:?}");
    let refusal = refusal(&sink("lien1"));
    assert!(
        refusal.contains("there is no source `lien1`") && refusal.contains("did you mean `line1`?"),
        "{refusal}"
    );
}
