//! The page about PostgreSQL: its commands are carried out, in its order.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::docs::page;
use crate::server::{socket_folder, use_database};
use crate::support::Site;

const PAGE: &str = "docs/postgresql.md";
const TOOLS: &str = "/usr/lib/postgresql/15/bin";

/// The commands in the page's blocks, whose programs are these.
fn commands() -> Vec<String> {
    let page = page(PAGE);
    let blocks = page.lines().filter(|line| line.starts_with("    ")).map(str::trim_start);
    let programs = ["simbridge", "createuser", "createdb", "pg_dump"];
    let program =
        |line: &&str| line.split_once(' ').is_some_and(|(word, _)| programs.contains(&word));
    blocks.filter(program).map(str::to_owned).collect()
}

/// Carries out a command of PostgreSQL as its administrator, on the server for tests. It has no
/// terminal, so that it reads a password, which it asks for twice, from its input.
fn run_tool(command: &str) {
    let path = format!("{TOOLS}:{}", std::env::var("PATH").unwrap());
    let mut tool = Command::new("setsid");
    tool.args(["--wait", "sh", "-c", command]).env("PATH", path).stdin(Stdio::piped());
    tool.env("PGHOST", socket_folder()).env("PGUSER", "postgres").current_dir("/");
    let mut running = tool.spawn().unwrap();
    running.stdin.take().unwrap().write_all(b"secret\nsecret\n").unwrap();
    assert!(running.wait().unwrap().success(), "{command}");
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn the_commands_of_the_page_are_carried_out_in_its_order() {
    let site = Site::with_modems(0);
    let daemon = site.serve();
    site.customer("ann", "10");
    daemon.terminate();
    let folder = site.dir.path().display().to_string();
    std::fs::write(Path::new(&folder).join("database.password"), "secret\n").unwrap();
    let name = format!("page_{}", std::process::id());
    let url = format!("postgres:///{name}?host={}&user={name}", socket_folder().display());
    let mut carried_out = Vec::new();
    for command in commands() {
        let here = command
            .replace("postgres://simbridge@db.example.org/simbridge", &url)
            .replace("/etc/simbridge", &folder)
            .replace("/var/lib/simbridge", &folder);
        let (program, args) = here.split_once(' ').unwrap();
        carried_out.push(program.to_owned());
        if program != "simbridge" {
            let of_here = format!("{program} {args} ")
                .replace("simbridge.dump", &format!("{folder}/simbridge.dump"))
                .replace("=simbridge ", &format!("={name} "))
                .replace(" simbridge ", &format!(" {name} "));
            run_tool(&of_here);
            continue;
        }
        site.ok(&args.split(' ').collect::<Vec<_>>());
        if args.contains("postgres:") {
            use_database(&site.config(), &url, "");
            let daemon = site.serve();
            assert_eq!(site.json(&["account", "show", "ann"])["balance"], "10.00");
            daemon.terminate();
        }
    }
    assert_eq!(carried_out, ["createuser", "createdb", "simbridge", "simbridge", "pg_dump"]);
    for file in ["back.db", "simbridge.dump"] {
        assert!(std::fs::metadata(Path::new(&folder).join(file)).unwrap().len() > 1_000, "{file}");
    }
}
