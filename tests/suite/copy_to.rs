//! `copy-to`, with the real program.

use serde_json::Value;

use crate::server::create_database;
use crate::support::Site;

/// What a command that fails says on standard error.
fn complaint(site: &Site, args: &[&str]) -> String {
    let output = site.run(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A site with a customer, whose daemon has ended.
fn site() -> (Site, String) {
    let site = Site::with_modems(0);
    let daemon = site.serve();
    site.customer("ann", "10");
    daemon.kill();
    let database = site.dir.path().join("simbridge.db").display().to_string();
    (site, database)
}

#[test]
fn what_cannot_be_copied_is_left_as_it_is() {
    let (site, database) = site();
    let said = complaint(&site, &["copy-to", &format!("{database}.copy")]);
    assert!(said.contains("by `simbridge backup`"), "{said}");
    let nobody = format!("postgres:///x?host={}&user=ann", site.dir.path().display());
    let said = complaint(&site, &["copy-to", &nobody]);
    let undone = format!(
        "simbridge: nothing was copied, and {database} is as it was: the database \
                          server is away: "
    );
    assert!(said.starts_with(&undone), "{said}");
    let said = complaint(&site, &["copy-to", &database, "--from", &nobody]);
    assert!(said.contains("it already exists; choose another name"), "{said}");
    let said = complaint(&site, &["copy-to", &nobody, "--from", "/no/such.db"]);
    assert!(said.contains("cannot open the database /no/such.db: No such file"), "{said}");
    drop(site.serve());
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_database_goes_to_a_server_and_back() {
    let (site, database) = site();
    let url = create_database("copied");
    let copied = site.json(&["copy-to", &url]);
    crate::json_output::assert_described("copy-to", &copied);
    assert_eq!(copied["put_aside"], format!("{database}.moved"));
    let output = site.run(&["serve"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("it was copied to a server"), "{said}");
    let back = site.json(&["copy-to", &database, "--from", &url]);
    crate::json_output::assert_described("copy-to", &back);
    assert_eq!((&back["rows"], &back["put_aside"]), (&copied["rows"], &Value::Null));
    let _daemon = site.serve();
    assert_eq!(site.json(&["verify"])["ok"], true);
    assert_eq!(site.json(&["account", "show", "ann"])["balance"], "10.00");
}
