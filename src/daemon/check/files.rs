//! Faults of the files and programs that a configuration names, other than ports.

use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::super::config::{Config, Database, Fault, NotifySection};
use super::super::database::{read_password, trust};
use super::super::rights::{Access, UserIdentity, group_of};
use super::{line, sites};
use crate::driver::credential;

/// The folders in which systemd looks for a service's programs (systemd.exec(5)).
const SERVICE_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// That the user cannot read the configuration itself.
pub(super) fn configuration(config: &Config, who: &UserIdentity) -> Option<Fault> {
    let file = config.file.as_deref()?;
    let meta = std::fs::metadata(file).ok()?;
    if who.can(Access::Read, file, &meta) {
        return None;
    }
    let (name, group, shown) = (&who.name, group_of(&meta), file.display());
    let text = format!(
        "user `{name}` cannot read this file, which belongs to the group {group}: run `chgrp \
         {name} {shown}` and `chmod 640 {shown}`"
    );
    Some(Fault { line: 0, text })
}

/// Paths that mean another file in another folder: commands would look for the daemon's socket
/// where they are called.
pub(super) fn relative(config: &Config) -> Vec<Fault> {
    let paths = config.entries.iter().filter_map(|entry| {
        let is_path = matches!(
            (entry.section.as_str(), entry.key.as_str()),
            ("database", "path")
                | ("admin", "socket")
                | ("hardware", "folder")
                | ("sites", "certificate")
        ) || matches!(
            entry.key.as_str(),
            "pin_file" | "secret_file" | "key_file" | "password_file" | "ca_file"
        );
        let path = entry.value.trim_matches(['"', '\'']);
        let is_relative = !path.starts_with('/') && !path.starts_with("credential:");
        (is_path && is_relative).then(|| Fault {
            line: entry.line,
            text: format!(
                "{} = {} must be a whole path that begins with /: commands are called in other \
                 folders",
                entry.key, entry.value
            ),
        })
    });
    paths.collect()
}

/// Why the database cannot be written, or what its server asks for cannot be read.
pub(super) fn database(config: &Config, who: &UserIdentity) -> Option<Fault> {
    match &config.database {
        Database::File { path, .. } => database_file(path, config, who),
        Database::Server(server) => {
            let of_password = || {
                let file = server.password_file.as_deref()?;
                let fault = sites::unreadable(file, who)
                    .or_else(|| sites::is_here(file).then(|| read_password(file).err())?)
                    .or_else(|| sites::readable_by_all(file, "password"));
                Some(("password_file", fault?))
            };
            let of_authorities = || {
                let file = server.ca_file.as_deref()?;
                let fault = sites::unreadable(file, who)
                    .or_else(|| sites::is_here(file).then(|| trust(Some(file)).err())?);
                Some(("ca_file", fault?))
            };
            let (key, text) = of_password().or_else(of_authorities)?;
            Some(Fault { line: line(config, "database", key), text })
        }
    }
}

fn database_file(path: &Path, config: &Config, who: &UserIdentity) -> Option<Fault> {
    let fault = |text| Some(Fault { line: line(config, "database", "path"), text });
    if let Ok(file) = std::fs::metadata(path) {
        let usable = [Access::Read, Access::Write].iter().all(|it| who.can(*it, path, &file));
        if !file.is_file() || !usable {
            let (name, shown) = (&who.name, path.display());
            return fault(format!(
                "user `{name}` cannot write the database {shown}: run `chown {name} {shown}`, \
                 or set another [database] path"
            ));
        }
    }
    let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    let (folder, meta) =
        folders.filter_map(|folder| Some((folder, std::fs::metadata(folder).ok()?))).next()?;
    let (name, shown) = (&who.name, folder.display());
    if !writable(who, folder, &meta) {
        return fault(format!(
            "user `{name}` cannot write to {shown}, needed for the database {}",
            path.display()
        ));
    }
    None
}

/// Secrets for notices that the user cannot read.
pub(super) fn secret_files(config: &Config, who: &UserIdentity) -> Vec<Fault> {
    let fault = |section: &NotifySection| {
        let written = section.channel.secret_file.as_deref()?;
        let shown = written.display();
        // Only the service gets a credential, so that nothing can be checked here.
        let path = credential(written).ok()?;
        let text = match std::fs::metadata(&path) {
            Ok(meta) if meta.is_file() && who.can(Access::Read, &path, &meta) => return None,
            Ok(_) => format!("secret_file: user `{}` cannot read {shown}", who.name),
            Err(error) => format!("secret_file = \"{shown}\": {error}"),
        };
        Some(Fault { line: section.line, text })
    };
    config.notify.iter().filter_map(fault).collect()
}

/// Whether the user may create files in a folder.
fn writable(who: &UserIdentity, folder: &Path, meta: &Metadata) -> bool {
    let mounted_for_writing = !rustix::fs::statvfs(folder)
        .is_ok_and(|mount| mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
    let can = [Access::Write, Access::Enter].iter().all(|it| who.can(*it, folder, meta));
    meta.is_dir() && can && mounted_for_writing
}

/// Why the operator's command that cuts a modem's power could not be run when it is needed.
pub(super) fn power_cycle(config: &Config, who: &UserIdentity) -> Option<Fault> {
    let program = config.recovery.power_cycle.first().filter(|program| !program.contains('{'))?;
    let fault = |text| Some(Fault { line: line(config, "recovery", "power_cycle"), text });
    let permits = |path: &Path| {
        std::fs::metadata(path)
            .is_ok_and(|file| file.is_file() && who.can(Access::Execute, path, &file))
    };
    if program.contains('/') {
        let path = Path::new(program);
        return match path.exists() {
            true if permits(path) => None,
            true => fault(format!(
                "power_cycle: user `{}` cannot run {program}: run `chmod +x {program}`",
                who.name
            )),
            false => fault(format!(
                "power_cycle: there is no program {program}; install it, or correct the path"
            )),
        };
    }
    let folders = std::env::split_paths(SERVICE_PATH);
    if folders.map(|folder| folder.join(program)).any(|path| permits(&path)) {
        return None;
    }
    fault(format!(
        "power_cycle: there is no program {program} in {SERVICE_PATH}; install it, or write its \
         whole path"
    ))
}

/// Why the admin socket cannot be made.
pub(super) fn socket(config: &Config, who: &UserIdentity) -> Option<Fault> {
    let folder = config
        .admin
        .socket
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let (socket, shown) = (config.admin.socket.display(), folder.display());
    let text = match (std::fs::metadata(folder), std::fs::symlink_metadata(&config.admin.socket)) {
        (Err(_), _) => format!(
            "there is no folder {shown} for the socket; create it, or set another [admin] socket"
        ),
        (Ok(meta), _) if !writable(who, folder, &meta) => {
            format!("user `{}` cannot write to {shown}, needed for the socket {socket}", who.name)
        }
        (_, Ok(found)) if !found.file_type().is_socket() => {
            format!("{socket} is a file and not a socket; set another [admin] socket")
        }
        _ => return None,
    };
    Some(Fault { line: line(config, "admin", "socket"), text })
}
