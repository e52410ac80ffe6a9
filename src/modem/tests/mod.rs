//! Tests of the session by dialogues, without a runtime or a real clock: three minutes take no
//! time.

mod bench;
mod bytes;
mod card;
mod channel;
mod identity;
mod leftovers;
mod message_owner;
mod messages;
mod network;
mod off_air;
mod pin;
mod profiles;
mod setup;
mod sim_tasks;
mod storage;
mod stray_lines;
mod text_mode;
mod ussd;
