//! The manual page of the configuration file, simbridge.toml(5), made from the table of keys.

use std::fmt::Write;

use super::key::{AnyKey, TakesEffect};
use super::table::SECTIONS;

const HEAD: &str = r#".SH NAME
simbridge.toml \- the configuration of simbridge
.SH DESCRIPTION
The file is TOML. It is the one that
.B \-\-config
or the environment variable
.B SIMBRIDGE_CONFIG
names, else
.IR /etc/simbridge/simbridge.toml .
Everything has a default but the ports of the modems.
.PP
.B simbridge check
lists every fault of a file and of the machine,
.B simbridge config
shows the settings in effect,
.B simbridge config \-\-template
prints a file to start with, and
.B simbridge reload
applies what can change while the daemon runs.
.PP
A time is a number with a unit, such as "90s", "10m", "4h" or "30d".
.SH EXAMPLE
.nf
.RS 4
[[modem]]
port = "/dev/serial/by\-path/pci\-0000:00:14.0\-usb\-0:*:1.2\-port0"

[orders]
lifetime = "15m"

[rentals]
enabled = false
.RE
.fi
.SH SECTIONS AND KEYS
"#;

const TAIL: &str = r".SH FILES
.TP
.I /etc/simbridge/simbridge.toml
The configuration.
.TP
.I /etc/simbridge/hardware
Your own profiles, unless [hardware] folder names another folder.
.TP
.I /usr/share/simbridge/hardware
The profiles that come with simbridge, to begin with.
.SH SEE ALSO
.BR simbridge (1),
.IR /usr/share/doc/simbridge/docs/configuration.md
";

/// The manual page about the configuration, in the format of `man`.
pub fn manual_page() -> String {
    let mut page =
        format!(".TH SIMBRIDGE.TOML 5 \"\" \"simbridge {}\"\n{HEAD}", env!("CARGO_PKG_VERSION"));
    for section in SECTIONS {
        let _ = writeln!(page, ".SS {}", escaped(&section.header(section.name)));
        if !section.help.is_empty() {
            let _ = writeln!(page, "{}", formatted(section.help));
        }
        section.keys.iter().for_each(|key| entry(&mut page, *key));
    }
    page + TAIL
}

fn entry(page: &mut String, key: &dyn AnyKey) {
    let default = match key.default_text() {
        Some(default) => format!("default {default}"),
        None => format!("no default, for example {}", key.sample_text()),
    };
    let takes_effect = match key.takes_effect() {
        TakesEffect::Reload => "reload",
        TakesEffect::Restart => "restart",
    };
    let (name, format) = (escaped(key.name()), formatted(&key.type_name()));
    let _ = writeln!(
        page,
        ".TP\n\\fB{name}\\fR: {format}; {}; takes effect on {takes_effect}",
        escaped(&default)
    );
    let _ = writeln!(page, "{}", formatted(key.help()));
}

/// A text of the table, whose code stands between backticks, as roff.
fn formatted(text: &str) -> String {
    let mut roff = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escaped(part);
        match index % 2 {
            0 => roff += &part,
            _ => roff += &format!("\\fB{part}\\fR"),
        }
    }
    // A line that begins with one of these would be a request.
    if roff.starts_with(['.', '\'']) { format!("\\&{roff}") } else { roff }
}

/// A text with nothing in it that roff interprets.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_and_key_is_on_the_page_and_nothing_is_a_request_by_accident() {
        let page = manual_page();
        for section in SECTIONS {
            let header = escaped(&section.header(section.name));
            assert!(page.contains(&format!("\n.SS {header}\n")), "{header}");
            for key in section.keys {
                assert!(page.contains(&format!("\n\\fB{}\\fR: ", escaped(key.name()))));
            }
        }
        let requests = ["TH", "SH", "SS", "TP", "PP", "B", "I", "BR", "IR", "nf", "fi", "RS", "RE"];
        for line in page.lines().filter_map(|line| line.strip_prefix('.')) {
            let request = line.split(' ').next().unwrap_or_default();
            assert!(requests.contains(&request), "{line}");
        }
        assert!(!page.contains('`'), "all code is set");
    }
}
