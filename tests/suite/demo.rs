//! The README's first command, in its quick form.

use crate::support::Site;

#[test]
fn demo_once_plays_an_order_through() {
    let site = Site::with_modems(0);
    let said = site.ok(&["demo", "--once", "--modems", "3"]);
    for step in [
        "/api/makeorder?serviceId=1&country=NL  ->  ORDER_ID_1_NUMBER_06",
        "->  SUCCESS_Your Uber code is ",
        "->  24.50",
    ] {
        assert!(said.contains(step), "{step} is missing in:\n{said}");
    }
    assert!(said.ends_with("The code arrived, the ledger adds up, and the modem's store is empty.\n"), "{said}");
}
