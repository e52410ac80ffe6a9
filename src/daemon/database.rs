//! Opens the database that the configuration names: a file, or on a server.

use std::path::Path;

use tokio_rustls::rustls::RootCertStore;

use super::config::{Cluster, Config, Database, DatabaseServer};
use super::standby::wait_for_lead;
use super::{StartError, system_sources, tls};
use crate::delivery::connector_with;
use crate::domain::Timestamp;
use crate::driver::credential;
use crate::store::Store;
use crate::store::postgres::{Demands, Server, Tls};

/// Opens the database and brings its schema up to date. On a server this waits until this daemon
/// leads; `standing_by` is called when that is not at once.
pub async fn open(
    config: &Config,
    now: Timestamp,
    standing_by: impl FnOnce(),
) -> Result<Store, StartError> {
    match &config.database {
        Database::File { path, external_checkpoint } => {
            create_folder_of(path)?;
            Ok(Store::open_with(path, *external_checkpoint)?)
        }
        Database::Server(database) => {
            let server = server(database, &config.cluster).map_err(StartError::Database)?;
            wait_for_lead(config, server, now, standing_by).await
        }
    }
}

/// The server of a configuration, with the secrets from their files.
///
/// # Errors
/// A file cannot be used; says which and why.
pub fn server(database: &DatabaseServer, cluster: &Cluster) -> Result<Server, String> {
    let password = database.password_file.as_deref().map(read_password).transpose()?;
    let is_encrypted = database.tls && !database.address.is_on_socket();
    let tls = is_encrypted.then(|| trust(database.ca_file.as_deref())).transpose()?;
    let holder = cluster.name.clone().unwrap_or_else(system_sources::host_name);
    let mut hosts = database.address.configs(password.as_deref(), is_encrypted);
    for host in &mut hosts {
        // The server's lists of sessions tell the daemons apart.
        host.application_name(format!("simbridge {holder}"));
    }
    Ok(Server {
        hosts,
        tls,
        commit_limit: database.commit_limit,
        lease: cluster.lease,
        holder,
        upgrade: database.upgrade,
        demands: Some(Demands {
            replicas: database.replicas,
            now: || system_sources::utc_now().into(),
        }),
    })
}

/// The password in a file.
pub(super) fn read_password(file: &Path) -> Result<String, String> {
    let path = credential(file)?;
    let shown = path.display();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read password_file {shown}: {error}"))?;
    let password = text.trim_end_matches(['\r', '\n']);
    match password.is_empty() || password.contains(char::is_control) {
        true => Err(format!("password_file {shown} must hold one line with the password")),
        false => Ok(password.to_owned()),
    }
}

/// TLS to a server whose certificate is from one of the authorities in a file, or else of those
/// that this machine trusts.
pub(super) fn trust(ca_file: Option<&Path>) -> Result<Tls, String> {
    let mut authorities = RootCertStore::empty();
    let certificates = match ca_file {
        Some(file) => tls::read_certificates(file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    authorities.add_parsable_certificates(certificates);
    if authorities.is_empty() {
        return Err(match ca_file {
            Some(file) => format!("ca_file {} has no certificate of an authority", file.display()),
            None => "this machine has no certificate authorities: install the package \
                     ca-certificates, or set ca_file"
                .to_owned(),
        });
    }
    let connector = connector_with(authorities).ok_or("TLS cannot be used here")?;
    Ok(connector.into())
}

fn create_folder_of(database: &Path) -> Result<(), StartError> {
    let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| StartError::Folder {
        folder: folder.display().to_string(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line_and_a_file_that_is_no_use_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let missing = read_password(&file).unwrap_err();
        assert!(missing.starts_with(&format!("cannot read password_file {}", file.display())));
        for (text, password) in
            [("a b\n", Some("a b")), ("a\r\n", Some("a")), ("\n", None), ("a\nb", None)]
        {
            std::fs::write(&file, text).unwrap();
            assert_eq!(read_password(&file).ok().as_deref(), password, "{text:?}");
        }
        let told = trust(Some(&file)).unwrap_err();
        assert_eq!(
            told,
            format!("there is no `-----BEGIN CERTIFICATE-----` in {}", file.display())
        );
    }
}
