//! The layers: which top-level module may import which, and where SQL text and AT commands may
//! stand.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module and the modules that it may name in `crate::…`: the table "Modules" in
/// `ARCHITECTURE.md`, where `all` may stand for the list, or `all but` one. `main.rs` sees
/// everything.
fn layers() -> Vec<(String, Vec<String>)> {
    let page = crate::docs::page("ARCHITECTURE.md");
    let table = page.split("\n## Modules\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let rows: Vec<(String, &str)> = (table.lines())
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, module, _, imports, _] = cells[..] else { return None };
            Some((module.strip_prefix('`')?.strip_suffix('`')?.to_owned(), imports))
        })
        .collect();
    let all: Vec<String> = rows.iter().map(|(module, _)| module.clone()).collect();
    let imported = |imports: &str| -> Vec<String> {
        let named: Vec<String> = names(imports);
        if imports.starts_with("all") {
            all.iter().filter(|module| !named.contains(module)).cloned().collect()
        } else {
            named
        }
    };
    rows.iter().map(|(module, imports)| (module.clone(), imported(imports))).collect()
}

/// Words that begin an SQL statement, as they stand inside a string literal.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT INTO",
    "UPDATE ",
    "DELETE FROM",
    "CREATE TABLE",
    "CREATE INDEX",
    "PRAGMA ",
    "BEGIN IMMEDIATE",
    "SAVEPOINT ",
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of `src` with its top-level module; `main.rs` and `lib.rs` are in none.
pub fn files() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    paths
        .into_iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(&src).unwrap().to_path_buf();
            let first = inside.components().next()?.as_os_str().to_str()?.to_owned();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (module != "main" && module != "lib").then_some((module, inside, text))
        })
        .collect()
}

/// The modules that a text names after `crate::`, be it in a `use` (also a braced one) or in a
/// path; comments do not count.
fn named_modules(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut modules = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let heads: Vec<&str> = match rest.strip_prefix('{') {
            Some(braced) => braced.split('}').next().unwrap_or("").split(',').collect(),
            None => vec![rest],
        };
        for head in heads {
            let word: String = head
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            modules.push(word);
        }
    }
    modules
}

#[test]
fn imports_point_only_downwards() {
    let layers = layers();
    let mut faults = Vec::new();
    for (module, path, text) in files() {
        let Some((_, allowed)) = layers.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{}: ARCHITECTURE.md has no `{module}`", path.display()));
            continue;
        };
        // Fixtures take the defaults of the configuration, and the daemon's own clock, from where
        // they are defined.
        let text = if is_test_module(&path) {
            text.replace("crate::daemon::config::Config", "")
                .replace("crate::daemon::monotonic_clock::MonotonicClock", "")
        } else {
            text
        };
        for named in named_modules(&text) {
            let is_module = layers.iter().any(|(name, _)| *name == named);
            if is_module && named != module && !allowed.contains(&named) {
                faults.push(format!("{}: `{module}` must not import `{named}`", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether a file is compiled for tests only.
fn is_test_module(path: &Path) -> bool {
    path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

#[test]
fn the_table_of_modules_is_read_with_its_exceptions() {
    let layers = layers();
    let imports = |name: &str| {
        layers.iter().find(|(module, _)| module == name).map(|(_, imports)| imports.as_slice())
    };
    assert_eq!(imports("cli").unwrap().len(), layers.len());
    assert_eq!(imports("daemon").unwrap().len(), layers.len() - 1);
    assert_eq!(imports("store").unwrap(), ["domain"]);
    assert!(imports("domain").unwrap().is_empty());
    let existing: HashSet<String> = files().into_iter().map(|(module, _, _)| module).collect();
    assert_eq!(existing, layers.iter().map(|(module, _)| module.clone()).collect());
}

#[test]
fn a_braced_import_and_a_path_are_both_seen() {
    let text = "use crate::{store, sms::Deliver};\n// crate::http\nfn f() { crate::at::x() }";
    assert_eq!(named_modules(text), ["store", "sms", "at"]);
}

#[test]
fn sql_stands_only_in_store() {
    let mut faults = Vec::new();
    for (module, path, text) in files() {
        if module == "store" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//")
                && code.contains('"')
                && SQL.iter().any(|word| code.contains(word))
            {
                faults.push(format!("{}:{}: SQL outside store", path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn at_commands_stand_only_where_the_wire_is() {
    let mut faults = Vec::new();
    for (module, path, text) in files() {
        // Tests of pages send commands as an operator types them.
        let is_test = path.iter().any(|part| part == "tests");
        if is_test || matches!(module.as_str(), "at" | "modem" | "bank" | "simulator") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//")
                && (code.contains("\"AT+") || code.contains("\"AT\\") || code.contains("\"AT^"))
            {
                faults.push(format!(
                    "{}:{}: an AT command outside at, modem, bank, simulator",
                    path.display(),
                    number + 1
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_of_the_pure_modules_reads_a_clock_or_logs() {
    let mut faults = Vec::new();
    for (module, path, text) in files() {
        if !matches!(module.as_str(), "domain" | "at" | "sms" | "modem" | "bank" | "wire") {
            continue;
        }
        for word in [
            "async fn",
            "Instant::now",
            "Utc::now",
            "SystemTime::now",
            "tracing::",
            "getrandom",
            "println!",
        ] {
            let used = text.lines().any(|l| !l.trim_start().starts_with("//") && l.contains(word));
            if used {
                faults.push(format!("{}: `{word}` in a pure module", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The first word of what follows a keyword at the beginning of a line.
fn word_after<'l>(line: &'l str, keywords: &[&str]) -> Option<&'l str> {
    let rest = keywords.iter().find_map(|keyword| line.strip_prefix(keyword))?;
    let word = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next();
    word.filter(|word| !word.is_empty())
}

/// The public items and methods of a source file that have no doc comment, each with its line.
fn undocumented(text: &str) -> Vec<(usize, &str)> {
    let types = ["pub struct ", "pub enum ", "pub trait "];
    let items = ["pub const fn ", "pub async fn ", "pub fn ", "pub type ", "pub const "];
    let lines: Vec<&str> = text.lines().collect();
    let public: HashSet<&str> = lines.iter().filter_map(|line| word_after(line, &types)).collect();
    let mut found = Vec::new();
    let (mut in_public_type, mut is_documented) = (false, false);
    for (number, line) in lines.iter().enumerate() {
        let indented = line.strip_prefix("    ").filter(|_| in_public_type);
        let named = word_after(line, &types)
            .or_else(|| word_after(line, &items))
            .or_else(|| word_after(indented.unwrap_or_default(), &items));
        if let Some(name) = named.filter(|_| !is_documented) {
            found.push((number + 1, name));
        }
        if let Some(name) = word_after(line, &["impl "]) {
            in_public_type = public.contains(name);
        } else if line.starts_with('}') {
            in_public_type = false;
        }
        // Attributes, some of several lines, may be between the comment and the item.
        is_documented = line.trim_start().starts_with("///")
            || is_documented && !line.is_empty() && !line.ends_with(['{', '}', ';']);
    }
    found
}

#[test]
fn every_public_item_is_documented() {
    let faults: Vec<String> = (files().iter())
        .filter(|(_, path, _)| !is_test_module(path))
        .flat_map(|(_, path, text)| {
            let found = undocumented(text).into_iter();
            found.map(|(line, name)| format!("{}:{line}: {name}", path.display()))
        })
        .collect();
    assert!(faults.is_empty(), "public without a doc comment:\n{}", faults.join("\n"));
}

#[test]
fn an_item_without_a_doc_comment_is_found() {
    let text = "/// Good.\n#[expect(\n    dead_code\n)]\npub struct Good {\n    pub field: u8,\n\
                }\n\npub fn bad() {}\n\nimpl Good {\n    /// Fine.\n    pub fn fine() {}\n\n    \
                pub fn worse() {}\n}\n\nimpl Private {\n    pub fn private() {}\n}\n\n\
                mod inner {\n    pub const C: u8 = 1;\n}\n";
    assert_eq!(undocumented(text), [(9, "bad"), (15, "worse")]);
}

/// What writes to standard output or standard error. The log has a writer of its own.
const OUTPUTS: &[&str] = &["println!", "print!(", "io::stdout()", "io::stderr()"];

#[test]
fn commands_print_in_one_place() {
    let mut faults = Vec::new();
    for (module, path, text) in files() {
        // The screen's size is asked of standard output; the simulator is given it as a writer, for
        // the paths of its ports.
        let may = ["cli/print.rs", "cli/screen.rs", "cli/simulate.rs"];
        if module != "cli" || path.to_str().is_some_and(|path| may.contains(&path)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if !line.trim_start().starts_with("//") && OUTPUTS.iter().any(|out| line.contains(out))
            {
                faults.push(format!("{}:{}: prints by itself", path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
