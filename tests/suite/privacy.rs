//! Logs, metrics and errors must not contain keys, texts, PINs, PDUs, or more than the last three
//! digits of a number. The output of all daemons and commands of the suite is searched for
//! everything that is known to be secret at their site: see `support.rs`.

use std::path::Path;
use std::sync::Mutex;

use rusqlite::{Connection, OpenFlags};

/// Lines of texts that are shorter may appear anywhere by chance.
const TEXT: usize = 8;
/// How many last digits of a number do not appear anywhere by chance.
const DIGITS: usize = 7;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    Key(String),
    Text(String),
    /// A phone number, with or without `+`.
    Number(String),
    /// A PIN, or a code.
    Digits(String),
    Pdu(Vec<u8>),
}

/// The secrets of a site.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<Vec<Secret>>);

impl Secrets {
    pub fn add(&self, secret: Secret) {
        self.0.lock().unwrap().push(secret);
    }

    /// The secrets that `output` contains, shortened, each with what it is. `folder` has the site's
    /// database and the files with PINs.
    pub fn found_in(&self, output: &str, folder: &Path) -> Vec<String> {
        let mut all = self.0.lock().unwrap().clone();
        all.extend(in_database(&folder.join("simbridge.db")).unwrap_or_default());
        all.extend(pins(folder));
        search(output, &all)
    }
}

/// Every text, code, number and PDU in the daemon's database; none if it is damaged.
fn in_database(path: &Path) -> rusqlite::Result<Vec<Secret>> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut all = Vec::new();
    let mut read = |sql: &str, secret: fn(String) -> Secret| -> rusqlite::Result<()> {
        let mut statement = conn.prepare(sql)?;
        for value in statement.query_map([], |row| row.get(0))? {
            all.push(secret(value?));
        }
        Ok(())
    };
    read("SELECT text FROM message WHERE text IS NOT NULL", Secret::Text)?;
    read("SELECT code FROM message WHERE length(code) >= 6", Secret::Digits)?;
    read("SELECT sender FROM message WHERE sender IS NOT NULL", Secret::Number)?;
    read("SELECT number FROM sim WHERE number IS NOT NULL", Secret::Number)?;
    let secret = |hex: String| {
        let bytes = hex::decode(hex).unwrap();
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
        Secret::Key(text)
    };
    read("SELECT hex(secret) FROM webhook_endpoint WHERE deleted_at IS NULL", secret)?;
    read("SELECT password FROM login WHERE password IS NOT NULL", Secret::Key)?;
    read("SELECT hex(pdu) FROM part", |hex| Secret::Pdu(hex::decode(hex).unwrap()))?;
    Ok(all)
}

fn pins(folder: &Path) -> Vec<Secret> {
    let config = std::fs::read_to_string(folder.join("simbridge.toml")).unwrap_or_default();
    let files = config.lines().filter_map(|line| line.strip_prefix("pin_file = "));
    files
        .filter_map(|file| std::fs::read_to_string(file.trim_matches('"')).ok())
        .map(digits_of)
        .collect()
}

fn digits_of(pin: String) -> Secret {
    Secret::Digits(pin.trim().to_owned())
}

/// All runs of digits, except the fractions of times.
fn digit_runs(output: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut rest = output;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let is_fraction = rest[..start].ends_with('.');
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if !(is_fraction && rest[end..].starts_with('Z')) {
            runs.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    runs
}

fn search(output: &str, secrets: &[Secret]) -> Vec<String> {
    let runs: std::collections::HashSet<&str> = digit_runs(output).into_iter().collect();
    let lower = output.to_ascii_lowercase();
    let stands = |secret: &Secret| match secret {
        Secret::Key(key) => output.contains(key.as_str()),
        Secret::Text(text) => text
            .lines()
            .map(str::trim)
            .any(|line| line.chars().count() >= TEXT && output.contains(line)),
        Secret::Number(number) => {
            let digits = number.trim_start_matches('+');
            let is_number =
                digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number
                && (DIGITS..=digits.len())
                    .any(|length| runs.contains(&digits[digits.len() - length..]))
        }
        Secret::Digits(digits) => runs.contains(digits.as_str()),
        Secret::Pdu(pdu) => pdu.len() >= TEXT && lower.contains(&hex::encode(pdu)),
    };
    secrets.iter().filter(|secret| stands(secret)).map(|secret| format!("{secret:?}")).collect()
}

#[test]
fn each_kind_of_secret_is_found_and_what_only_looks_like_one_is_not() {
    let number = Secret::Number("+31612345678".into());
    for (secret, output, found) in [
        (Secret::Key("a1b2c3d4e5".into()), "key=a1b2c3d4e5&x", true),
        (Secret::Key("a1b2c3d4e5".into()), "prefix=a1b2c3d4", false),
        (
            Secret::Text("Your code is 12\nbye".into()),
            "ERROR cannot match \"Your code is 12\"",
            true,
        ),
        (Secret::Text("hello".into()), "hello world", false),
        (number.clone(), "number=31612345678", true),
        (number.clone(), "number=0612345678", false),
        (Secret::Number("0612345678".into()), "number=0612345678", true),
        (number.clone(), "…2345678", true),
        (number.clone(), "…678 2026-06-22T12:57:03.345678Z", false),
        (Secret::Number("Uber".into()), "Uber", false),
        (Secret::Digits("4711".into()), "AT+CPIN=\"4711\"", true),
        (Secret::Digits("4711".into()), "imei=354711000000000", false),
        (Secret::Digits("123456".into()), "12:57:03.123456Z", false),
        (Secret::Pdu(vec![0xAB; 9]), "pdu ABABABABABABABABAB", true),
    ] {
        assert_eq!(
            search(output, std::slice::from_ref(&secret)).len(),
            usize::from(found),
            "{secret:?} in {output}"
        );
    }
}
