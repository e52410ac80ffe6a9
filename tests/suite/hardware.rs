//! The operator's own hardware files.

use simbridge::simulator::{Fault, Scenario};

use crate::support::{Site, wait_for};

/// A profile of a model whose ICCID can only be read by a command of its own.
const SCENARIO: &str = r##"
[[modem]]
[[modem]]
manufacturer = "Acme"
model = "M1"
[modem.replies]
"+CCID" = "ERROR"
"+QCCID" = "ERROR"
"+ICCID" = "ERROR"
"+CICCID" = "ERROR"
"^ICCID?" = "ERROR"
"#CCID" = "ERROR"
"!ICCID?" = "ERROR"
"+CRSM=176,12258,0,0,10" = "ERROR"
"+XSIM?" = "+XSIM: {iccid}"
"##;

const PROFILE: &str = r##"
name = "Acme M1"
sources = ["made up"]
manufacturer = ["Acme"]
model = ["M1"]
iccid = ["AT+XSIM?"]
"##;

#[test]
fn a_made_up_model_takes_one_file_and_no_restart_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = format!("[hardware]\nfolder = \"{}\"\n", folder.path().display());
    let site = Site::with(2, Scenario::parse(SCENARIO).unwrap(), &configuration);
    let _daemon = site.serve();
    let state = |modem: usize| {
        site.admin("/modems")[modem]["state"].as_str().unwrap_or_default().to_owned()
    };
    wait_for("the first to be Ready", || state(0) == "Ready");
    let says = |words: &str| {
        site.admin("/modems")[1]["reason"].as_str().is_some_and(|reason| reason.contains(words))
    };
    wait_for("the second's trouble to be shown", || says("ICCID"));
    let since = site.admin("/modems")[0]["since"].clone();

    std::fs::create_dir(folder.path().join("modems")).unwrap();
    std::fs::write(folder.path().join("modems/acme.toml"), PROFILE).unwrap();
    site.network().fault(1, &Fault::PortGone { back_after_ms: Some(200) }).unwrap();
    wait_for("the second to be Ready", || state(1) == "Ready");
    assert_eq!(site.admin("/modems")[0]["since"], since);
}

#[test]
fn modemmanager_is_kept_off_every_family_of_usb_modems() {
    let rules = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/hardware/udev/78-simbridge.rules"
    ))
    .unwrap();
    for maker in ["Quectel", "SIMCom", "Huawei", "ZTE", "Telit", "Cinterion", "Sierra", "u-blox"] {
        let lines: Vec<&str> = rules.lines().collect();
        let named = lines
            .iter()
            .position(|line| line.starts_with("# ") && line.contains(maker) && !line.contains('.'));
        let rule = lines[named.unwrap_or_else(|| panic!("no rule for {maker}")) + 1];
        assert!(
            rule.starts_with("ATTR{idVendor}==\"")
                && rule.ends_with("ENV{ID_MM_DEVICE_IGNORE}=\"1\""),
            "{rule}"
        );
    }
}

#[test]
fn check_names_the_faults_of_the_operators_files_and_unknown_profiles() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("modems")).unwrap();
    std::fs::write(folder.path().join("modems/bad.toml"), PROFILE.replace("iccid", "icid"))
        .unwrap();
    let configuration = format!("[hardware]\nfolder = \"{}\"\n", folder.path().display());
    let site = Site::with(1, Scenario::default(), &configuration);
    let output = site.run(&["check"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        !output.status.success()
            && said.contains("bad.toml:6:")
            && said.contains("did you mean `iccid`?"),
        "{said}"
    );
    std::fs::remove_file(folder.path().join("modems/bad.toml")).unwrap();
    site.ok(&["check"]);
    let with_profile =
        format!("{configuration}[[modem]]\nport = \"/dev/null\"\nprofile = \"acme\"\n");
    let site = Site::with(1, Scenario::default(), &with_profile);
    let said = String::from_utf8(site.run(&["check"]).stdout).unwrap();
    assert!(said.contains("there is no profile \"acme\""), "{said}");
}
