//! The catalogue of security cases, as far as it is about this client and RSA policies: which test shows which case.
//!
//! The tests themselves say what is expected. This table keeps a case from losing its test without anybody noticing.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests fail by panicking")]

use std::path::Path;

/// A case, the file below `crates/`, and a test in it.
const CASES: &[(&str, &str, &str)] = &[
    ("SC-01", CHANNEL, "a_server_with_another_certificate_than_the_validated_one_is_refused"),
    ("SC-01", HANDSHAKE, "a_certificate_other_than_the_validated_one_costs_not_a_single_byte"),
    ("SC-02", OPEN, "an_answer_from_another_certificate_key_or_policy_is_refused"),
    ("SC-03", OPEN, "an_answer_from_another_certificate_key_or_policy_is_refused"),
    ("SC-04", "ua-client/tests/choose.rs", "endpoints_that_cannot_be_used_say_why"),
    ("SC-05", OPEN, "an_answer_with_an_unusable_nonce_is_refused"),
    ("SC-06", HANDSHAKE, "a_session_nonce_that_is_short_long_or_zero_is_refused"),
    ("SC-07", HANDSHAKE, "a_certificate_that_changes_inside_the_session_is_refused"),
    ("SC-08", HANDSHAKE, "a_server_that_does_not_sign_is_refused"),
    ("SC-08", HANDSHAKE, "a_signature_over_another_nonce_is_refused"),
    ("SC-08", HANDSHAKE, "a_signature_under_another_algorithms_name_is_refused"),
    ("SC-09", LOGIN, "a_user_signs_nothing_for_a_server_that_has_not_proven_itself"),
    ("SC-10", HANDSHAKE, "an_endpoint_that_vanishes_inside_the_session_is_found_out"),
    ("SC-11", HANDSHAKE, "a_stronger_endpoint_that_was_hidden_before_is_found_out"),
    ("SC-12", HANDSHAKE, "an_endpoint_that_names_another_application_is_refused_before_connecting"),
    ("SC-13", "ua-client/src/endpoint_url.rs", "the_path_comes_from_the_server_but_never_the_host"),
    ("SC-14", HANDSHAKE, "other_host_names_in_the_urls_are_no_difference"),
    ("SC-15", "ua-client/tests/choose.rs", "our_ranking_decides_and_the_servers_level_lies_in_vain"),
    ("SC-16", OPEN, "a_renewal_may_not_change_the_channel_repeat_the_token_or_restart_the_sequence"),
    ("SC-17", CONVERSATION, "the_client_renews_at_three_quarters_of_the_lifetime_and_messages_flow_on"),
    ("SC-17", CONVERSATION, "what_was_sent_with_the_old_token_around_a_renewal_is_accepted"),
    ("SC-17", CONVERSATION, "an_old_token_is_refused_once_the_new_one_was_used"),
    ("SC-17", OPEN, "absurd_lifetimes_lead_neither_to_endless_renewal_nor_to_none"),
    ("SC-18", CHANNEL, "wrong_sequence_channel_token_and_request_numbers_close_the_client"),
    ("SC-19", CHANNEL, "every_single_byte_corruption_of_a_response_is_refused_and_not_commented_on"),
    ("SC-20", HANDSHAKE, "a_nonce_used_twice_is_refused_after_activation"),
    ("SC-22", LOGIN, "on_a_channel_without_security_a_password_needs_a_validated_certificate"),
    ("RF-01", LOGIN, "a_password_never_crosses_a_channel_that_is_only_signed_in_clear"),
    ("RF-01", LOGIN, "an_issued_token_goes_to_nobody_who_wants_another_kind_or_wants_it_in_clear"),
    ("RF-02", LOGIN, "on_a_channel_without_security_a_password_needs_a_validated_certificate"),
    ("RF-03", "ua-client/tests/choose.rs", "what_was_required_and_is_gone_is_an_error_that_lists_the_offers"),
    ("RF-06", LOGIN, "a_server_that_offers_anonymous_only_gets_no_anonymous_login_instead"),
    ("RF-07", LOGIN, "a_password_is_never_protected_by_a_broken_policy"),
    ("RF-12", LOGIN, "a_login_does_not_show_itself"),
    ("OR-04", LOGIN, "a_user_certificate_is_of_no_use_where_its_signature_would_prove_too_much_or_nothing"),
    ("HC-01", CHANNEL, "acknowledge_sizes_below_the_minimum_are_refused_and_huge_ones_clamped"),
    ("HC-02", CHANNEL, "unknown_and_misplaced_message_types_close"),
    ("HC-03", CHANNEL, "size_fields_that_lie_close_at_once"),
    ("HC-04", CONVERSATION, "handshakes_have_deadlines_on_both_sides"),
    ("HC-04", HANDSHAKE, "a_server_that_accepts_and_says_nothing_ends_at_the_deadline"),
    ("HC-04", SERVICES, "a_missing_answer_is_a_timeout_of_that_request_only"),
    ("HC-05", CHANNEL, "endless_and_oversized_messages_are_cut_off"),
    ("HC-06", CHANNEL, "a_request_is_answered_only_once"),
    ("HC-07", CHANNEL, "an_aborted_response_fails_its_request_alone_even_with_a_reason_of_two_gigabytes"),
    ("HC-08", CHANNEL, "unknown_and_misplaced_message_types_close"),
    ("HC-09", OPEN, "an_answer_from_another_certificate_key_or_policy_is_refused"),
    ("HC-10", OPEN, "an_answer_with_an_unusable_nonce_is_refused"),
    ("HC-12", OPEN, "absurd_lifetimes_lead_neither_to_endless_renewal_nor_to_none"),
    ("HC-13", OPEN, "a_renewal_may_not_change_the_channel_repeat_the_token_or_restart_the_sequence"),
    ("HC-13", CONVERSATION, "an_unanswered_renewal_ends_the_channel"),
    ("HC-14", CHANNEL, "wrong_sequence_channel_token_and_request_numbers_close_the_client"),
    (
        "HC-14",
        "ua-channel/src/channel/sequence.rs",
        "a_wrap_is_accepted_near_the_end_only_and_only_to_small_numbers",
    ),
    ("HC-15", CHANNEL, "every_single_byte_corruption_of_a_response_is_refused_and_not_commented_on"),
    ("HC-15", "ua-channel/src/security/symmetric.rs", "padding_that_lies_is_refused_even_behind_a_right_mac"),
    ("HC-16", CHANNEL, "a_replayed_chunk_is_refused"),
    ("HC-16", NETWORK, "what_is_lost_repeated_late_cut_or_changed_on_the_way_never_passes_for_a_message"),
    ("HC-17", CHANNEL, "a_plain_chunk_on_a_secured_channel_is_refused"),
    ("HC-19", HANDSHAKE, "a_server_that_does_not_sign_is_refused"),
    ("HC-21", HANDSHAKE, "a_token_policy_rewritten_on_the_way_is_found_out"),
    ("HC-22", HOSTILE, "endpoint_lists_that_are_empty_endless_or_lie_about_their_length_are_no_choice"),
    ("HC-22", HOSTILE, "endpoints_of_nonsense_are_passed_over_and_the_servers_own_ranking_is_not_obeyed"),
    ("HC-23", LOGIN, "a_password_is_never_protected_by_a_broken_policy"),
    ("HC-25", HOSTILE, "session_parameters_and_clocks_of_nonsense_are_lived_with"),
    ("HC-25", SERVICES, "no_request_is_larger_than_the_server_takes"),
    ("HC-27", HOSTILE, "faults_and_rubbish_in_place_of_every_answer_are_typed_errors"),
    ("HC-27", SERVICES, "an_answer_of_another_kind_or_count_is_an_error_and_not_the_end"),
    ("HC-28", WALK, "nested_variants_are_read_to_the_depth_the_standard_asks_for_and_not_beyond"),
    ("HC-28", SERVICES, "values_that_lie_about_their_size_or_nest_without_end_fail_alone"),
    ("HC-30", WALK, "array_lengths_that_lie_are_refused_without_taking_memory"),
    ("HC-30", WALK, "dimensions_have_to_multiply_to_the_length"),
    (
        "HC-31",
        WALK,
        "strings_have_to_be_inside_the_message_and_those_that_are_not_utf8_come_as_they_were_sent",
    ),
    ("HC-31", WALK, "one_string_that_is_not_utf8_does_not_take_the_rest_of_its_message_along"),
    ("HC-32", WALK, "every_built_in_type_of_another_stack_is_read"),
    ("HC-32", "ua-channel/tests/history.rs", "history_that_is_longer_or_shorter_than_it_says_is_refused"),
    ("HC-34", WALK, "picoseconds_follow_their_own_timestamp"),
    ("HC-34", WALK, "times_and_status_are_those_on_the_wire"),
    ("HC-35", "ua-client/src/structure/tests.rs", "absurd_definitions_are_refused"),
    ("HC-36", SERVICES, "references_without_end_fail_the_node_and_the_continuation_point_is_given_back"),
    ("HC-36", "ua-client/tests/rogue/history.rs", "promises_without_end_are_given_up_and_given_back"),
    ("HC-38", HOSTILE, "notifications_of_nobodys_with_absurd_numbers_are_bounded"),
    ("HC-38", WALK, "more_sequence_numbers_than_we_hold_are_refused"),
    ("HC-38", SERVICES, "a_silent_subscription_is_reported"),
    ("HC-39", CHANNEL, "a_request_is_answered_only_once"),
    ("HC-39", SERVICES, "a_server_that_owes_hundreds_of_answers_is_left"),
    ("HC-40", HOSTILE, "session_parameters_and_clocks_of_nonsense_are_lived_with"),
    ("HC-41", HOSTILE, "endpoints_of_nonsense_are_passed_over_and_the_servers_own_ranking_is_not_obeyed"),
    ("HC-41", "ua-client/src/error.rs", "words_of_the_server_cannot_drive_a_terminal"),
    ("HC-43", "ua-client/src/endpoint_url.rs", "the_path_comes_from_the_server_but_never_the_host"),
    ("HC-43", HOSTILE, "a_discovery_server_can_name_thousands_of_addresses_and_only_usable_ones_are_kept"),
    ("HC-48", HOSTILE, "a_connection_cut_after_any_number_of_bytes_ends_in_an_error_and_never_in_waiting"),
    ("HC-48", SERVICES, "a_connection_that_breaks_tells_everybody_who_waits"),
    (
        "rogue server",
        ATTACKS,
        "rogue_server_with_a_certificate_of_its_own_gets_neither_a_signature_nor_a_password",
    ),
    ("rogue client", ATTACKS, "rogue_client_that_nobody_trusts_reaches_no_service"),
    ("middleperson", ATTACKS, "middleperson_who_strips_the_strongest_policies_is_found_out_before_we_sign"),
    ("UT-06", LOGIN, "a_password_of_more_than_64_bytes_goes_as_an_encrypted_secret_signed_now"),
    ("UT-08", LOGINS, "whatever_is_wrong_with_a_password_there_is_one_answer"),
    ("UT-09", "ua-channel/src/security/vectors.rs", "the_length_field_of_a_password_cannot_lie"),
    ("UT-10", LOGINS, "an_activation_cannot_be_replayed"),
    ("UT-12", LOGINS, "tokens_that_this_endpoint_does_not_take_are_refused"),
    (
        "UT-13",
        LOGINS,
        "a_user_with_a_certificate_is_whom_the_list_of_users_trusts_and_who_signs_the_last_nonce",
    ),
];

const ATTACKS: &str = "ua-client/tests/rogue/attacks.rs";
const CHANNEL: &str = "ua-channel/tests/hostile_peer.rs";
const CONVERSATION: &str = "ua-channel/tests/conversation.rs";
const HANDSHAKE: &str = "ua-client/tests/rogue/handshake.rs";
const HOSTILE: &str = "ua-client/tests/rogue/hostile.rs";
const LOGIN: &str = "ua-client/tests/rogue/login.rs";
const LOGINS: &str = "ua-server/src/services/logins.rs";
const NETWORK: &str = "ua-channel/tests/network.rs";
const OPEN: &str = "ua-channel/src/channel/rogue.rs";
const SERVICES: &str = "ua-client/tests/rogue/services.rs";
const WALK: &str = "ua-channel/tests/publish.rs";

#[test]
fn every_case_has_a_test_that_is_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let missing: Vec<_> = CASES
        .iter()
        .filter(|(_, file, test)| {
            let source = std::fs::read_to_string(crates.join(file)).unwrap_or_default();
            !source.contains(&format!("fn {test}("))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
