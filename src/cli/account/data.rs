//! `account export` and `account erase`: what is kept of a customer, for that person.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::cli::print::{self, Progress};
use crate::http::{AdminClient, path_segment};
use crate::store::NewFile;

/// Prints all that is kept of an account, or writes it into a new file.
pub(super) async fn export(
    client: &AdminClient,
    account: &str,
    output: Option<PathBuf>,
    json: bool,
) -> anyhow::Result<()> {
    let path = format!("/accounts/{}/export", path_segment(account));
    let Some(file) = output else {
        let mut kept = Vec::new();
        return receive(client, &path, |data| {
            // A piece of the object has a line to itself.
            kept.extend_from_slice(data);
            let whole = kept.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let lines: Vec<u8> = kept.drain(..whole).collect();
            print::json_text(&String::from_utf8_lossy(&lines))
        })
        .await
        .map(drop);
    };
    if file.symlink_metadata().is_ok() {
        bail!("{} already exists; choose another name", file.display());
    }
    let bytes = save(client, &path, &file).await?;
    let made = json!({ "file": file.display().to_string(), "bytes": bytes });
    print::object(json, &made, &["file", "bytes"])
}

async fn save(client: &AdminClient, path: &str, file: &Path) -> anyhow::Result<u64> {
    let cannot = || format!("cannot write {}", file.display());
    let mut new = NewFile::create(file).with_context(cannot)?;
    let write = |data: &[u8]| new.write_all(data).with_context(cannot);
    let bytes = receive(client, path, write).await?;
    new.publish(file).with_context(cannot)?;
    Ok(bytes)
}

/// Gives `take` what the daemon sends. Returns how many bytes that was.
async fn receive(
    client: &AdminClient,
    path: &str,
    mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let (mut body, mut bytes) = (client.chunks(path).await?, 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the daemon broke the export off; nothing of it is complete")?;
        let Some(data) = frame.data_ref() else { continue };
        take(data)?;
        bytes += u64::try_from(data.len())?;
    }
    Ok(bytes)
}

/// Erases what is personal of an account, and tells where some of it still stands.
pub(super) async fn erase(
    client: &AdminClient,
    account: &str,
    copies: bool,
    json: bool,
) -> anyhow::Result<()> {
    let path = format!("/accounts/{}/erasure", path_segment(account));
    let progress = Progress::begin();
    progress.show("the daemon is erasing …");
    let erased = client.post(&path, json!({ "copies": copies })).await?;
    drop(progress);
    if json {
        return print::json(&erased);
    }
    let account = erased.get("account").cloned().unwrap_or_default();
    print::object(json, &account, &["id", "name", "erased_at"])?;
    for copy in erased.get("copies").and_then(Value::as_array).into_iter().flatten() {
        let copy = copy.as_str().unwrap_or_default();
        print::complain(format_args!(
            "note: all of it still stands in {copy}, which was made before an upgrade; `--copies` \
             removes it"
        ));
    }
    if erased.get("overwritten") != Some(&Value::Bool(true)) {
        print::complain(
            "note: the write-ahead log could not be emptied; what was erased stands there until \
             its next checkpoint",
        );
    }
    print::complain("note: your backups still have all of it");
    Ok(())
}
