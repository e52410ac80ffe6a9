//! simbridge: an SMS gateway for GSM modems, modem pools and SIM banks.
//!
//! One daemon. Modem sessions speak AT over serial ports, find out which number each SIM has, and
//! put every incoming SMS into SQLite. An HTTP layer gives those numbers to customers' orders (one
//! service's code, for minutes) and rentals (all SMS, for months) against a prepaid balance.
//!
//! What must always hold and what is bounded stands here, each with the test that shows it.
//! `ARCHITECTURE.md` says which module does what, follows an SMS, an order, a rental and a switch
//! of a SIM bank through the files, and explains the terms.
//!
//! # What always holds
//!
//! Also when the process is killed at any moment:
//!
//! 1. **Nothing is deleted from a modem before it is on disk.** The modem's store and the network's
//!    retries are the only spool. (`an_announced_message_is_read_stored_and_only_then_deleted`,
//!    `every_sms_exactly_once_however_often_the_daemon_is_killed`)
//! 2. **The same message read twice makes one**, whether it was swept again, redelivered by the
//!    network, read from two stores, or shown in text mode, and whatever has changed in its
//!    delivery. (`the_same_tpdu_read_twice_is_one_message`,
//!    `a_message_that_is_delivered_again_is_the_same_whatever_the_delivery`,
//!    `a_message_in_text_mode_completes_an_order_and_is_one_however_it_is_read`)
//! 3. **Every part of a long message is kept as it came**, and becomes a message when all parts are
//!    there: in any order, across restarts, however late. After a time-out the message is shown as
//!    incomplete, and completed if the rest comes. (`a_long_message_in_any_order_across_a_restart`,
//!    `a_long_message_whose_rest_is_late_is_shown_and_then_mended`)
//! 4. **A PDU that cannot be decoded is kept raw, shown, and deleted from the modem**, so that it
//!    never blocks a slot or a session. What has not even the length that the modem says is no PDU:
//!    it is read again, told, and never deleted. (`what_cannot_be_decoded_is_kept_and_shown`,
//!    `a_pdu_that_cannot_be_decoded_is_shown_and_deleted_from_the_modem`,
//!    `in_place_of_a_pdu_it_is_read_again_and_nothing_is_deleted`)
//! 5. **A message goes to at most one order or rental, and only to one that was running when the
//!    network accepted the message**: by its service-centre time stamp, corrected by what live
//!    messages have shown of that clock, and by the time it reached us.
//!    (`any_history_is_as_the_plain_model_says`,
//!    `what_a_sweep_finds_from_before_an_order_is_not_its_code`)
//!    Only a text is given to anybody: what else a network sends completes no order.
//!    (`what_is_no_text_completes_no_order_and_is_shown_for_what_it_is`)
//! 6. **A SIM has at most one open order per service, and a rented SIM has none.** A partial unique
//!    index and triggers enforce it, not only the code.
//!    (`the_database_itself_refuses_what_must_never_be`, `a_rented_sim_is_its_tenants_alone`)
//! 7. **Money is integer minor units, and the ledger only grows**: a balance is the sum of its
//!    entries, each entry has one cause and is applied once, and no order takes an account below
//!    zero. (`money_and_numbers_are_right_however_often_the_daemon_is_killed`)
//! 8. **A number is never sold to two accounts for the same service**, nor to one when another was
//!    sent a message of the service to it, unless the operator sets a cool-down; a SIM rests
//!    between tenants, a number that was ordered before it is rented out, and one that was given up
//!    without its SMS between customers.
//!    (`a_number_is_never_sold_twice_for_a_service_but_may_be_after_a_cancel`,
//!    `what_a_tenant_was_sent_is_sold_to_nobody_else_for_its_service`,
//!    `a_number_rests_after_its_tenant_on_whatever_card_it_is`,
//!    `a_number_that_was_ordered_is_not_let_before_it_has_rested`,
//!    `a_number_that_was_given_up_or_expired_rests_for_all_others`)
//! 9. **A stuck, misbehaving or vanished modem slows nobody else down**: each has its own task,
//!    absolute deadlines and bounded buffers.
//!    (`a_silent_a_vanished_and_a_flooding_modem_slow_neither_their_neighbours_nor_the_stop`)
//! 10. **A SIM's PIN comes from the operator's file and is tried once.** The attempt is on disk
//!     before it is sent, so a wrong PIN is never sent again. The last attempt is not touched, nor
//!     an unknown number of them, unless the card has accepted its PIN before or the operator
//!     permits it. A PUK is never guessed: a SIM that asks for one waits, and is shown.
//!     (`a_wrong_pin_over_a_hundred_restarts_is_one_attempt`,
//!     `a_blocked_card_is_reported_as_requiring_its_puk`,
//!     `the_last_attempt_and_an_unknown_number_of_attempts_are_not_touched`)
//! 11. **IMEIs are read, never written.** SIMs and radios are the operator's own.
//!     (`only_commands_on_one_line_that_write_no_imei`)
//! 12. **After any SIM event nothing is attributed to a SIM until its ICCID has been read again**;
//!     what lies in the modem's own store after a change of SIMs is given to no customer, unless
//!     the network accepted it when this SIM was in.
//!     (`after_a_change_of_cards_what_is_in_me_is_doubtful_and_what_is_in_sm_is_this_cards`,
//!     `what_may_have_come_for_another_sim_is_kept_and_given_to_nobody`,
//!     `off_the_air_nothing_is_read_and_after_the_return_the_iccid_decides`)
//!     A modem is what only it can be: an IMEI that several modems tell at one time, as their
//!     different cards show, identifies none of them.
//!     (`modems_with_one_imei_each_keep_what_they_held_for_their_own_sims`,
//!     `two_ports_with_different_cards_at_one_time_are_two_modems`)
//! 13. **A clock that was set undoes nothing**: no term is charged, no rental ends and nothing is
//!     purged for time that is not known to have passed, until the clock has run steadily for some
//!     minutes, and then by one term a day.
//!     (`a_clock_that_is_wrong_for_seconds_renews_ends_and_purges_nothing`,
//!     `a_clock_that_stays_ahead_costs_one_term_and_a_real_outage_none_of_its_terms`)
//! 14. **A sender's name is no proof**: where a service has patterns, only a text with a code
//!     completes an order, and no later text without one hides it.
//!     (`a_text_without_a_code_is_shown_and_ends_charges_and_hides_nothing`)
//! 15. **An open order whose SIM is lost ends, and costs nothing**, ten seconds after the card was
//!     taken out, if it is in no other modem by then, where its orders follow it; a minute after
//!     its modem has gone or the daemon has started without it; not when a bank has merely parked
//!     it.
//!     (`an_order_ends_when_its_card_is_taken_out_and_put_into_no_other_modem`,
//!     `orders_follow_the_sim_to_another_modem`,
//!     `a_modem_that_is_gone_is_waited_for_a_minute`,
//!     `after_a_start_sims_have_a_minute_and_their_modems_first_try_to_come_up`,
//!     `a_sim_that_is_parked_in_its_bank_is_not_lost`)
//! 16. **A number is judged by several accounts**: of each one failure a day counts against it, and
//!     a SIM that is deaf is not sold, whatever restarts; after a day with one order at a time.
//!     (`one_account_puts_nothing_to_rest`,
//!     `after_three_failures_another_number_is_given_also_after_a_crash`,
//!     `a_deaf_sim_leaves_sale_within_three_orders_and_is_back_when_it_hears`,
//!     `a_sim_that_seemed_deaf_has_one_order_at_a_time_and_no_tenant_until_it_hears`)
//! 17. **What a modem last reported has an age**: a SIM whose modem has fallen silent is not given
//!     out. (`a_stale_or_unready_modem_gives_no_number`)
//!
//! 18. **A tenant does not pay for what does not work**: what a long time off the air has cost is
//!     given back, once, and a rental is not renewed in it. No more is ever given back than a
//!     rental has cost.
//!     (`a_year_of_outages_is_given_back_as_an_independent_count_has_it`,
//!     `a_rental_whose_sim_is_gone_runs_on_for_seven_days_and_ends_with_a_refund`,
//!     `no_more_is_given_back_than_a_rental_has_cost`)
//! 19. **A tenant who is moved keeps what has come, and what came for others stays theirs**: on
//!     either number, before and after.
//!     (`a_tenant_keeps_what_came_and_gets_what_comes_to_the_new_number`)
//! 20. **What happens is told**: whatever happens to an account's order, rental or message, there
//!     is an event of the account, once, written in the transaction that made it true, and in
//!     order. What is withheld is told to nobody.
//!     (`any_history_is_as_the_plain_model_says`,
//!     `money_and_numbers_are_right_however_often_the_daemon_is_killed`,
//!     `what_is_withheld_is_told_to_nobody_and_a_rest_that_comes_is`)
//! 21. **Each event is sent to each webhook endpoint at least once**, unless it is given up after
//!     ten attempts, and those of one order or rental in their order. What is connected to is an
//!     address that was checked at that attempt.
//!     (`each_event_is_sent_at_least_once_and_in_order_however_often_the_daemon_is_killed`,
//!     `what_is_connected_to_is_what_was_checked`)
//! 22. **A request with an idempotency key is carried out once** and answered the same each time:
//!     the answer is kept in the transaction of what it tells. So is the reference that a program
//!     for number markets gives an order.
//!     (`whoever_loses_the_answer_asks_again_and_has_one_order`,
//!     `the_same_request_sent_many_times_at_once_makes_one_order`,
//!     `with_one_reference_one_order_is_made_in_a_day`)
//! 23. **Who signs in is who was let in**: a link sets a password once, a code of a second factor
//!     signs in once, whatever happens at the same time; and whoever is shut out is out at once.
//!     (`of_two_who_use_a_link_at_the_same_time_one_comes_in`,
//!     `a_second_factor_asks_for_a_code_that_works_once_or_a_recovery_code_that_does`,
//!     `whoever_is_shut_out_is_out_at_once`)
//! 24. **What is made with a test key stands beside nothing real**: it is in tables of its own, in
//!     none of the operator's books, and is shown and told to test keys alone, which are shown and
//!     told nothing else.
//!     (`nothing_of_a_test_is_seen_beside_what_is_real_nor_the_other_way`,
//!     `events_and_webhooks_of_tests_come_as_real_ones_do_and_to_tests_alone`)
//!
//! # Limits
//!
//! Whatever can arrive faster than it is handled is bounded. What is beyond the bound is refused
//! with an answer that says so, or waits where nothing is lost.
//!
//! - **A modem's line and reply**: 4 KiB and 8 KiB (`at/lines.rs`, `modem/reply.rs`). The rest is
//!   dropped, and the next one is understood. (`a_line_without_end_is_cut_and_counted_once`,
//!   `lines_come_back_and_too_many_are_dropped`)
//! - **Messages of a modem on their way to the disk**: as many as its store has room for; each is
//!   deleted after its own commit. More stay in the modem, the rest at the network.
//!   (`a_disk_that_hangs_delays_writes_and_nothing_else`)
//! - **Messages that a modem delivers without storing them**: 1024 of a modem on their way to the
//!   disk (`modem/direct.rs`). More are dropped and counted, for the modem does not have them.
//!   (`direct_messages_without_an_owner_or_without_room_are_counted`)
//! - **A frame between a site and the centre**: 1 MiB (`wire/frame.rs`). The connection is closed
//!   on a longer one. (`a_line_may_have_a_mebibyte_and_not_more`)
//! - **Questions of a site under way to the centre**: 256, and 8 about one port
//!   (`wire/site_questions.rs`). More wait at the site, and fail there after ten seconds in all.
//!   (`two_hundred_and_fifty_six_questions_are_under_way`,
//!   `eight_questions_of_a_port_are_under_way_and_keep_their_order`,
//!   `more_than_256_unanswered_questions_are_too_many`)
//! - **The transcript of a port**: the last 200 lines and the first 120 since the port was opened,
//!   of 400 bytes each (`driver/transcript.rs`). What lies between is dropped.
//!   (`the_last_lines_are_kept_without_numbers_and_texts`)
//! - **Incomplete long messages that a part is compared with**: the 16 nearest in time on either
//!   side (`store/assemblies.rs`). Among more with one sender and reference a part begins
//!   another message.
//!   (`a_part_costs_the_same_however_many_like_it_are_incomplete`)
//! - **Orders that are given up**: an account that gave up nearly all of its last 100 has one open
//!   order and waits (`domain/fair_use.rs`). It is given no number meanwhile.
//!   (`a_loop_that_gives_up_every_order_stops_at_the_fifty_first_with_a_pause`)
//! - **What an account does at a time and in a day**: `[orders] max_open_per_account`, and 20 open
//!   orders through the protocols of number markets, `[limits] orders_per_day` and
//!   `spend_per_day`, or its own, and a key's (`domain/fair_use.rs`). Beyond them it is given no
//!   number. (`an_accounts_own_number_of_open_orders_comes_before_the_configurations`,
//!   `an_account_has_twenty_orders_at_a_time_and_one_in_the_api`,
//!   `sixty_four_orders_at_once_spend_exactly_what_may_be_spent`,
//!   `what_is_spent_with_a_key_is_limited_exactly_and_other_keys_go_on`,
//!   `orders_of_a_day_are_counted_whatever_becomes_of_them`)
//! - **Changes of rentals' renewal by one account**: `[limits] edits_per_minute`. More are answered
//!   429 `TOO_MANY_REQUESTS`. (`free_changes_of_a_rental_are_limited`)
//! - **Rentals that cost nothing**: `[rentals] max_free_per_account`. More are answered `NO_STOCK`.
//!   (`what_costs_nothing_is_rented_once`)
//! - **Service centres whose stamps contradict each other**: 64 are remembered for the operator
//!   (`gateway/inbox/network_clocks.rs`). More have no alarm.
//!   (`stamps_that_contradict_each_other_take_no_code_away_and_are_told`)
//! - **Operations that share a commit**: 256 (`store/writer.rs`). More share the next one.
//!   (`queued_operations_share_a_commit_up_to_a_limit`)
//! - **Operations that wait for the writer**: 1024. From 512 on, customers whose request would add
//!   one are answered `ERROR` with `Retry-After`; the rest is reserved for modems, whose tasks wait
//!   beyond it. (`customers_are_refused_early_when_too_many_operations_wait_for_the_disk`)
//! - **Concurrent readers of the database**: 8, one for each connection, and 2 of them for one
//!   account, which rests from each reading for as long as it took (`store/account_turns.rs`). The
//!   others wait. (`only_so_many_read_at_once`, `one_account_leaves_readers_to_the_others`,
//!   `an_account_rests_from_what_took_long_for_as_long_as_it_took`)
//! - **What one request searches**: 256 SIMs while others wait for the writer
//!   (`gateway/stock/mod.rs`); what is further on in a large stock is found in a snapshot, which
//!   one reader makes for all who ask, in a fourth of its time at most.
//!   (`the_last_number_of_a_large_stock_is_ordered_and_then_there_is_none`,
//!   `all_who_ask_before_the_stock_is_read_share_what_is_read`)
//! - **Operations of one account that wait for the writer**: 128 (`store/database.rs`). Requests
//!   that would add one are answered 429 `TOO_MANY_REQUESTS`.
//!   (`customers_are_refused_early_when_too_many_operations_wait_for_the_disk`)
//! - **Wrong attempts to sign in**: 5 in 15 minutes for a name from an address, 20 for an address,
//!   and 60 an hour for a name from everywhere where it has not signed in before
//!   (`gateway/people/attempts.rs`). More wait, and are told for how long.
//!   (`the_sixth_wrong_try_waits_and_another_address_still_gets_in`,
//!   `who_tries_from_everywhere_locks_nobody_out_where_that_one_has_signed_in`)
//! - **Passwords that are hashed at a time**: 2 (`gateway/people/hashing.rs`). Others wait for 3
//!   seconds, and are then told to come again.
//!   (`whoever_waits_too_long_is_told_to_come_again`)
//! - **Sessions of a login**: 50 (`gateway/people/signing_in.rs`). When one more begins, the oldest
//!   ends. (`a_login_has_so_many_sessions_and_the_oldest_ends`)
//! - **Connections**: `[http] max_connections`, and half of the file descriptors. More are answered
//!   503 `TOO_MANY_CONNECTIONS`. (`many_connections_take_no_descriptors_from_modems_and_database`)
//! - **Connections of one address and of one key**: `[limits]`. More are answered 503
//!   `TOO_MANY_CONNECTIONS` and 429 `TOO_MANY_REQUESTS`. An IPv6 network of 64 bits counts as one
//!   address. (`one_address_leaves_connections_to_the_others`,
//!   `one_key_leaves_connections_to_the_others`)
//! - **Rows of a list that grows without end**: 5000 are read at a time (`http/admin/listing.rs`).
//!   More are refused; commands ask on. (`a_list_that_grows_is_read_a_page_at_a_time`)
//! - **Samples**: of each of 18 topics 2 880 minutes, 2 016 means of ten minutes and 9 600 of an
//!   hour, an hour's more at most, with 120 figures each, those of the 25 services with the most
//!   orders and of the 60 pairs of a service and a country whose stock lasts least
//!   (`gateway/samples.rs`, `domain/sample/mod.rs`, `daemon/monitoring/samples.rs`); a modem's
//!   signal is kept for 1 440 minutes in memory.
//!   (`samples_are_condensed_and_their_number_is_bounded`,
//!   `of_too_many_figures_those_stay_that_say_most`, `a_day_is_kept`)
//! - **What is added up of an account's days**: 366 days and 50 000 entries of its ledger, the
//!   newest (`gateway/accounts/spending.rs`).
//!   (`a_customers_days_have_what_was_charged_and_given_back`)
//! - **One step of a search in texts**: 50 000 messages, or what 50 ms suffice for
//!   (`store/search.rs`, `gateway/inbox/searching.rs`). The answer says how far back it has looked,
//!   and the next step goes on there.
//!   (`a_step_ends_where_enough_is_found_or_looked_at_and_the_next_goes_on_there`)
//! - **Connections to the admin socket**: 256, and a sixteenth of the file descriptors, but 8 in
//!   any case; half of them are kept for commands that do not take long. Who follows the messages
//!   is given 500 at a time. (`commands_that_wait_leave_places_to_short_ones`,
//!   `messages_are_followed_a_page_at_a_time`)
//! - **Requests that a client sends without waiting for answers**: one is answered in each turn of
//!   its connection (`http/serve.rs`).
//!   (`requests_that_are_sent_at_once_are_answered_one_in_each_turn`)
//! - **The time in which a client takes an answer**: `[http] write_timeout` without taking a byte,
//!   and ten times as long in all (`http/paced_stream.rs`). Then the connection is closed.
//!   (`clients_that_read_nothing_lose_their_places`,
//!   `one_that_takes_a_byte_now_and_then_is_cut_off_later`)
//! - **Answers that a client has not taken**: one for each connection, as no request is read
//!   meanwhile; 8 MiB for a key and 64 MiB in all (`http/answers_in_flight.rs`), beside the
//!   system's buffers of 128 KiB for sending and 64 KiB for receiving (`http/serve.rs`). Beyond it
//!   requests are answered 429 `TOO_MANY_REQUESTS` and 503 `TOO_MANY_CONNECTIONS`.
//!   (`views_that_are_not_read_take_little_memory_and_slow_nobody`,
//!   `requests_whose_answers_are_not_read_are_not_read_either`,
//!   `answers_that_are_not_taken_are_bounded_for_a_key_and_in_all`)
//! - **A view of a rental**: `[rentals] view_messages` messages with 1 MiB of texts, the newest
//!   (`gateway/rentals/viewing.rs`). (`a_view_has_the_newest_messages_numbered_among_all`)
//! - **The messages in which an order is shown**: 50 with 64 KiB of texts, the newest
//!   (`gateway/resources/order.rs`).
//!   (`an_order_with_many_messages_shows_the_newest_and_its_code`)
//! - **Events**: those of seven days, as far as the texts in them are kept, and of one day for who
//!   follows them (`gateway/events.rs`). A client that was away for longer is told so.
//!   (`events_go_with_the_texts_in_them_and_after_a_week`,
//!   `a_position_can_be_followed_from_for_a_day`)
//! - **Events that a client which follows them has not taken**: 64 KiB of them are read at a time,
//!   or one, and what is sent counts as answers (`http/v2/events.rs`). Beyond it the stream ends,
//!   and the client comes back for the rest.
//!   (`events_that_are_not_read_take_little_memory_and_slow_nobody`)
//! - **An export of an account**: 500 rows in memory (`gateway/accounts/export.rs`), and 16 pieces
//!   that wait for the client (`http/admin/export.rs`). The reading waits for both.
//!   (`an_export_has_all_of_one_account_and_nothing_of_others`)
//! - **A page of a list**: 200 rows, and of messages 1 MiB of texts (`http/v2/page.rs`,
//!   `gateway/rentals/showing.rs`). The next page has the rest. (`a_limit_is_1_to_200`,
//!   `messages_are_found_by_time_and_text_and_waited_for`)
//! - **Answers that are kept for requests that are sent again**: 24 hours, or as long as texts are
//!   kept (`gateway/once.rs`). Then a request is another one.
//!   (`a_request_is_carried_out_once_also_after_a_crash_and_for_a_day`,
//!   `answers_are_kept_no_longer_than_texts`)
//! - **A request's head and body**: 32 KiB and 64 KiB, with a time limit for each (`http/serve.rs`,
//!   `http/params.rs`). Beyond it the answer is `INVALID_REQUEST`, or the connection is closed.
//!   (`a_key_may_be_bound_to_networks_and_a_large_request_is_refused`)
//! - **Requests with a key, and from an address**: `[limits]`. More are answered 429
//!   `TOO_MANY_REQUESTS` after a tenth of a second, as are orders of an account that is paused, so
//!   that who asks on at once keeps nobody busy. (`a_bucket_empties_and_fills`,
//!   `a_refusal_of_too_many_requests_comes_later_than_other_answers`)
//! - **Keys and addresses that are remembered**: 10 000 and 65 536 (`gateway/request_cache.rs`,
//!   `domain/token_bucket.rs`). Others are forgotten, and read again when they come back.
//!   (`when_too_many_keys_are_remembered_all_are_looked_up_again`,
//!   `only_so_many_keys_are_remembered`)
//! - **Pages**: 600 a minute for a session, and as many for an address without one
//!   (`http/web/site.rs`). More are answered 429. (`a_session_asks_for_so_many_pages_a_minute`)
//! - **Readers for pages**: 3 of the 8. Who waits 2 seconds for one is answered 503
//!   (`store/page_readers.rs`). (`pages_have_so_many_turns_and_who_waits_too_long_is_refused`)
//! - **Streams of pages**: 4 of a session, of which the oldest ends for another one, and 200 in
//!   all; other pages ask every 5 seconds (`http/web/streams.rs`). 4 batches wait for a slow
//!   browser, then it is to ask anew (`http/web/live_stream.rs`).
//!   (`the_fifth_stream_of_a_session_takes_the_place_of_the_oldest`, `there_are_so_many_in_all`)
//! - **Forms that are known to be carried out**: 10 000, for a day; beyond, those of the last hour
//!   or none, and what moves money is kept from being done twice by its key
//!   (`http/web/once.rs`). (`the_same_form_of_a_session_has_the_same_slot_for_a_day`)
//! - **A form**: 2 MB in 30 seconds (`http/web/form.rs`). A larger one is refused.
//!   (`what_is_no_form_or_too_large_is_not_read`)
//! - **What an account tries out with test keys**: 1 000 orders and 100 rentals a day
//!   (`domain/sandbox/mod.rs`), kept for a day after their lifetime. More are refused.
//!   (`an_account_makes_so_many_test_orders_in_a_day_whatever_it_may_do_otherwise`,
//!   `the_rental_is_told_each_minute_for_a_day_and_then_forgotten`)
//! - **Webhook endpoints of an account**: 10, and 10 of its test keys (`gateway/webhooks/mod.rs`).
//!   More are refused.
//!   (`customers_have_ten_endpoints_and_see_their_own_alone`)
//! - **Events on their way to one webhook endpoint**: 8, and 1 while it fails
//!   (`delivery/endpoint_task.rs`). More wait in the database; 64 are in memory, without their
//!   bodies (`delivery/queue.rs`).
//!   (`receivers_that_hang_redirect_or_are_gone_slow_no_other_nor_the_stop`,
//!   `only_so_many_are_in_memory`)
//! - **Connections to webhook endpoints**: an eighth of the file descriptors, of which endpoints
//!   that fail have half; of each half one account has a fourth, and 16 at most
//!   (`delivery/turns.rs`). More events wait.
//!   (`one_account_leaves_connections_to_webhooks_to_the_others`,
//!   `an_account_whose_endpoints_all_hang_delays_nobody_elses_webhooks`)
//! - **A webhook's attempt and its answer**: 10 s; a head of 16 KiB and a body of 64 KiB are read,
//!   1 KiB is kept, of the last 20 attempts (`delivery/client.rs`, `domain/webhook/delivery.rs`).
//!   (`of_a_long_answer_the_beginning_is_read_and_less_is_kept`,
//!   `a_receiver_that_hangs_is_given_up_and_one_that_answers_slowly_has_answered`)
//! - **Look-ups of names**: 128 at a time to send webhooks, and 16 of new endpoints
//!   (`gateway/webhooks/resolver.rs`). More wait.
//!   (`only_so_many_names_are_looked_up_at_a_time`)
//! - **Log lines that wait to be written**: 8192 (`daemon/logging/queue.rs`). More are counted and
//!   lost. (`a_sink_that_is_stuck_delays_no_code_that_logs_and_dropped_lines_are_counted`)

pub mod at;
pub mod bank;
pub mod cli;
pub mod daemon;
pub mod delivery;
pub mod domain;
pub mod driver;
pub mod gateway;
pub mod http;
pub mod modem;
pub mod simulator;
pub mod sms;
pub mod store;
pub mod wire;
