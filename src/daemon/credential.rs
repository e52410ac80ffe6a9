//! Files that systemd hands to the service alone (`LoadCredential=`): named `credential:NAME` in the configuration.

use std::path::{Path, PathBuf};

/// The name of a credential, when a path is one.
pub(super) fn name(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix("credential:")
}

/// The file that a path of the configuration means. A credential outside of a service is a file that is not there.
pub(super) fn path(path: &Path) -> PathBuf {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    match name(path).zip(folder) {
        Some((name, folder)) => folder.join(name),
        None => path.to_owned(),
    }
}
