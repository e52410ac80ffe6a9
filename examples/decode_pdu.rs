//! Decodes a message that a modem gave in PDU mode and prints what is in it:
//!
//! ```text
//! cargo run --example decode_pdu -- 07911326040000F0040B911346610089F600002080629173140…
//! ```
//!
//! Without an argument it decodes a message of its own.

use std::process::ExitCode;

use simbridge::sms::Pdu;

const EXAMPLE: &str =
    "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07";

fn main() -> ExitCode {
    let text = std::env::args().nth(1).unwrap_or_else(|| EXAMPLE.to_owned());
    let octets = match hex::decode(&text) {
        Ok(octets) => octets,
        Err(error) => {
            eprintln!("a PDU is hexadecimal digits, as AT+CMGR prints them: {error}");
            return ExitCode::FAILURE;
        }
    };
    match Pdu::decode(&octets) {
        Ok(Pdu::Deliver(message)) => {
            let text = message.text();
            println!("type    SMS-DELIVER");
            println!("from    {}", message.originator);
            println!("sent    {}", message.scts);
            if let Some(part) = message.concat() {
                println!("part    {} of {}", part.sequence, part.total);
            }
            println!("text    {}", text.text);
            println!("flaws   {}", text.flaws);
            ExitCode::SUCCESS
        }
        Ok(other) => {
            println!("{other:#?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("not a message: {error}");
            ExitCode::FAILURE
        }
    }
}
