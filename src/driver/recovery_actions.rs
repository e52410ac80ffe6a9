//! Carrying the ladder's steps out.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_serial::SerialStream;

use super::usb::UsbDevice;

/// How long a modem has to take a command in and, perhaps, to answer.
const ANSWER: Duration = Duration::from_secs(3);
/// How long the operator's command may take.
const COMMAND: Duration = Duration::from_secs(60);
/// Between looks whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Sends a command without caring much for its answer: a modem that starts anew need not give one.
pub(crate) async fn send(stream: &mut SerialStream, command: &str) -> Result<(), String> {
    let line = format!("{command}\r");
    let written = tokio::time::timeout(ANSWER, stream.write_all(line.as_bytes())).await;
    written
        .map_err(|_| "the modem does not read".to_owned())?
        .map_err(|error| error.to_string())?;
    let mut answer = [0_u8; 256];
    let _ = tokio::time::timeout(ANSWER, stream.read(&mut answer)).await;
    Ok(())
}

/// The places in the operator's command that are filled in.
pub const POWER_PLACES: [&str; 4] = ["{usb}", "{hub}", "{hub_port}", "{port}"];

/// Those of a bank's program.
pub const SWITCH_PLACES: [&str; 4] = ["{radio}", "{slot}", "{port}", "{bank}"];

/// What is wrong with a word of the operator's command that has a place which is not one of
/// `places`, like `{bus}`. Other braces are the operator's own.
pub fn unknown_place(word: &str, places: &[&str]) -> Option<String> {
    let in_braces =
        word.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let mut names = in_braces.filter(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    });
    let unknown = names.find(|name| !places.contains(&format!("{{{name}}}").as_str()))?;
    Some(format!("there is no {{{unknown}}}; there are {}", places.join(", ")))
}

/// The operator's command with its places filled in; `None` when it names a USB device and there is
/// none.
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
    let (hub, place) = usb.map(UsbDevice::place).unwrap_or_default();
    let name = usb.map(|usb| usb.name.as_str()).unwrap_or_default();
    let port = port.to_string_lossy();
    let fill = |word: &String| {
        let word = word.replace("{usb}", name).replace("{hub_port}", place);
        word.replace("{hub}", hub).replace("{port}", &port)
    };
    Some(command.iter().map(fill).collect())
}

/// Runs a command to its end, without a shell.
pub(crate) async fn run(command: &[String]) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("there is no command".to_owned());
    };
    let mut running = Command::new(program);
    running.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = running.spawn().map_err(|error| format!("{program}: {error}"))?;
    let ended = async {
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("{program}: {status}")),
                Ok(None) => tokio::time::sleep(LOOK).await,
                Err(error) => return Err(format!("{program}: {error}")),
            }
        }
    };
    let outcome = tokio::time::timeout(COMMAND, ended).await;
    outcome.unwrap_or_else(|_| {
        let _ = child.kill();
        let _ = child.wait();
        Err(format!("{program} did not end in time"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_the_operators_command() {
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
    fn only_what_looks_like_a_place_is_one() {
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
