//! `backup`: copies the daemon's database into a file.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use http_body_util::BodyExt;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::daemon::system_sources;
use crate::http::AdminClient;
use crate::store::{NewFile, sync_folder_of};

use super::listing::ListQuery;
use super::print::{self, Progress};

const FIELDS: &[&str] = &["file", "bytes", "sha256"];

/// Copies the database into `file`, or into a new file in that folder, and writes its SHA-256
/// beside it for `sha256sum --check`.
pub(super) async fn run(client: &AdminClient, file: &Path, json: bool) -> anyhow::Result<()> {
    let mut file = std::path::absolute(file)?;
    if file.is_dir() {
        file.push(system_sources::utc_now().format("simbridge-%Y%m%d-%H%M%SZ.db").to_string());
    }
    if file.symlink_metadata().is_ok() {
        bail!("{} already exists; choose another name", file.display());
    }
    let (mut copy, bytes, digest) = receive(client, &file).await?;
    copy.publish(&file).with_context(|| format!("cannot save the backup as {}", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    std::fs::write(file.with_added_extension("sha256"), format!("{digest}  {name}\n"))
        .context("the backup is made, but its checksum could not be written beside it")?;
    sync_folder_of(&file).context("cannot sync the folder to disk")?;
    let made = json!({ "file": file, "bytes": bytes, "sha256": digest });
    print::object(json, &made, FIELDS)
}

/// Writes the copy into a new file. Returns it with its length and SHA-256.
async fn receive(client: &AdminClient, file: &Path) -> anyhow::Result<(NewFile, u64, String)> {
    let progress = Progress::begin();
    progress.show("the daemon is copying the database …");
    let cannot = || format!("cannot write {}", file.display());
    // Before the daemon is asked: it records that it sent a copy.
    let mut copy = NewFile::create(file).with_context(cannot)?;
    let query = ListQuery::default().with("file", Some(file.display()));
    let (length, mut body) = client.stream(&query.of("/backup")).await?;
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the daemon closed the connection")?;
        let Some(data) = frame.data_ref() else { continue };
        copy.write_all(data).with_context(cannot)?;
        hasher.update(data);
        bytes += u64::try_from(data.len())?;
        progress.show(format_args!("{} of {} MB", bytes / 1_000_000, length / 1_000_000));
    }
    anyhow::ensure!(bytes == length, "the daemon sent {bytes} of {length} bytes");
    progress.show("writing to disk …");
    Ok((copy, bytes, hex::encode(hasher.finalize())))
}
