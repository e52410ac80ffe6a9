//! What a user may do with a file, according to the file's mode. The user is that of this process,
//! or the one that the service runs as.

use std::ffi::CString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Group, Uid, User, getegid, geteuid, getgrouplist, getgroups};

/// A user and its groups, from any source of users that the system knows (local files, LDAP, …).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// The name, for messages.
    pub name: String,
    uid: u32,
    groups: Vec<u32>,
    /// Whether the kernel can be asked, because this process is that user's.
    is_own: bool,
}

/// What is to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// Look up a name in a folder.
    Enter,
    /// The right to run a file as a program.
    Execute,
}

impl UserIdentity {
    /// The user of this process.
    pub fn this_process() -> UserIdentity {
        let uid = geteuid();
        let name = user_name(uid).unwrap_or_else(|| format!("user {uid}"));
        let groups = getgroups().unwrap_or_default();
        let user = UserIdentity::new(name, uid, groups.into_iter().chain([getegid()]));
        UserIdentity { is_own: true, ..user }
    }

    /// A user of this machine by its name.
    pub fn named(name: &str) -> Option<UserIdentity> {
        let user = User::from_name(name).ok()??;
        let groups = getgrouplist(&CString::new(name).ok()?, user.gid).unwrap_or_default();
        Some(UserIdentity::new(user.name, user.uid, groups.into_iter().chain([user.gid])))
    }

    fn new(name: String, uid: Uid, groups: impl Iterator<Item = Gid>) -> UserIdentity {
        let groups = groups.map(Gid::as_raw).collect();
        UserIdentity { name, uid: uid.as_raw(), groups, is_own: false }
    }

    /// Whether this user has the access to the file at a path. The kernel says so of this process
    /// (access control lists give a service its credentials); of another user the modes of the file
    /// and of the folders above it do.
    pub(super) fn can(&self, access: Access, path: &Path, file: &Metadata) -> bool {
        if !self.is_own {
            return self.permits(access, file) && self.reaches(path);
        }
        let asked = match access {
            Access::Read => rustix::fs::Access::READ_OK,
            Access::Write => rustix::fs::Access::WRITE_OK,
            Access::Enter | Access::Execute => rustix::fs::Access::EXEC_OK,
        };
        rustix::fs::accessat(rustix::fs::CWD, path, asked, rustix::fs::AtFlags::EACCESS).is_ok()
    }

    /// Whether the file's mode gives this user the access. (Access control lists are not examined.)
    fn permits(&self, access: Access, file: &Metadata) -> bool {
        let bit = match access {
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

    /// Whether this user may enter every folder above a path.
    fn reaches(&self, path: &Path) -> bool {
        let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        folders
            .filter_map(|folder| std::fs::metadata(folder).ok())
            .all(|folder| self.permits(Access::Enter, &folder))
    }
}

fn user_name(uid: Uid) -> Option<String> {
    User::from_uid(uid).ok()?.map(|user| user.name)
}

/// The name of a file's group, or its number.
pub(super) fn group_of(file: &Metadata) -> String {
    let group = Group::from_gid(Gid::from_raw(file.gid())).ok().flatten();
    group.map_or_else(|| file.gid().to_string(), |group| group.name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn users_and_groups_are_found_by_name() {
        let root = UserIdentity::named("root").unwrap();
        assert_eq!((root.name.as_str(), root.uid, root.groups.contains(&0)), ("root", 0, true));
        assert_eq!(UserIdentity::named("no-such-user"), None);
        assert_eq!(group_of(&std::fs::metadata("/").unwrap()), "root");
        assert_eq!(UserIdentity::this_process().uid, geteuid().as_raw());
    }

    #[test]
    fn of_this_process_the_kernel_says_what_it_can() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let me = UserIdentity::this_process();
        for (mode, executable) in [(0o600, false), (0o700, true)] {
            file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
            let meta = file.as_file().metadata().unwrap();
            assert!(me.can(Access::Read, file.path(), &meta));
            // Root may read every file, but runs only those that somebody may run.
            assert_eq!(me.can(Access::Execute, file.path(), &meta), executable, "{mode:o}");
        }
    }

    #[test]
    fn the_first_class_that_applies_decides() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let meta = |mode| {
            file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
            file.as_file().metadata().unwrap()
        };
        let (uid, gid) = (meta(0o600).uid(), meta(0o600).gid());
        let user = |uid, groups: &[u32]| UserIdentity {
            name: String::new(),
            uid,
            groups: groups.to_vec(),
            is_own: false,
        };
        let (other, member, root) =
            (user(uid + 77, &[gid + 77]), user(uid + 77, &[gid]), user(0, &[]));
        for (mode, user, access, permits) in [
            (0o640, &other, Access::Read, false),
            (0o644, &other, Access::Read, true),
            (0o640, &member, Access::Read, true),
            (0o640, &member, Access::Write, false),
            (0o607, &member, Access::Write, false),
            (0o000, &root, Access::Write, true),
        ] {
            assert_eq!(user.permits(access, &meta(mode)), permits, "{mode:o} {access:?}");
        }
    }
}
