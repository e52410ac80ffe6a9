//! Carries recovery steps out: commands to the modem, and the operator's programs.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio_serial::SerialStream;

use super::usb::UsbDevice;

/// How long a modem has to read a command, and then to answer it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the operator's program may run.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends a command and waits for some answer, but not for a certain one: a modem that restarts need
/// not answer at all.
pub(crate) async fn send(stream: &mut SerialStream, command: &str) -> Result<(), String> {
    let line = format!("{command}\r");
    let written = tokio::time::timeout(ANSWER_TIMEOUT, stream.write_all(line.as_bytes())).await;
    written
        .map_err(|_| "the modem does not read".to_owned())?
        .map_err(|error| error.to_string())?;
    let mut answer = [0_u8; 256];
    let _ = tokio::time::timeout(ANSWER_TIMEOUT, stream.read(&mut answer)).await;
    Ok(())
}

/// The placeholders in the operator's command that takes a modem's power away.
pub const POWER_PLACES: [&str; 4] = ["{usb}", "{hub}", "{hub_port}", "{port}"];

/// The placeholders in the program that switches a bank.
pub const SWITCH_PLACES: [&str; 4] = ["{radio}", "{slot}", "{port}", "{bank}"];

/// What is wrong with a word of the operator's command: a placeholder, like `{bus}`, that is none of
/// `places`. Other braces are the operator's own.
pub fn unknown_place(word: &str, places: &[&str]) -> Option<String> {
    let in_braces =
        word.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let mut names = in_braces.filter(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    });
    let unknown = names.find(|name| !places.contains(&format!("{{{name}}}").as_str()))?;
    Some(format!("there is no {{{unknown}}}; there are {}", places.join(", ")))
}

/// The operator's command with its placeholders filled in; `None` when it names a USB device and
/// the port has none.
pub(crate) fn fill_in(
    command: &[String],
    port: &Path,
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
    let port = port.to_string_lossy();
    let fill = |word: &String| {
        let word = word.replace("{usb}", name).replace("{hub_port}", place);
        word.replace("{hub}", hub).replace("{port}", &port)
    };
    Some(command.iter().map(fill).collect())
}

/// Runs a program to its end, without a shell. It is killed when it runs for too long, and when
/// nobody waits for it any more.
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
        let usb = UsbDevice { name: "1-1.4".to_owned() };
        let uhubctl = words("uhubctl -l {hub} -p {hub_port} -a cycle");
        let port = Path::new("/dev/x");
        assert_eq!(
            fill_in(&uhubctl, port, Some(&usb)),
            Some(words("uhubctl -l 1-1 -p 4 -a cycle"))
        );
        assert_eq!(fill_in(&uhubctl, port, None), None);
        assert_eq!(
            fill_in(&words("relay {port} {usb}"), port, Some(&usb)),
            Some(words("relay /dev/x 1-1.4"))
        );
        assert_eq!(fill_in(&words("relay {port}"), port, None), Some(words("relay /dev/x")));
        assert_eq!(fill_in(&[], port, Some(&usb)), None);
    }

    #[test]
    fn only_what_looks_like_a_placeholder_is_one() {
        for word in
            ["{usb}", "a{hub}:{hub_port}{port}", "{\"on\": false}", "{}", "${HOME}", "{", "}"]
        {
            assert_eq!(unknown_place(word, &POWER_PLACES), None, "{word}");
        }
        assert!(
            unknown_place("-l {hub} {device}", &POWER_PLACES)
                .unwrap()
                .contains("there is no {device}; there are {usb},")
        );
    }
}
