//! simbridge: an SMS gateway for GSM modems, modem pools and SIM banks.
//!
//! One daemon. Modem workers speak AT over serial ports, find out which number each SIM has, and
//! put every incoming SMS into SQLite. An HTTP layer gives those numbers to customers' orders (one
//! service's code, some minutes) and rentals (all SMS, some months) against a prepaid balance.
//!
//! # What always holds
//!
//! 1. **Nothing is deleted from a modem before it is on disk.** The modem's store and the network's
//!    retries are the only spool.
//! 2. **The same TPDU read twice makes one message**: swept again, redelivered, read from two
//!    stores.
//! 3. **Every part of a long message is kept as it came**, and becomes a message when all are
//!    there: in any order, across restarts, however late. After a time-out it is shown as
//!    incomplete, and mended if the rest comes.
//! 4. **What cannot be decoded is kept raw and shown**, and deleted from the modem: it never blocks
//!    a slot or a worker.
//! 5. **A message goes to at most one order, and only to one that was running when the network took
//!    the message in**: by its service-centre time stamp, corrected by what live messages have
//!    shown of that clock, and by the time it reached us.
//! 6. **A SIM has at most one open order per service, and a rented SIM has none.** A partial unique
//!    index and triggers see to it, not only the code.
//! 7. **Money is integer minor units. The ledger only grows**; a balance is the sum of its entries;
//!    each entry has one cause and is applied once; no order takes an account below zero.
//! 8. **A number is never sold to two accounts for the same service**, unless the operator sets a
//!    cool-down; a SIM rests between tenants.
//! 9. **One stuck, wild or vanished modem slows nobody else**: a task each, absolute deadlines,
//!    bounded buffers.
//! 10. **A SIM's PIN comes from the operator's file and is tried once**; a wrong one never again,
//!     which is on disk before it is sent. No PUK is guessed: a SIM that asks for one waits, and is
//!     shown.
//! 11. **IMEIs are read, never written.** SIMs and radios are the operator's own.
//! 12. **After any SIM event nothing is attributed to a SIM until its ICCID has been read again**;
//!     what lay in the modem's own store before a SIM change came for the SIM before.
//! 13. **What a modem last said has an age**: a SIM whose modem has fallen silent is not given out.
//!
//! # Rooms
//!
//! Imports point only downwards; `tests/suite/layering.rs` checks it, and that SQL stands only in
//! [`store`], AT commands only in [`at`], [`modem`] and [`simulator`].
//!
//! | room | what lives there | may import |
//! | --- | --- | --- |
//! | [`cli`] | the commands; they talk to a running daemon over its admin socket | all |
//! | [`daemon`] | puts the parts together, starts them, stops them; configuration, log, the real clock | all but `cli` |
//! | [`simulator`] | a mobile network and its modems behind PTYs: a stand-in for the hardware, never for the driver | `sms` |
//! | [`http`] | axum: the customers' API, the admin interface | `gateway`, `domain` |
//! | [`driver`] | serial ports, the loop that carries a session's actions out, supervision | `modem` |
//! | [`modem`] | pure: one AT session as a machine | `at`, `sms` |
//! | [`gateway`] | what the business does, a function per verb, one transaction each | `domain`, `store`, `sms` |
//! | [`store`] | SQLite: the writer, the readers, a file per aggregate; all SQL | `domain` |
//! | [`domain`] | pure rules and types | nothing |
//! | [`at`] | pure: bytes to lines to replies; commands to bytes | nothing |
//! | [`sms`] | pure: TPDUs, alphabets, joining | nothing |
//!
//! The pure rooms have no `async`, no clock, no randomness and no logging: time is an argument.
//!
//! # One SMS, from the modem to the customer's poll
//!
//! 1. `driver/` reads bytes from the serial port and hands them, with the time, to a session
//!    ([`modem::Session`]).
//! 2. `at/` makes lines of them. The session sees `+CMTI: "SM",3` between or inside replies and
//!    puts reading slot 3 on its list; a sweep of all stores, at start and then every minute, finds
//!    what no URC told of.
//! 3. The session sends `AT+CMGR=3`, gets the PDU, and returns the action `Store`. It goes on with
//!    other work; slot 3 stays as it is.
//! 4. `daemon/gateway_bridge.rs` puts it into the gateway's words and awaits `gateway/inbox/mod.rs`.
//! 5. There the PDU is decoded (`sms/deliver.rs`), and one operation goes to the writer
//!    (`store/writer.rs`): the part (`store/parts.rs`), with its neighbours if it is one of several
//!    (`gateway/inbox/assembly.rs`); the message with the code found in it (`domain/code.rs`); the order
//!    whose service's patterns fit (`domain/catalogue.rs`) and that was running (`domain/order.rs`,
//!    `domain/network_clock.rs`); the capture of its price (`store/ledger.rs`).
//! 6. The writer commits everything that waits with one fsync (while many come it gathers for two
//!    milliseconds), then answers. The commit wakes the order's long polls (`gateway/long_poll.rs`).
//! 7. The session hears that the message is on disk and sends `AT+CMGD=3`.
//! 8. `http/customer/regular.rs` answers the customer's `getsms` with `SUCCESS_…`.
//!
//! # Limits
//!
//! Whatever can come faster than it is dealt with has a bound, and who comes beyond it is told or
//! waits where nothing is lost.
//!
//! | what | at most | beyond it | test |
//! | --- | --- | --- | --- |
//! | a modem's line and reply | 4 KiB and 8 KiB (`at/lines.rs`, `modem/reply.rs`) | the rest of it is dropped, the next is understood | `a_line_without_end_is_cut_and_counted_once`, `lines_come_back_and_too_many_are_dropped` |
//! | messages of a modem on their way to the disk | those that its store has room for; each is deleted after its own commit | they stay in the modem, the rest at the network | `a_disk_that_stands_still_holds_up_writes_and_nobody_else` |
//! | what is kept of a port's conversation | 320 lines of 400 characters (`driver/transcript.rs`) | the oldest go | `the_last_lines_are_kept_without_numbers_and_texts` |
//! | operations that share a commit | 256 (`store/writer.rs`) | the next commit | `what_waits_shares_a_commit_up_to_a_limit` |
//! | operations that wait for the writer | 1024; from 512 on customers who would add one are answered `ERROR` with `Retry-After`, the rest is the modems' | modems' tasks wait | `customers_are_told_early_when_too_much_waits_for_the_disk` |
//! | readers of the database at once | 8 | the others wait; they are as many as there are connections | `only_so_many_read_at_once` |
//! | connections | `[http] max_connections`, and half of the file descriptors | answered 503 `TOO_MANY_CONNECTIONS` | `a_crowd_takes_no_descriptor_from_modems_and_database` |
//! | a request's head and body | 32 KiB, 64 KiB, and a time for each (`http/serve.rs`, `http/params.rs`) | `INVALID_REQUEST`, or the connection is closed | `a_key_may_be_bound_to_networks_and_a_large_request_is_refused` |
//! | requests with a key, from an address | `[limits]` | 429 `TOO_MANY_REQUESTS` | `a_bucket_empties_and_fills` |
//! | keys, addresses that are remembered | 10 000, 65 536 (`gateway/request_cache.rs`, `http/limits.rs`) | forgotten, and learnt anew | `more_keys_than_are_remembered_are_learnt_anew`, `a_limit_of_0_limits_nothing_and_only_so_many_keys_are_remembered` |
//! | log lines that wait to be written | 8192 (`daemon/logging/queue.rs`) | counted, and lost | `a_sink_that_is_stuck_holds_nobody_up_and_what_is_lost_is_counted` |
//!
//! # One order
//!
//! `http/customer/regular.rs` takes `makeorder`; `gateway/orders/mod.rs` checks, in this order,
//! parameters, open order, stock (`store/sims.rs`, with what `gateway/modem_registry.rs` knows of the
//! modems) and balance, adds the order and holds its price. It ends by its first SMS (above), by
//! `cancelorder` or `skipnumber`, or by its deadline (`gateway/sweeper.rs`), and the hold is
//! captured or released with it.
//!
//! # One switch of a SIM bank
//!
//! `driver/bank/task.rs` runs a bank: it tells the state machine in `bank/` what the radios'
//! sessions report, what `gateway/banks.rs` wants of the bank's SIMs, and that time passes; and
//! carries out the state machine's actions. The plan (`bank/plan.rs`) chooses a slot for a radio
//! that may take one. The gateway releases the SIM on it, in the writer's order, so that no
//! order gets it from then on; the session empties the stores and goes off the air (`modem/serving/
//! departing.rs`, `modem/off_air.rs`); the bank switches (`driver/bank/control.rs`, the module, or
//! a program); the session comes back and reads the ICCID, and only that counts
//! (`bank/outcome.rs`). An order that was sold on a parked SIM (`gateway/standby.rs`) begins
//! when its SIM is Ready.
//!
//! # One rental
//!
//! `http/customer/rental.rs` takes `rental/new`; `gateway/rentals.rs` finds a SIM that nobody waits
//! on and charges the package (`domain/rental.rs`, `domain/price.rs`). Its end is its months after
//! its start (`domain/calendar.rs`). When that has come, whoever meets it first, the sweeper, a
//! request or an SMS, renews it or ends it; then its SIM rests.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![deny(clippy::todo, clippy::unimplemented, clippy::dbg_macro)]
#![warn(missing_docs)]

pub mod at;
pub mod bank;
pub mod cli;
pub mod daemon;
pub mod domain;
pub mod driver;
pub mod gateway;
pub mod http;
pub mod modem;
pub mod simulator;
pub mod sms;
pub mod store;
