//! What a user may do with a file, by its mode: for this process, or for the user that the service
//! runs as.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A user and the groups it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// Its name, for people.
    pub name: String,
    uid: u32,
    groups: Vec<u32>,
}

/// What is to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// To look for a name in a folder.
    Enter,
    /// To run a program.
    Execute,
}

impl UserIdentity {
    /// The user of this process.
    pub fn this_process() -> UserIdentity {
        let uid = rustix::process::geteuid().as_raw();
        let others = rustix::process::getgroups().unwrap_or_default();
        let groups = others
            .into_iter()
            .chain([rustix::process::getegid()])
            .map(|group| group.as_raw())
            .collect();
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        UserIdentity {
            name: name_of(&passwd, uid).unwrap_or_else(|| format!("user {uid}")),
            uid,
            groups,
        }
    }

    /// A user of this machine by its name.
    pub fn named(name: &str) -> Option<UserIdentity> {
        let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
        let group = std::fs::read_to_string("/etc/group").ok()?;
        UserIdentity::read(name, &passwd, &group)
    }

    fn read(name: &str, passwd: &str, group: &str) -> Option<UserIdentity> {
        let mut fields = passwd
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?
            .split(':')
            .skip(1);
        let (uid, own) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let member = |line: &str| {
            let mut fields = line.split(':').skip(2);
            let id = fields.next()?.parse().ok()?;
            fields.next()?.split(',').any(|member| member == name).then_some(id)
        };
        Some(UserIdentity {
            name: name.to_owned(),
            uid,
            groups: group.lines().filter_map(member).chain([own]).collect(),
        })
    }

    /// Whether the file's mode lets this user do that. (Access lists are not looked at.)
    pub(super) fn permits(&self, want: Access, file: &Metadata) -> bool {
        let bit = match want {
            Access::Read => 0o4,
            Access::Write => 0o2,
            Access::Enter | Access::Execute => 0o1,
        };
        let shift = match () {
            () if self.uid == 0 => return true,
            () if self.uid == file.uid() => 6,
            () if self.groups.contains(&file.gid()) => 3,
            () => 0,
        };
        file.mode() & (bit << shift) != 0
    }

    /// Whether this user gets to a path: through every folder above it.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        folders
            .filter_map(|folder| std::fs::metadata(folder).ok())
            .all(|folder| self.permits(Access::Enter, &folder))
    }
}

/// The name of a file's group.
pub(super) fn group_of(file: &Metadata) -> String {
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    name_of(&groups, file.gid()).unwrap_or_else(|| file.gid().to_string())
}

/// The name in the first field of the line with this number in its third.
fn name_of(file: &str, id: u32) -> Option<String> {
    let line = file
        .lines()
        .find(|line| line.split(':').nth(2).and_then(|field| field.parse().ok()) == Some(id))?;
    line.split(':').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const PASSWD: &str =
        "root:x:0:0::/root:/bin/sh\nsimbridge:x:990:980::/var/lib/simbridge:/usr/sbin/nologin\n";
    const GROUP: &str = "root:x:0:\ndialout:x:20:ann,simbridge\nsimbridge:x:980:\naudio:x:29:ann\n";

    #[test]
    fn a_user_and_its_groups() {
        let who = UserIdentity::read("simbridge", PASSWD, GROUP).unwrap();
        assert_eq!((who.uid, who.groups.as_slice()), (990, &[20, 980][..]));
        assert_eq!(UserIdentity::read("sim", PASSWD, GROUP), None);
        assert_eq!(name_of(GROUP, 20).as_deref(), Some("dialout"));
    }

    #[test]
    fn the_class_that_fits_first_decides() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let meta = |mode| {
            file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
            file.as_file().metadata().unwrap()
        };
        let (uid, gid) = (meta(0o600).uid(), meta(0o600).gid());
        let who = |uid, groups: &[u32]| UserIdentity {
            name: String::new(),
            uid,
            groups: groups.to_vec(),
        };
        let (other, member, root) =
            (who(uid + 77, &[gid + 77]), who(uid + 77, &[gid]), who(0, &[]));
        for (mode, who, want, permits) in [
            (0o640, &other, Access::Read, false),
            (0o644, &other, Access::Read, true),
            (0o640, &member, Access::Read, true),
            (0o640, &member, Access::Write, false),
            (0o607, &member, Access::Write, false),
            (0o000, &root, Access::Write, true),
        ] {
            assert_eq!(who.permits(want, &meta(mode)), permits, "{mode:o} {want:?}");
        }
    }
}
