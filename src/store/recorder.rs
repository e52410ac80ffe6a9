//! Records the text of each statement that the tests carry out, many of which are put together, so
//! that `.ci/postgres-statements` can show that PostgreSQL takes them all. The release build has no
//! recorder.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use parking_lot::Mutex;

/// Names the folder with a file for each text. Without it nothing is recorded.
const FOLDER: &str = "SIMBRIDGE_RECORD_STATEMENTS";

static RECORDER: LazyLock<Option<Recorder>> = LazyLock::new(|| {
    let folder = std::env::var_os(FOLDER)?.into();
    Some(Recorder { folder, known: Mutex::default() })
});

struct Recorder {
    folder: PathBuf,
    /// The hashes of the texts that this process has recorded.
    known: Mutex<HashSet<u64>>,
}

/// Records a statement's text, unless that has been done.
pub(super) fn record(sql: &str) {
    if let Some(recorder) = &*RECORDER {
        recorder.record(sql);
    }
}

impl Recorder {
    fn record(&self, sql: &str) {
        let mut hasher = DefaultHasher::new();
        sql.hash(&mut hasher);
        let hash = hasher.finish();
        // Whatever keeps a file from being written, the check notices that texts are missing.
        if self.known.lock().insert(hash) {
            let _ = write(&self.folder, hash, sql);
        }
    }
}

/// Writes a text in one step: other processes of the tests may write the same at the same time.
fn write(folder: &Path, hash: u64, sql: &str) -> std::io::Result<()> {
    let unfinished = folder.join(format!("{hash:016x}.{}", std::process::id()));
    std::fs::write(&unfinished, sql)?;
    std::fs::rename(unfinished, folder.join(format!("{hash:016x}.sql")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_recorded_once() {
        let dir = tempfile::tempdir().unwrap();
        let recorder = || Recorder { folder: dir.path().to_owned(), known: Mutex::default() };
        let (one, other) = (recorder(), recorder());
        for recorder in [&one, &one, &other] {
            recorder.record("SELECT 1");
            recorder.record("SELECT 2");
        }
        let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
        let mut texts: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        texts.sort();
        assert_eq!(texts, ["SELECT 1", "SELECT 2"]);
    }
}
