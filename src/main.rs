//! The `simbridge` program; everything it does is in the library.

use std::path::PathBuf;
use std::sync::Arc;

use simbridge::simulator::{RackConfig, Scenario, control, simulate};

/// A stand-in until the real command line is here: only what tries the simulator.
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| words.iter().position(|w| w == name).and_then(|at| words.get(at + 1)).cloned();
    let dir = PathBuf::from(option("--dir").unwrap_or_default());
    if words.get(1).is_some_and(|word| word == "send") {
        let text = words.last().cloned().unwrap_or_default();
        let receipt =
            control::send(&dir, &option("--from").unwrap_or_default(), &option("--to").unwrap_or_default(), &text)
                .await?;
        println!("{receipt:?}");
        return Ok(());
    }
    let scenario = match option("--scenario") {
        Some(file) => Some(Scenario::parse(&std::fs::read_to_string(file)?)?),
        None => None,
    };
    #[expect(clippy::disallowed_methods, reason = "the outermost room")]
    let clock = Arc::new(chrono::Utc::now);
    let modems = option("--modems").and_then(|n| n.parse().ok()).unwrap_or(8);
    Ok(simulate(RackConfig { dir, modems, clock, scenario }, &mut std::io::stdout()).await?)
}
