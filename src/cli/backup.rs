//! `backup`: copies the daemon's database into a file.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use http_body_util::BodyExt;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::http::AdminClient;

use super::print::{self, Progress};

const FIELDS: &[&str] = &["file", "bytes", "sha256"];

/// Copies the database into `file`, and writes its SHA-256 beside it for `sha256sum --check`.
pub(super) async fn run(client: &AdminClient, file: &Path, json: bool) -> anyhow::Result<()> {
    let file = std::path::absolute(file)?;
    if file.symlink_metadata().is_ok() {
        bail!("{} exists already; a backup overwrites nothing", file.display());
    }
    // A half-written file must not look like a backup.
    let unfinished = with_ending(&file, ".unfinished");
    let received = receive(client, &unfinished).await;
    if received.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    let (bytes, digest) = received?;
    renameat_with(CWD, &unfinished, CWD, &file, RenameFlags::NOREPLACE).with_context(|| {
        format!("cannot rename the backup {} to {}", unfinished.display(), file.display())
    })?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    std::fs::write(with_ending(&file, ".sha256"), format!("{digest}  {name}\n"))
        .context("the backup is made, but its checksum could not be written beside it")?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .context("cannot sync the folder to disk")?;
    let made = json!({ "file": file, "bytes": bytes, "sha256": digest });
    print::object(json, &made, FIELDS)
}

/// Writes the copy into a new file and to disk. Returns its length and SHA-256.
async fn receive(client: &AdminClient, into: &Path) -> anyhow::Result<(u64, String)> {
    let progress = Progress::begin();
    progress.show("the daemon is copying the database …");
    let (length, mut body) = client.stream("/backup").await?;
    let cannot = || format!("cannot write {}", into.display());
    let _ = std::fs::remove_file(into);
    let mut file =
        File::options().write(true).create_new(true).mode(0o600).open(into).with_context(cannot)?;
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the daemon hung up")?;
        let Some(data) = frame.data_ref() else { continue };
        file.write_all(data).with_context(cannot)?;
        hasher.update(data);
        bytes += u64::try_from(data.len())?;
        progress.show(format_args!("{} of {} MB", bytes / 1_000_000, length / 1_000_000));
    }
    anyhow::ensure!(bytes == length, "the daemon sent {bytes} of {length} bytes");
    progress.show("writing to disk …");
    file.sync_all().with_context(cannot)?;
    Ok((bytes, hex::encode(hasher.finalize())))
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
