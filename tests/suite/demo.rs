//! The README's first command, in its quick form.

use crate::support::Site;
use crate::support::privacy::Secret;

#[test]
fn demo_once_plays_an_order_through() {
    let site = Site::with_modems(0);
    let output = site.run(&["demo", "--once", "--modems", "3"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let text = said.split_once("SUCCESS_").and_then(|(_, rest)| rest.lines().next()).unwrap();
    site.secrets.add(Secret::Text(text.to_owned()));
    let logged = String::from_utf8(output.stderr).unwrap();
    assert_eq!(site.secrets.found_in(&logged, site.dir.path()), [""; 0], "{logged}");
    for step in [
        "/api/makeorder?serviceId=1&country=NL  ->  ORDER_ID_1_NUMBER_06",
        "->  SUCCESS_Your Uber code is ",
        "->  24.50",
    ] {
        assert!(said.contains(step), "{step} is missing in:\n{said}");
    }
    assert!(
        said.ends_with("The code arrived, the ledger adds up, and the modem's store is empty.\n"),
        "{said}"
    );
}
