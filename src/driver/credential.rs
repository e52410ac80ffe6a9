//! Credentials that systemd hands to the service alone (`LoadCredential=`), which the configuration
//! names as `credential:NAME` instead of a path.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The environment variable in which systemd names the folder of the service's credentials.
const VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The file that a configured path refers to.
///
/// # Errors
/// The name of the credential is malformed, or systemd has passed no credentials.
pub fn credential(path: &Path) -> Result<PathBuf, String> {
    resolve(path, std::env::var_os(VARIABLE).as_deref())
}

/// The name in `credential:NAME`.
pub fn credential_name(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix("credential:")
}

fn resolve(path: &Path, folder: Option<&OsStr>) -> Result<PathBuf, String> {
    let Some(name) = credential_name(path) else { return Ok(path.to_owned()) };
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(format!("\"{name}\" cannot be a credential's name"));
    }
    let folder = folder.ok_or_else(|| {
        format!("systemd has passed no credential {name}: the unit needs LoadCredential=")
    })?;
    Ok(Path::new(folder).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_the_name_of_a_credential() {
        let folder = Some(OsStr::new("/run/credentials/simbridge.service"));
        let resolved =
            |path, folder| resolve(Path::new(path), folder).map(|path| path.display().to_string());
        assert_eq!(resolved("/etc/simbridge/pin", None).as_deref(), Ok("/etc/simbridge/pin"));
        assert_eq!(
            resolved("credential:pin", folder).as_deref(),
            Ok("/run/credentials/simbridge.service/pin")
        );
        assert!(resolved("credential:pin", None).unwrap_err().contains("LoadCredential="));
        for wrong in ["credential:", "credential:../pin", "credential:/etc/shadow"] {
            assert!(resolved(wrong, folder).unwrap_err().contains("cannot be"), "{wrong}");
        }
    }
}
