//! The operator's own folder of hardware files. It is read whenever a port is opened, so that a new
//! file needs no restart.

use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use crate::bank::BankProfile;
use crate::modem::{Catalogue, MobileOperator, ProfileError};

/// Shared by all ports of a driver.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hardware {
    folder: Option<PathBuf>,
    /// Faults that have been logged already, so that each is logged once.
    logged: Arc<Mutex<Vec<String>>>,
}

impl Hardware {
    pub fn new(folder: Option<PathBuf>) -> Hardware {
        Hardware { folder, logged: Arc::default() }
    }

    /// Reads the profiles as they are now. A file that cannot be used is logged once and left out.
    pub async fn profiles(&self) -> Arc<Catalogue> {
        let Some(folder) = self.folder.clone() else { return Arc::default() };
        let (catalogue, faults) =
            tokio::task::spawn_blocking(move || read_profiles(&folder)).await.unwrap_or_default();
        let faults: Vec<String> =
            faults.into_iter().map(|(file, error)| error.in_file(&file)).collect();
        let mut logged = self.logged.lock();
        for fault in faults.iter().filter(|fault| !logged.contains(fault)) {
            warn!(
                event = "profile_unusable",
                fault, "a modem profile cannot be used; it is ignored"
            );
        }
        *logged = faults;
        Arc::new(catalogue)
    }
}

/// Reads the profiles of a folder's `modems/*.toml`, which stand beside the embedded ones, and
/// returns what is wrong with those that cannot be used. A folder that does not exist has none.
pub fn read_profiles(folder: &Path) -> (Catalogue, Vec<(String, ProfileError)>) {
    let (files, mut faults) = read_texts(&folder.join("modems"));
    let (catalogue, wrong) =
        Catalogue::with_own(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    faults.extend(wrong);
    (catalogue, faults)
}

/// Reads the mobile operators of a folder's `operators/*.toml`, and returns what is wrong with
/// those files that cannot be used.
pub fn read_operators(folder: &Path) -> (Vec<MobileOperator>, Vec<(String, ProfileError)>) {
    let (files, mut faults) = read_texts(&folder.join("operators"));
    let mut operators = Vec::new();
    for (file, text) in files {
        match MobileOperator::parse(&text) {
            Ok(operator) => operators.push(operator),
            Err(error) => faults.push((file, error)),
        }
    }
    (operators, faults)
}

/// Reads the bank profiles of a folder's `banks/*.toml`, and returns what is wrong with those that
/// cannot be used.
pub fn read_bank_profiles(folder: &Path) -> (Vec<BankProfile>, Vec<(String, ProfileError)>) {
    let (files, mut faults) = read_texts(&folder.join("banks"));
    let mut banks = Vec::new();
    for (file, text) in files {
        match BankProfile::parse(&text) {
            Ok(bank) => banks.push(bank),
            Err(error) => faults.push((file, error)),
        }
    }
    (banks, faults)
}

type Texts = (Vec<(String, String)>, Vec<(String, ProfileError)>);

/// Reads the name and text of each TOML file of a folder, in the order of the names.
fn read_texts(folder: &Path) -> Texts {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let unreadable = |error: std::io::Error| ProfileError {
        line: None,
        text: format!("cannot be read: {error}"),
    };
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push((name, text)),
            Err(error) => faults.push((name, unreadable(error))),
        }
    }
    (files, faults)
}
