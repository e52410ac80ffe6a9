//! The `simbridge` program; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    simbridge::cli::main()
}
