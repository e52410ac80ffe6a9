//! Checks that the files, links, tests, types and recipes that the pages for developers name exist,
//! and the files that comments name.

use std::path::{Path, PathBuf};

use crate::docs::page;

const PAGES: [&str; 11] = [
    "src/lib.rs",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/performance.md",
    "docs/operators-guide.md",
    "docs/hardware-guide.md",
    "docs/postgresql.md",
    "docs/threat-model.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The texts between backticks outside of blocks.
fn spans(page: &str) -> impl Iterator<Item = &str> {
    let lines = page.lines().filter(|line| !line.starts_with("    "));
    lines.flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Where the links of a page lead to, without those to other sites and within the page.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.map(|target| target.split('#').next().unwrap_or_default());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

/// A file or folder of this tree, from its root or from `src/`; `NAME` and `*` stand for anything.
fn is_path(span: &str) -> bool {
    let first = span.split('/').next().unwrap_or_default();
    let is_plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-*".contains(c));
    is_plain
        && !first.is_empty()
        && span.contains('/')
        && (root().join(first).is_dir() || root().join("src").join(first).is_dir())
}

fn exists(path: &str) -> bool {
    let found =
        |base: PathBuf| glob::glob(&base.join(path.replace("NAME", "*")).display().to_string());
    [root().to_owned(), root().join("src")]
        .into_iter()
        .any(|base| found(base).is_ok_and(|mut all| all.next().is_some()))
}

/// The name of a test: a sentence with underscores.
fn is_test(span: &str) -> bool {
    span.matches('_').count() >= 4
        && span.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A type by its path, such as `domain::Order`: its module and its name.
fn type_name(span: &str) -> Option<(&str, &str)> {
    let (module, rest) = span.split_once("::")?;
    let name = rest.rsplit("::").next()?;
    let is_plain = span.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    (is_plain && name.starts_with(|c: char| c.is_ascii_uppercase())).then_some((module, name))
}

/// All Rust in a folder, as text.
fn rust_in(folder: &str) -> String {
    let pattern = root().join(folder).join("**/*.rs").display().to_string();
    let paths = glob::glob(&pattern).unwrap();
    paths.map(|path| std::fs::read_to_string(path.unwrap()).unwrap()).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}

#[test]
fn files_tests_types_and_recipes_that_pages_name_are_there() {
    let (rust, recipes) = (rust_in("src") + &rust_in("tests"), page("justfile"));
    let mut faults = Vec::new();
    for name in PAGES {
        let text = page(name);
        let folder = Path::new(name).parent().unwrap();
        let mut expect = |is_there: bool, what: &str| {
            faults.extend((!is_there).then(|| format!("{name}: {what}")))
        };
        for link in links(&text) {
            expect(root().join(folder).join(link).exists(), link);
        }
        for span in spans(&text) {
            if let Some(recipe) = span.strip_prefix("just ").and_then(|rest| rest.split(' ').next())
            {
                let starts = [format!("\n{recipe}:"), format!("\n{recipe} *")];
                expect(starts.iter().any(|start| recipes.contains(start)), span);
            } else if is_path(span) {
                expect(exists(span), span);
            } else if is_test(span) {
                expect(rust.contains(&format!("fn {span}(")), span);
            } else if let Some((module, name)) = type_name(span) {
                expect(has_word(&rust_in(&format!("src/{module}")), name), span);
            }
        }
    }
    assert!(faults.is_empty(), "these are not there: {faults:#?}");
}

/// The Rust files that a line names if it is a comment, such as `store/writer.rs`.
fn files_in_comment(line: &str) -> impl Iterator<Item = &str> {
    let comment = line.trim_start().strip_prefix("//").unwrap_or_default();
    let words = comment.split(|c: char| !c.is_ascii_alphanumeric() && !"/._".contains(c));
    words.map(|word| word.trim_matches('.')).filter(|word| word.ends_with(".rs"))
}

/// Whether a Rust file is there: beside the file `from` that names it, below that file's folder, or
/// from `src/` or the root.
fn is_file_for(from: &Path, name: &str) -> bool {
    let beside = from.parent().unwrap();
    let below = beside.join("**").join(name).display().to_string();
    exists(name) || glob::glob(&below).unwrap().next().is_some()
}

#[test]
fn rust_files_that_comments_name_are_there() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        let pattern = root().join(folder).join("**/*.rs").display().to_string();
        for path in glob::glob(&pattern).unwrap().map(Result::unwrap) {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.lines().flat_map(files_in_comment);
            let missing = names.filter(|name| !is_file_for(&path, name));
            faults.extend(missing.map(|name| format!("{}: {name}", path.display())));
        }
    }
    assert!(faults.is_empty(), "these are not there: {faults:#?}");
}

/// What a command that runs a part of the suite filters its tests by.
fn suite_filters(line: &str) -> impl Iterator<Item = &str> {
    let filters = line.split_once("--test suite -- ").map_or("", |(_, filters)| filters);
    filters.split_whitespace().filter(|filter| filter.contains("::"))
}

#[test]
fn modules_that_recipes_and_ci_filter_the_suite_by_are_there() {
    let modules = page("tests/suite/main.rs");
    let commands = page("justfile") + &page(".ci/run");
    let mut filters: Vec<_> = commands.lines().flat_map(suite_filters).collect();
    assert!(!filters.is_empty());
    filters.retain(|filter| {
        let module = filter.split("::").next().unwrap_or_default();
        !modules.contains(&format!("\nmod {module};"))
    });
    assert!(filters.is_empty(), "these are no modules of tests/suite/main.rs: {filters:?}");
}

#[test]
fn what_looks_like_a_file_a_test_or_a_link_is_taken_for_one() {
    let text = "See [this](docs/x.md#y), [that](https://example.org) and [here](#z), \
                `src/lib.rs` or `just ci`.";
    assert_eq!(links(text).collect::<Vec<_>>(), ["docs/x.md"]);
    assert_eq!(spans(text).collect::<Vec<_>>(), ["src/lib.rs", "just ci"]);
    assert!(
        is_path("src/lib.rs")
            && is_path("store/writer.rs")
            && !is_path("/tmp/rack")
            && !is_path("N/A")
    );
    assert!(exists("hardware/modems/NAME.toml") && !exists("src/nothing.rs"));
    assert_eq!(type_name("domain::bank::SwitchRecord"), Some(("domain", "SwitchRecord")));
    assert_eq!(type_name("codec::agreement"), None);
    assert_eq!(
        files_in_comment("    /// (see `a/b.rs`, c.rs.)").collect::<Vec<_>>(),
        ["a/b.rs", "c.rs"]
    );
    assert_eq!(suite_filters("cargo test --test suite -- a:: b").collect::<Vec<_>>(), ["a::"]);
    assert!(is_test("the_same_tpdu_read_twice_is_one_message") && !is_test("max_open_per_account"));
}
