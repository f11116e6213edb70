//! Which of the advertised endpoints is the one that was agreed on, and whether it may be.

use std::collections::BTreeSet;

use ua_client::{Endpoint, SecurityRequirement, TRANSPORT_UA_TCP, UserTokenKind, choose, usable_for};
use ua_pki::SecurityPolicy;

use crate::config::SourceConfig;
use crate::error::Error;
use crate::status::mode_name;

/// Policy and mode were agreed when the source was added; anything else, stronger or weaker, is for a person to
/// decide (RF-03). Among several endpoints of that policy and mode, one that lets us log in.
pub(super) fn agreed_endpoint<'a>(
    source: &SourceConfig,
    login: UserTokenKind,
    advertised: &'a [Endpoint],
) -> Result<&'a Endpoint, Error> {
    let agreed = |endpoint: &&Endpoint| {
        endpoint.policy == Some(source.policy)
            && endpoint.mode == source.mode
            && (endpoint.transport_profile == TRANSPORT_UA_TCP || endpoint.transport_profile.is_empty())
    };
    let usable =
        |endpoint: &&Endpoint| agreed(endpoint) && usable_for(endpoint, requirement(source, login)).is_ok();
    // without a usable one, connecting to the other says best what is missing
    let found = advertised.iter().find(usable).or_else(|| advertised.iter().find(agreed));
    let endpoint = found.ok_or_else(|| not_offered(source, advertised))?;
    refuse_downgrade(source, login, advertised)?;
    Ok(endpoint)
}

/// Until the server has proved itself once, what the source was configured with came from a list that anybody on the
/// way could have shortened. So the strongest of today's list must be no stronger, but where a person asked for it;
/// that today's list is whole is proved inside the session (SC-11).
fn refuse_downgrade(
    source: &SourceConfig,
    login: UserTokenKind,
    advertised: &[Endpoint],
) -> Result<(), Error> {
    if source.server_thumbprint.is_some() || source.danger_without_security {
        return Ok(());
    }
    let asked = source.asked_for;
    let open_to_choice: Vec<Endpoint> = advertised
        .iter()
        .filter(|endpoint| !asked.policy || endpoint.policy == Some(source.policy))
        .filter(|endpoint| !asked.mode || endpoint.mode == source.mode)
        .cloned()
        .collect();
    let Ok(choice) = choose(&open_to_choice, requirement(source, login)) else { return Ok(()) };
    match open_to_choice.get(choice.index) {
        Some(best) if (best.mode, best.policy) > (source.mode, Some(source.policy)) => {
            Err(Error::StrongerOffered { configured: configured(source), offered: best.security_name() })
        }
        _ => Ok(()),
    }
}

fn requirement(source: &SourceConfig, login: UserTokenKind) -> SecurityRequirement {
    SecurityRequirement {
        minimum: (source.policy, source.mode),
        needs: login,
        danger_without_security: source.danger_without_security,
    }
}

fn not_offered(source: &SourceConfig, advertised: &[Endpoint]) -> Error {
    let offered: Vec<_> = advertised.iter().filter_map(|e| e.policy.map(|policy| (policy, e.mode))).collect();
    let name = |(policy, mode): (SecurityPolicy, _)| format!("{} {}", policy.name(), mode_name(mode));
    let mut told = BTreeSet::new();
    let mut offers: Vec<String> =
        offered.iter().copied().map(name).filter(|offer| told.insert(offer.clone())).collect();
    if offers.is_empty() {
        offers.push("nothing we can use".to_owned());
    }
    Error::SecurityChanged {
        wanted: configured(source),
        offers,
        weaker: offered.iter().all(|(policy, mode)| (*mode, *policy) < (source.mode, source.policy)),
    }
}

fn configured(source: &SourceConfig) -> String {
    format!("{} {}", source.policy.name(), mode_name(source.mode))
}

#[cfg(test)]
mod tests {
    use ua_channel::MessageSecurityMode;
    use ua_client::UserTokenPolicy;
    use ua_pki::{ApplicationIdentity, ApplicationProfile, KeyKind};

    use super::*;
    use crate::config::AskedFor;

    const NOBODY: UserTokenKind = UserTokenKind::Anonymous;
    const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;

    fn certificate() -> Vec<u8> {
        let profile = ApplicationProfile {
            common_name: "plc".to_owned(),
            organization: None,
            application_uri: "urn:plc".to_owned(),
            dns_names: vec!["plc".to_owned()],
            ip_addresses: vec![],
            key: KeyKind::Rsa { bits: 2048 },
            valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
            days: 365,
        };
        ApplicationIdentity::self_signed(&profile).unwrap().chain_der()
    }

    fn endpoint(policy: SecurityPolicy, mode: MessageSecurityMode, token: UserTokenKind) -> Endpoint {
        Endpoint {
            url: "opc.tcp://plc:4840".to_owned(),
            application_uri: "urn:plc".to_owned(),
            product_uri: String::new(),
            application_name: String::new(),
            policy_uri: policy.uri().to_owned(),
            policy: Some(policy),
            mode,
            server_certificate: certificate(),
            user_tokens: vec![UserTokenPolicy {
                policy_id: "0".to_owned(),
                kind: token,
                security_policy_uri: None,
                issued_token_type: None,
            }],
            security_level: 0,
            transport_profile: TRANSPORT_UA_TCP.to_owned(),
        }
    }

    fn source(mode: MessageSecurityMode) -> SourceConfig {
        SourceConfig::new("line1".parse().unwrap(), "opc.tcp://plc".parse().unwrap(), POLICY, mode)
    }

    fn honest() -> Vec<Endpoint> {
        [MessageSecurityMode::Sign, MessageSecurityMode::SignAndEncrypt]
            .map(|mode| endpoint(POLICY, mode, UserTokenKind::Anonymous))
            .to_vec()
    }

    #[test]
    fn what_a_shortened_list_made_us_choose_is_refused_at_the_first_connect() {
        let chosen = source(MessageSecurityMode::Sign);
        let Err(Error::StrongerOffered { configured, offered }) = agreed_endpoint(&chosen, NOBODY, &honest())
        else {
            panic!("accepted a downgrade");
        };
        assert_eq!(configured, "Basic256Sha256 Sign");
        assert_eq!(offered, "Basic256Sha256 SignAndEncrypt");
    }

    #[test]
    fn a_weaker_mode_is_used_when_a_person_asked_for_it_or_the_server_has_proved_itself_with_it() {
        let mut asked = source(MessageSecurityMode::Sign);
        asked.asked_for = AskedFor { policy: false, mode: true };
        assert_eq!(agreed_endpoint(&asked, NOBODY, &honest()).unwrap().mode, MessageSecurityMode::Sign);
        // the other half of the choice was ours, and is still checked
        let mut list = honest();
        let strongest = SecurityPolicy::Aes256Sha256RsaPss;
        list.push(endpoint(strongest, MessageSecurityMode::Sign, UserTokenKind::Anonymous));
        assert!(matches!(agreed_endpoint(&asked, NOBODY, &list), Err(Error::StrongerOffered { .. })));

        let mut proved = source(MessageSecurityMode::Sign);
        let shown = honest()[0].leaf().unwrap();
        proved.server_thumbprint = Some(shown.thumbprint());
        assert_eq!(agreed_endpoint(&proved, NOBODY, &honest()).unwrap().mode, MessageSecurityMode::Sign);
    }

    #[test]
    fn of_two_endpoints_alike_the_one_that_lets_us_log_in_is_used() {
        let mode = MessageSecurityMode::SignAndEncrypt;
        let list =
            [UserTokenKind::UserName, UserTokenKind::Anonymous].map(|kind| endpoint(POLICY, mode, kind));
        let used = agreed_endpoint(&source(mode), NOBODY, &list).unwrap();
        assert_eq!(used.user_tokens[0].kind, UserTokenKind::Anonymous);
    }
}
