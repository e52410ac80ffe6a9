//! The quirks of real modems and SIM cards, each with the tests that show that it is handled. None
//! may be without a test.

use std::path::Path;

const QUIRKS: &[(&str, &[&str])] = &[
    (
        "a +CMT that is not acknowledged in time makes the modem silently deaf",
        &[
            "direct_mode_waits_for_the_acknowledgement_and_goes_deaf_without",
            "after_a_slow_commit_a_modem_that_fell_silent_is_set_again",
            "a_modem_that_stopped_announcing_is_noticed_and_set_again",
        ],
    ),
    (
        "+CNMA needs CSMS=1; some want none, some answer it by a prompt; status reports are not \
         acknowledged",
        &[
            "a_direct_message_is_acknowledged_when_it_is_on_disk_and_not_before",
            "direct_delivery_is_not_chosen_where_the_acknowledgement_cannot_be_withheld",
            "a_prompt_after_an_acknowledgement_is_left_again_sim800c",
            "a_status_report_is_not_acknowledged_novatel",
        ],
    ),
    (
        "class 2 is announced in direct mode, class 0 is handed over in stored mode",
        &[
            "message_classes_take_their_own_way",
            "in_direct_mode_what_is_announced_is_read_all_the_same",
            "a_urc_and_a_direct_message_inside_a_list",
        ],
    ),
    (
        "CNMI settings are advertised and then refused, or accepted and not set",
        &[
            "indications_are_tried_until_one_is_set_and_read_back",
            "what_a_model_advertises_it_need_not_take",
        ],
    ),
    (
        "CPMS takes one, two or three arguments; not every store is there; indexes begin at 0 or 1",
        &[
            "stores_are_selected_as_the_modem_supports_them",
            "stores_that_the_modem_does_not_report_are_tried_t77w968",
            "stores_are_chosen_with_one_two_or_three_arguments",
        ],
    ),
    (
        "CPMS counts lag; +CMTI with index -1 or more fields; +CDS with an empty field",
        &["new_message_indications_of_all_kinds", "messages_that_come_with_a_second_line"],
    ),
    (
        "a full store means deaf, for some until they are started anew",
        &[
            "a_huawei_says_that_it_is_full_and_is_deaf_until_emptied_and_set_again",
            "a_model_that_is_silent_after_its_store_was_full_is_restarted_once_it_is_empty",
            "a_full_store_in_the_models_own_words_is_swept_at_once",
        ],
    ),
    (
        "CMGL is broken or missing; CMGD takes no second argument",
        &["a_model_whose_list_leaves_messages_out_is_read_index_by_index", "commands_as_sent"],
    ),
    (
        "commands are refused now and then; counts and lists do not agree; lists name an index \
         twice; stores without room, and lists of stores in odd forms",
        &[
            "where_three_of_a_hundred_commands_are_refused_messages_are_on_disk_in_five_seconds",
            "a_refused_deletion_is_repeated_only_after_what_is_in_the_slot_is_on_disk",
            "what_the_modem_counts_and_does_not_list_is_read_by_its_index",
            "an_index_that_a_list_names_twice_is_read_before_anything_is_deleted_from_it",
            "a_store_without_room_is_not_where_messages_arrive",
            "with_odd_lists_of_stores_modems_are_ready_and_their_messages_read",
            "odd_lists_of_stores_are_read_by_their_names",
            "announcements_of_stores_that_are_not_read_delete_nothing",
        ],
    ),
    (
        "text mode before PDU mode is set, after another program, or for good",
        &[
            "a_message_that_arrives_before_pdu_mode_is_set_is_kept_for_the_card_that_is_in",
            "texts_that_arrive_inside_their_urc_in_every_form",
            "a_modem_that_keeps_to_text_mode_is_told_a_few_times_and_its_messages_are_read_as_text",
            "what_lies_in_a_store_is_read_for_what_it_is",
            "an_empty_text_takes_no_line_that_follows",
            "what_is_no_text_is_known_in_text_mode_too_where_the_modem_shows_all_of_it",
            "senders_and_texts_in_the_character_sets_that_a_modem_may_be_left_in",
        ],
    ),
    (
        "warnings about the voltage and other lines that belong to nothing, inside replies",
        &[
            "before_the_pdu_of_a_message_that_is_read_once_or_each_time",
            "before_what_a_modem_says_of_itself_and_of_its_card",
            "the_voltage_is_told_in_the_words_of_the_modem_until_an_hour_has_passed",
        ],
    ),
    (
        "the same message twice is one, the same text with another time stamp is two",
        &[
            "the_same_tpdu_read_twice_is_one_message",
            "a_message_that_is_delivered_again_is_the_same_whatever_the_delivery",
            "a_message_comes_twice_when_the_network_did_not_hear_that_it_had_come",
        ],
    ),
    (
        "what is said unasked comes on one port of a stick only",
        &[
            "what_a_stick_says_unasked_goes_to_another_port_until_it_is_called_here",
            "the_urcs_of_a_stick_are_called_to_the_port_that_is_open_quectel",
            "two_ports_of_one_modem_are_one_modem_and_the_other_port_takes_over",
        ],
    ),
    (
        "probes, pushes, reports and drafts are kept and are nobody's text",
        &[
            "every_kind_of_message_is_known_for_what_it_is",
            "what_is_no_text_completes_no_order_and_is_shown_for_what_it_is",
            "what_is_no_text_is_shown_to_the_operator_and_never_sold",
        ],
    ),
    (
        "odd PDUs block nothing and are not lost",
        &[
            "what_cannot_be_decoded_is_kept_and_shown",
            "in_place_of_a_pdu_it_is_read_again_and_nothing_is_deleted",
            "what_ends_too_early_names_the_field_and_the_octet",
            "surrogate_pairs_split_between_parts",
            "a_gsm_escape_split_between_parts",
        ],
    ),
    (
        "line ends, missing spaces, no final result, echo that comes back, bytes that are no \
         text, prompts out of place",
        &[
            "every_kind_of_line_end_gives_the_same_lines",
            "habits_of_the_line",
            "a_reply_without_its_ok_is_used_after_the_time_is_over",
            "an_echo_that_comes_back_means_a_restart",
            "what_is_not_utf8_is_read_as_latin_1",
            "final_results_and_lines_that_only_look_like_one",
            "a_prompt_needs_no_line_end_and_may_have_a_line_after_it",
            "a_prompt_before_the_final_result_is_not_answered_again",
        ],
    ),
    (
        "floods of URCs",
        &[
            "a_flood_of_urcs_does_not_move_the_deadline",
            "a_flood_of_urcs_for_the_length_of_a_command_does_not_move_its_deadline",
        ],
    ),
    (
        "late replies, boot noise, stores that become readable late",
        &[
            "a_late_ok_is_not_taken_for_the_reply_to_another_command",
            "boot_noise_full_stores_and_registration",
            "a_store_that_becomes_readable_late_is_waited_for",
        ],
    ),
    (
        "ports vanish, come back under another name, swap names, are held by others",
        &[
            "a_pulled_stick_comes_back_and_nothing_is_lost",
            "identical_sticks_that_swap_names_are_known_again_by_imei_and_card",
            "a_port_that_another_program_has_open_is_left_alone_and_the_program_named",
            "modemmanager_is_kept_off_every_family_of_usb_modems",
        ],
    ),
    (
        "USSD menus that stay open, texts with marks and line ends, cut, or in odd codings",
        &[
            "a_menu_is_closed_before_another_code_is_sent",
            "a_session_that_was_left_open_is_closed_before_the_first_code_and_no_more",
            "a_text_may_have_quotation_marks_line_ends_and_other_lines_beside_it",
            "a_text_that_was_cut_swallows_no_line_and_ends_after_a_second",
            "every_group_of_coding_schemes_is_read_as_23_038_says",
        ],
    ),
    (
        "a second PIN and the locks of a modem are not the card's PIN; cards that are busy",
        &[
            "a_card_that_wants_its_second_pin_is_usable_and_nothing_is_entered",
            "for_a_lock_of_the_modem_nothing_is_entered_and_its_kind_is_told",
            "a_card_that_is_busy_is_asked_again_before_its_pin_is_entered",
        ],
    ),
    (
        "how many attempts are left is told by another vendor's command, or by none",
        &[
            "each_vendors_question_is_asked_whatever_the_model_and_two_attempts_are_enough",
            "modems_of_every_family_that_know_only_the_standards_question_are_unlocked",
            "without_a_count_the_pin_is_tried_once_where_the_configuration_permits_it",
        ],
    ),
    (
        "a PIN is tried once per card, and never the last attempt",
        &[
            "a_wrong_pin_over_a_hundred_restarts_is_one_attempt",
            "the_last_attempt_and_an_unknown_number_of_attempts_are_not_touched",
            "pin_attempts_are_read_from_the_replies_of_many_vendors",
        ],
    ),
    (
        "the ICCID by many commands, with and without F, quotes, prefix",
        &[
            "replies_of_eight_families_give_the_same_digits",
            "the_iccid_is_found_by_whatever_command_works",
            "each_family_tells_its_iccid_in_its_own_way_and_in_no_other",
        ],
    ),
    (
        "SIM events: nothing is anybody's until the ICCID has been read again",
        &[
            "sim_events_of_seven_vendors",
            "a_sim_pulled_between_reading_and_deleting_is_never_written_to",
            "an_error_that_says_there_is_no_sim_is_an_event_too",
        ],
    ),
    (
        "no IMEI, an empty one, a placeholder, a serial number in its place, one that is told late",
        &[
            "a_modem_is_identified_by_the_best_that_it_tells",
            "placeholders_and_test_equipment_have_no_imei_of_their_own",
            "a_modem_that_tells_its_imei_only_after_some_seconds_is_asked_again",
            "a_modem_without_an_imei_is_resynchronised_by_what_it_does_tell",
            "a_modem_that_loses_its_imei_in_a_restart_stays_the_same",
        ],
    ),
    (
        "every module of a pool has the same IMEI; a stick has several ports with one",
        &[
            "modems_with_one_imei_and_one_without_any_are_served_each_with_its_own_sim",
            "two_ports_with_different_cards_at_one_time_are_two_modems",
            "two_ports_with_one_card_are_one_modem",
            "modems_with_one_imei_each_keep_what_they_held_for_their_own_sims",
        ],
    ),
    (
        "the modem's own store outlives a change of cards",
        &[
            "after_a_change_of_cards_what_is_in_me_is_doubtful_and_what_is_in_sm_is_this_cards",
            "what_waited_for_a_card_is_not_that_cards_which_was_in_before",
        ],
    ),
    (
        "the own number: empty, in the phonebook, by USSD in three forms, by a message",
        &[
            "the_own_number_is_looked_for_in_the_phonebook_when_cnum_has_none",
            "ussd_is_encoded_and_decoded_as_the_model_wants_it",
            "a_code_that_brought_nothing_is_sent_once_in_the_other_form_which_is_remembered",
            "a_sim_without_a_number_has_its_operator_asked_in_the_form_that_the_modem_wants",
            "a_sim_tells_its_number_by_a_message_to_another_one_that_no_customer_sees",
        ],
    ),
    (
        "registered on LTE or 5G alone, or for SMS only; locations without quotes",
        &[
            "lte_alone_is_enough_and_so_is_sms_only",
            "five_g_alone_is_enough_and_is_asked_for_only_where_there_may_be_one",
            "a_reply_and_a_urc_of_registration_are_told_apart",
            "a_location_without_quotes_is_no_status",
        ],
    ),
    (
        "results in digits, or none; half a command; a prompt; a call that has the line",
        &[
            "a_modem_that_answers_in_digits_is_switched_to_words",
            "digits_in_the_middle_of_a_session_mean_that_the_settings_are_lost",
            "a_silent_modem_is_told_to_answer_and_taken_out_of_a_prompt",
            "half_a_command_in_the_line_is_spoilt_and_not_carried_out",
            "a_call_that_has_the_line_is_ended",
        ],
    ),
    (
        "strings in the character set that another program has selected",
        &[
            "strings_are_read_whatever_character_set_is_in_force",
            "strings_are_read_by_the_set_in_force",
        ],
    ),
    (
        "an echo that cannot be switched off, or comes twice",
        &["an_echo_that_stays_or_comes_twice_does_not_make_the_session_begin_again"],
    ),
    (
        "modems that sleep and lose the first characters",
        &["a_modem_that_sleeps_is_asked_again_while_it_is_awake"],
    ),
    (
        "taken off the network by another program, or refused by it",
        &[
            "a_modem_that_was_taken_off_the_network_is_put_back_but_not_again_and_again",
            "a_network_that_the_operator_chooses_is_left_alone",
            "whoever_has_no_network_is_told_why",
        ],
    ),
    (
        "modems that say \"please wait\"",
        &["a_modem_that_says_please_wait_is_asked_again_and_not_reset"],
    ),
    ("the home country by IMSI", &["home_by_imsi"]),
];

/// Every line of Rust in a folder.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_quirk_has_a_test_that_bears_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    sources(&root.join("src"), &mut text);
    sources(&root.join("tests"), &mut text);
    let is_there = |test: &&&str| text.contains(&format!("fn {test}("));
    for (quirk, tests) in QUIRKS {
        let missing: Vec<_> = tests.iter().filter(|test| !is_there(test)).collect();
        assert!(missing.is_empty() && !tests.is_empty(), "{quirk}: {missing:?}");
    }
}
