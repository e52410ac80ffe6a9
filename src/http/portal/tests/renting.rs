//! Rentals.

use super::{done, refused, shows};
use crate::domain::RentalId;
use crate::domain::block_list::{BlockList, BlockRule};
use crate::gateway::{EndRefund, Settings};
use crate::http::web::tests::Stage;

#[tokio::test]
async fn a_number_is_rented_extended_and_not_renewed() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    shows(&customer, "/rentals", &["No rentals yet", "/rentals/new"]).await;
    let offers = ["1 month", "16.20 USD (15.00 EUR)", "Yes, rent it for 16.20 USD"];
    shows(&customer, "/rentals/new", &offers).await;
    let rent = "/rentals/new/NL/1m";
    refused(&customer, rent, &[("price", "1.00")], "This costs 16.20 USD now").await;
    refused(&customer, "/rentals/new/UK/1m", &[("price", "16.20")], "No number of this").await;
    let form = [("price", "16.20"), ("auto_renew", "yes")];
    let address = done(&customer, rent, &form).await;
    assert_eq!(address, "/rentals/1");
    stage.fixture.pass(5);
    for sim in [1, 2] {
        stage.fixture.sms(sim, "Friend", "=hello <b>").await;
    }
    let texts =
        ["The number is yours now.", "Active", "1 month for 16.20 USD", "=hello &lt;b&gt;", "8.30"];
    shows(&customer, &address, &texts).await;
    let none = customer.search("/rentals/1", &[("text", "other")]).await;
    assert!(none.text().contains("No message has this"), "{}", none.text());
    let none = none.text();
    assert!(!none.contains("hello"));
    let csv = shows(&customer, "/rentals/1/messages.csv", &["id,received_at,sender"]).await;
    assert!(csv.contains(",Friend,,'=hello <b>"), "{csv}");
    let extend = [("price", "16.20")];
    refused(&customer, "/rentals/1/extend/1m", &extend, "8.30 USD are free, this costs").await;
    done(&customer, "/rentals/1/renewal", &[("package", "3m")]).await;
    shows(&customer, &address, &["The rental is not renewed any more.", "none: it ends"]).await;
    shows(&customer, "/rentals", &["none: it ends then", "Active"]).await;
    let accounts = stage.fixture.gateway.accounts();
    let (account, more) = (stage.account.to_string(), crate::domain::Amount(5_000));
    accounts.top_up(account, more, "1".into()).await.unwrap();
    done(&customer, "/rentals/1/extend/1m", &[("price", "16.20"), ("request", "2")]).await;
    shows(&customer, &address, &["The rental runs for longer now.", "42.10 USD"]).await;
}

#[tokio::test]
async fn a_tenant_is_told_how_many_texts_were_withheld_and_what_was_given_back() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    let address = done(&customer, "/rentals/new/NL/1m", &[("price", "16.20")]).await;
    let page = shows(&customer, &address, &["On the air"]).await;
    assert!(!page.contains("withheld"), "{page}");
    let rule = BlockRule { name: "banks".into(), senders: vec![], texts: vec!["iban".into()] };
    let block_list = BlockList::new(&[rule]).unwrap();
    let settings = Settings { block_list, ..(*stage.fixture.gateway.settings()).clone() };
    stage.fixture.gateway.apply_settings(settings);
    stage.fixture.pass(5);
    for code in ["111111", "222222"] {
        for sim in [1, 2] {
            stage.fixture.sms(sim, "Bank", &format!("IBAN, login code {code}")).await;
        }
        stage.fixture.pass(5);
    }
    let page = shows(&customer, &address, &["2 texts were withheld: of a kind"]).await;
    assert!(!page.contains("111111") && !page.contains("login code"), "{page}");
    let rentals = stage.fixture.gateway.rentals();
    let reason = "the SIM is lost".to_owned();
    rentals.end_for_operator(RentalId(1), EndRefund::ProRata, reason).await.unwrap();
    let page = shows(&customer, &address, &["Given back", "the SIM is lost", "Ended"]).await;
    assert!(!page.contains("On the air"), "its SIM is not its own any more: {page}");
}
