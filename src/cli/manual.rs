//! Manual pages and shell completions, written from the commands' definitions when a package is
//! built.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap_complete::Shell;

/// Writes `*.1`, and what `bash`, `zsh` and `fish` complete by.
pub(super) fn write(folder: &Path, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command.clone(), folder)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "simbridge", folder)?;
    }
    Ok(ExitCode::SUCCESS)
}
