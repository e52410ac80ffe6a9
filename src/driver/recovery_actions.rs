//! Carries out recovery steps: commands to the modem, and programs of the operator.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::Command;

use super::usb::UsbDevice;
use crate::domain::PortName;

/// How long a modem has to read a command, and the same time again to answer it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the operator's program may run.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends a command and waits for any answer, or for none: a modem that restarts need not answer.
pub(crate) async fn send(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    command: &str,
) -> Result<(), String> {
    let line = format!("{command}\r");
    let written = tokio::time::timeout(ANSWER_TIMEOUT, stream.write_all(line.as_bytes())).await;
    written
        .map_err(|_| "the modem does not read".to_owned())?
        .map_err(|error| error.to_string())?;
    let mut answer = [0_u8; 256];
    let _ = tokio::time::timeout(ANSWER_TIMEOUT, stream.read(&mut answer)).await;
    Ok(())
}

/// The placeholders in the operator's command that cuts the power of a modem.
pub const POWER_PLACEHOLDERS: [&str; 4] = ["{usb}", "{hub}", "{hub_port}", "{port}"];

/// The placeholders in the operator's command that switches a bank.
pub const SWITCH_PLACEHOLDERS: [&str; 4] = ["{radio}", "{slot}", "{port}", "{bank}"];

/// Says what is wrong with a word of the operator's command: that it has a placeholder, like
/// `{bus}`, which is not in `known`. Braces around anything else are left to the operator.
pub fn unknown_placeholder(word: &str, known: &[&str]) -> Option<String> {
    let in_braces =
        word.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let mut names = in_braces.filter(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    });
    let unknown = names.find(|name| !known.contains(&format!("{{{name}}}").as_str()))?;
    Some(format!("there is no {{{unknown}}}; there are {}", known.join(", ")))
}

/// Fills in the placeholders of the operator's command. `None` when the command is empty, or needs
/// a USB device and the port belongs to none.
pub(crate) fn fill_in(
    command: &[String],
    port: &PortName,
    usb: Option<&UsbDevice>,
) -> Option<Vec<String>> {
    let needs_usb = command
        .iter()
        .any(|word| ["{usb}", "{hub}", "{hub_port}"].iter().any(|place| word.contains(place)));
    if command.is_empty() || (needs_usb && usb.is_none()) {
        return None;
    }
    let (hub, place) = usb.map(UsbDevice::hub_and_port).unwrap_or_default();
    let name = usb.map(|usb| usb.name.as_str()).unwrap_or_default();
    let fill = |word: &String| {
        let word = word.replace("{usb}", name).replace("{hub_port}", place);
        word.replace("{hub}", hub).replace("{port}", port.as_str())
    };
    Some(command.iter().map(fill).collect())
}

/// Runs a program without a shell and waits for it to end. It is killed when it takes too long, and
/// when this future is dropped.
pub(crate) async fn run(command: &[String]) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("there is no command".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.kill_on_drop(true);
    match tokio::time::timeout(PROGRAM_TIMEOUT, command.status()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{program}: {status}")),
        Ok(Err(error)) => Err(format!("{program}: {error}")),
        Err(_) => Err(format!("{program} did not end in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_the_operators_command_are_filled_in() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let usb = UsbDevice { name: "1-1.4".to_owned(), modem: None };
        let uhubctl = words("uhubctl -l {hub} -p {hub_port} -a cycle");
        let port = PortName::from_stored("/dev/x");
        assert_eq!(
            fill_in(&uhubctl, &port, Some(&usb)),
            Some(words("uhubctl -l 1-1 -p 4 -a cycle"))
        );
        assert_eq!(fill_in(&uhubctl, &port, None), None);
        assert_eq!(
            fill_in(&words("relay {port} {usb}"), &port, Some(&usb)),
            Some(words("relay /dev/x 1-1.4"))
        );
        assert_eq!(fill_in(&words("relay {port}"), &port, None), Some(words("relay /dev/x")));
        assert_eq!(fill_in(&[], &port, Some(&usb)), None);
    }

    #[test]
    fn only_lowercase_names_in_braces_are_placeholders() {
        for word in
            ["{usb}", "a{hub}:{hub_port}{port}", "{\"on\": false}", "{}", "${HOME}", "{", "}"]
        {
            assert_eq!(unknown_placeholder(word, &POWER_PLACEHOLDERS), None, "{word}");
        }
        assert!(
            unknown_placeholder("-l {hub} {device}", &POWER_PLACEHOLDERS)
                .unwrap()
                .contains("there is no {device}; there are {usb},")
        );
    }
}
